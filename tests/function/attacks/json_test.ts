/** Header and payload are JSON, read so that no two readers see two things (RFC 8725 section 3.7). */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assault, hmacOf, liveClaims, liveForgery, siege } from "../../support/attack.ts";
import { base64url, forge, signerOf } from "../../support/keys.ts";
import { say } from "../../support/wire.ts";

const ES256 = await signerOf("ES256");
const HEADER = { alg: "ES256", kid: ES256.kid, typ: "JWT" };

siege("JSON is read strictly, in header and payload", async function* () {
  const claims = JSON.stringify(liveClaims());
  const header = JSON.stringify(HEADER);
  const turned: Record<string, (text: string) => string> = {
    "no text": () => "",
    "null": () => "null",
    "an array": (text) => `[${text}]`,
    "text": (text) => JSON.stringify(text),
    "a byte order mark before": (text) => `\ufeff${text}`,
    "a NUL behind": (text) => `${text}\0`,
    "text behind": (text) => `${text}x`,
    "another object behind": (text) => `${text}{}`,
    "a trailing comma": (text) => text.replace(/}$/, ",}"),
    "a comment": (text) => text.replace("{", "{/**/"),
    "a line comment": (text) => `${text}//`,
    "single quotes": (text) => text.replaceAll('"', "'"),
    "names without quotes": (text) => text.replace(/"(alg|sub)"/, "$1"),
    "a control within text": (text) => text.replace("{", '{"x":"\u0001",'),
    "a newline within text": (text) => text.replace("{", '{"x":"\n",'),
    "an escape that is none": (text) => text.replace("{", '{"x":"\\x41",'),
    "half a pair of surrogates": (text) => text.replace("{", '{"x":"\\ud800",'),
    "NaN": (text) => text.replace("{", '{"x":NaN,'),
    "Infinity": (text) => text.replace("{", '{"x":-Infinity,'),
    "a number beyond a double": (text) => text.replace("{", '{"x":1e400,'),
    "a number in hex": (text) => text.replace("{", '{"x":0x1,'),
    "a number with a leading zero": (text) => text.replace("{", '{"x":01,'),
    "a number with a plus": (text) => text.replace("{", '{"x":+1,'),
    "a number without digits": (text) => text.replace("{", '{"x":.5,'),
    "nesting of 128": (text) => text.replace("{", `{"x":${nested(128)},`),
    "nesting of 129": (text) => text.replace("{", `{"x":${nested(129)},`),
    "nesting of 2000": (text) => text.replace("{", `{"x":${nested(2000)},`),
    "nesting of 5000 that never ends": (text) => text.replace("{", `{"x":${"[".repeat(5000)}`),
  };
  for (const [what, turn] of Object.entries(turned)) {
    yield [`header: ${what}`, await forge(ES256, turn(header), claims)];
    yield [`payload: ${what}`, await forge(ES256, HEADER, turn(claims))];
  }
});

siege("text that is no UTF-8 is refused, in header and payload", async function* () {
  const { secret } = await signerOf("HS256");
  const header = JSON.stringify({ alg: "HS256", typ: "JWT" });
  const turned: Record<string, (text: string) => Buffer> = {
    "a byte that is no UTF-8": (text) => Buffer.from(text.replace("{", '{"x":"\xff",'), "latin1"),
    "an overlong slash": (text) => Buffer.from(text.replace("{", '{"x":"\xc0\xaf",'), "latin1"),
    "half a pair": (text) => Buffer.from(text.replace("{", '{"x":"\xed\xa0\x80",'), "latin1"),
    "UTF-16": (text) => Buffer.from(text, "utf16le"),
    "UTF-16 with its mark": (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  };
  const token = (head: Uint8Array, payload: Uint8Array) => {
    const input = `${base64url(head)}.${base64url(payload)}`;
    return `${input}.${base64url(hmacOf(secret)(Buffer.from(input)))}`;
  };
  const claims = JSON.stringify(liveClaims());
  for (const [what, turn] of Object.entries(turned)) {
    yield [`header: ${what}`, token(turn(header), Buffer.from(claims))];
    yield [`payload: ${what}`, token(Buffer.from(header), turn(claims))];
  }
});

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

assault("nesting of 127 levels and a token of 16 KiB are served, and no more", async (target) => {
  for (const where of ["header", "payload"]) {
    const [header, claims] = [HEADER, liveClaims()].map((part) => JSON.stringify(part));
    for (const [depth, code] of [[126, "ok"], [127, "invalid_token"]] as const) {
      const deep = (text = "") => text.replace("{", `{"x":${nested(depth)},`);
      const token = where === "header"
        ? await forge(ES256, deep(header), claims)
        : await forge(ES256, HEADER, deep(claims));
      const what = `${depth + 1} levels in the ${where}`;
      if (code === "ok") await target.serve(what, { token });
      else await target.refuse(what, { token }, code);
    }
  }
  await target.serve("16 KiB", { token: await tokenOf(16 * 1024) });
  const over = { token: await tokenOf(16 * 1024 + 1) };
  await target.refuse("16 KiB and a byte", over, "invalid_token");
});

/** A good token of exactly so many bytes. */
async function tokenOf(length: number): Promise<string> {
  const { length: least } = await liveForgery(ES256, {}, liveClaims({ filler: "" }));
  const most = Math.floor((length - least) / 4) * 3 - 20;
  // Base64 skips every fourth length, so header and payload fill up together.
  for (let more = 0; more < 40; more++) {
    for (let f = 0; f < 4; f++) {
      const claims = liveClaims({ filler: "x".repeat(most + more) });
      const token = await liveForgery(ES256, { f: "x".repeat(f) }, claims);
      if (token.length === length) return token;
    }
  }
  throw new Error("no such token");
}

assault(
  "a token of a megabyte gets no further than the HTTP server, or our limit",
  async (target) => {
    const token = await liveForgery(ES256, {}, liveClaims({ filler: "x".repeat(1 << 20) }));
    const head =
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}`;
    const { statuses } = await say(target.url, [`${head}\r\n\r\n`]);
    assert.deepEqual(statuses.filter((status) => status < 400), []);
    assert.deepEqual(target.calls, []);
    await target.serve();
  },
);
