"""Calls the official Behest SDK once.

A JSON request comes on standard input, its JSON result goes to standard output:
keys never stand in the arguments of a process.
"""

import json
import sys

from behest import Behest
from behest.v1_5 import BehestError


def mint(behest, arguments):
    return vars(behest.auth.mint(**arguments))


def chat(behest, arguments):
    answer = behest.chat.completions.create(**arguments)
    return list(answer) if arguments.get("stream") else answer


CALLS = {"mint": mint, "chat": chat}


def main():
    request = json.load(sys.stdin)
    try:
        behest = Behest(**request["behest"])
        result = {"value": CALLS[request["call"]](behest, request["arguments"])}
    except BehestError as error:
        result = {
            "error": {
                "type": type(error).__name__,
                "status": error.status,
                "code": error.code,
                "trace_id": error.trace_id,
                "retry_after": getattr(error, "retry_after", None),
            }
        }
    json.dump(result, sys.stdout)


main()
