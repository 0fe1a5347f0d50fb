/** Raw requests against the running function, and a witness to what came of each. */
import assert from "node:assert/strict";
import type { Target } from "./attack.ts";
import { type Manner, say } from "./wire.ts";

/**
 * What may come: one of our codes, or `server` where the HTTP server itself refuses. Which of both
 * it is differs from one Deno to the next.
 */
export type Row = readonly [what: string, bytes: string, ...outcomes: string[]];

export const HOST = "Host: x\r\n";
const CLOSE = `${HOST}Connection: close\r\n`;

/** A whole request, whose headers and body are given. */
export function post(headers: string, body = "", first = "POST / HTTP/1.1"): string {
  return `${first}\r\n${CLOSE}${headers}\r\n${body}`;
}

/** Sends each row; no token comes, no upstream is called, and the next good request is served. */
export async function assail(target: Target, rows: Iterable<Row>, manner?: Manner): Promise<void> {
  for (const [what, bytes, ...outcomes] of rows) {
    const before = target.calls.length;
    const heard = await say(target.url, [bytes], manner);
    const { statuses, codes, text } = heard;
    const shown = `${what} → ${JSON.stringify({ statuses, codes })}`;
    assert.ok(statuses.every((status) => status >= 400), shown);
    assert.doesNotMatch(text, /"token"|eyJ/, shown);
    assert.equal(target.calls.length, before, `${shown}: no upstream is called`);
    const outcome = codes.length === 0 ? "server" : codes.join();
    assert.ok(outcomes.includes(outcome), `${shown}, not ${outcomes}`);
    if (outcome === "server") assert.ok(heard.closed || statuses.length > 0, `${shown}: no end`);
    await target.serve(`after ${what}`);
  }
}
