/** Bytes that no honest client sends (RFC 9110, RFC 9112), each on a connection of its own. */
import { assail, HOST, post } from "../../support/assail.ts";
import { assault } from "../../support/attack.ts";

assault(
  "an Authorization that is doubled, broken or no text is never half read",
  async (target) => {
    const good = `Authorization: Bearer ${target.good}\r\n`;
    const bearer = (value: string) => post(`Authorization: Bearer ${value}\r\n`);
    await assail(target, [
      ["the good one twice", post(good + good), "invalid_token"],
      ["good and bad", post(`${good}Authorization: Bearer a.b.c\r\n`), "invalid_token"],
      ["bad and good", post(`Authorization: Bearer a.b.c\r\n${good}`), "invalid_token"],
      ["good and empty", post(`${good}Authorization:\r\n`), "invalid_token"],
      ["good and of another scheme", post(`${good}Authorization: Basic eDp5\r\n`), "invalid_token"],
      ["of another scheme and good", post(`Authorization: Basic eDp5\r\n${good}`), "missing_token"],
      [
        "in two cases",
        post(good + good.replace("Authorization", "AUTHORIZATION")),
        "invalid_token",
      ],
      ["with a NUL behind", bearer(`${target.good}\0`), "server"],
      ["with a NUL within", bearer(target.good.replace(".", "\0.")), "server"],
      ["with a CR within", bearer(target.good.replace(".", "\r.")), "server"],
      ["with an LF within", bearer(target.good.replace(".", "\n.")), "server"],
      ["with a bell within", bearer(target.good.replace(".", "\x07.")), "server"],
      ["with DEL within", bearer(target.good.replace(".", "\x7f.")), "server"],
      [
        "folded (RFC 9112 section 5.2)",
        post(`Authorization: Bearer\r\n ${target.good}\r\n`),
        "server",
      ],
      ["folded within", bearer(target.good.replace(".", "\r\n .")), "server"],
      ["with a space before its colon", post(good.replace(":", " :")), "server"],
      ["with a space before its name", post(` ${good}`), "server", "missing_token"],
      ["with a name in quotes", post(`"Authorization": Bearer ${target.good}\r\n`), "server"],
      ["with a NUL in its name", post(good.replace("z", "z\0")), "server"],
      ["with an underscore", post(`Authorization_: Bearer ${target.good}\r\n`), "missing_token"],
      ["with a byte of Latin-1", bearer(`${target.good}\xe9`), "invalid_token", "server"],
      ["with bytes that are no UTF-8", bearer(`\xff\xfe${target.good}`), "invalid_token", "server"],
      ["with a no-break space", bearer(`${target.good}\xa0`), "invalid_token", "server"],
      ["with NEL", bearer(`${target.good}\x85`), "invalid_token", "server"],
      ["with a vertical tab", bearer(`\x0b${target.good}`), "server"],
      [
        "with a tab for a space",
        post(`Authorization: Bearer\t${target.good}\r\n`),
        "missing_token",
      ],
      ["of a megabyte", bearer("a".repeat(1 << 20)), "server", "invalid_token"],
      ["of a megabyte of dots", bearer(".".repeat(1 << 20)), "server", "invalid_token"],
      ["among a thousand headers", post("X: y\r\n".repeat(1000) + good), "server"],
      ["beside a megabyte", post(`X: ${"y".repeat(1 << 20)}\r\n${good}`), "server"],
      [
        "in a trailer",
        post(
          "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n",
          `0\r\n${good}\r\n`,
        ),
        "missing_token",
        "server",
      ],
      [
        "in a chunk extension",
        post(
          "Transfer-Encoding: chunked\r\n",
          `2;${good.trim()}\r\n{}\r\n0\r\n\r\n`,
        ),
        "missing_token",
        "server",
      ],
      [
        "in the target",
        post("", "", `POST /?Authorization=Bearer%20${target.good} HTTP/1.1`),
        "missing_token",
      ],
      [
        "in the target's credentials",
        post("", "", `POST http://x:${target.good}@x/ HTTP/1.1`),
        "missing_token",
        "server",
      ],
    ]);
  },
);

assault("an odd first line gets nothing that an even one would not", async (target) => {
  const line = (first: string, headers = "") => post(headers, "", first);
  const good = `Authorization: Bearer ${target.good}\r\n`;
  await assail(target, [
    ["HTTP/1.0", "POST / HTTP/1.0\r\n\r\n", "missing_token"],
    [
      "HTTP/1.0 with chunks",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "server",
    ],
    ["HTTP/0.9", "GET /\r\n\r\n", "server"],
    ["HTTP/1.2", line("POST / HTTP/1.2", good), "server"],
    ["HTTP/2.0 in words", line("POST / HTTP/2.0", good), "server"],
    ["HTTP/1.1 in lower case", line("POST / http/1.1", good), "server"],
    ["no version", line("POST /", good), "server"],
    [
      "HTTP/2's preface and no frames",
      `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${"x".repeat(500)}`,
      "server",
    ],
    ["TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "server"],
    ["absolute form", line("POST http://elsewhere.example/ HTTP/1.1"), "missing_token"],
    [
      "absolute form with credentials",
      line("POST http://a:b@elsewhere.example/ HTTP/1.1"),
      "missing_token",
      "server",
    ],
    ["another scheme", line("POST file:///etc/passwd HTTP/1.1"), "missing_token", "server"],
    ["asterisk form", line("POST * HTTP/1.1"), "missing_token", "server"],
    [
      "CONNECT",
      line("CONNECT elsewhere.example:443 HTTP/1.1", good),
      "method_not_allowed",
      "server",
    ],
    ["dots", line("POST /../../etc/passwd HTTP/1.1"), "missing_token"],
    ["encoded dots", line("POST /%2e%2e/%2e%2e/%00 HTTP/1.1"), "missing_token"],
    ["two slashes and a host", line("POST //elsewhere.example/ HTTP/1.1"), "missing_token"],
    ["a backslash", line("POST /\\elsewhere.example HTTP/1.1"), "missing_token", "server"],
    ["no slash", line("POST x HTTP/1.1"), "missing_token", "server"],
    ["no target", line("POST  HTTP/1.1", good), "server"],
    ["a space in the target", line("POST /a b HTTP/1.1", good), "server"],
    ["a NUL in the target", line("POST /\0 HTTP/1.1", good), "server"],
    ["bytes beyond ASCII in the target", line("POST /\xff HTTP/1.1"), "missing_token", "server"],
    ["a target of 60 KB", line(`POST /${"a".repeat(60_000)} HTTP/1.1`), "missing_token", "server"],
    ["a target of a megabyte", line(`POST /${"a".repeat(1 << 20)} HTTP/1.1`), "server"],
    ["a method in lower case", line("post / HTTP/1.1", good), "method_not_allowed"],
    ["a method of two cases", line("Post / HTTP/1.1", good), "method_not_allowed"],
    ["TRACE", line("TRACE / HTTP/1.1", good), "method_not_allowed", "server"],
    ["TRACK", line("TRACK / HTTP/1.1", good), "method_not_allowed"],
    ["PROPFIND", line("PROPFIND / HTTP/1.1", good), "method_not_allowed"],
    ["a method that nobody knows", line("POSTX / HTTP/1.1", good), "method_not_allowed"],
    ["a method of signs", line("P!#$ / HTTP/1.1", good), "method_not_allowed", "server"],
    ["a method with a NUL", line("PO\0ST / HTTP/1.1", good), "server"],
    [
      "a method of 100 KB",
      line(`${"A".repeat(100_000)} / HTTP/1.1`, good),
      "method_not_allowed",
      "server",
    ],
    ["no host", "POST / HTTP/1.1\r\nConnection: close\r\n\r\n", "missing_token"],
    ["two hosts", line("POST / HTTP/1.1", "Host: y\r\n"), "missing_token", "server"],
    [
      "a host that is none",
      `POST / HTTP/1.1\r\nConnection: close\r\nHost: a b@c/?#\r\n\r\n`,
      "missing_token",
      "server",
    ],
    [
      "a host of odd bytes",
      `POST / HTTP/1.1\r\nConnection: close\r\nHost: \xff\r\n\r\n`,
      "missing_token",
      "server",
    ],
    ["an empty line before", `\r\n\r\n${line("POST / HTTP/1.1")}`, "missing_token", "server"],
  ]);
  const upgrade = `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${
    btoa("x".repeat(16))
  }\r\n`;
  await assail(target, [
    [
      "a WebSocket",
      `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\n${upgrade}${good}\r\n`,
      "method_not_allowed",
    ],
  ], { enough: 1 });
});
