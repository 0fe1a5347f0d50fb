/** Lengths that lie, bodies that dawdle, and requests within requests (RFC 9112 sections 6, 7, 11.2). */
import assert from "node:assert/strict";
import { assail, HOST, post } from "../../support/assail.ts";
import { assault, liveClaims, liveForgery, type Target } from "../../support/attack.ts";
import { payloadOf, signerOf } from "../../support/keys.ts";
import { say } from "../../support/wire.ts";

assault("bodies that dawdle, lie or break get no token and hold up nobody", async (target) => {
  const good = `Authorization: Bearer ${target.good}\r\n`;
  const drops = function* (head: string, drop: string) {
    yield head;
    for (let count = 0; count < 60; count++) yield drop;
  };
  const nowAndThen = { pause: 500, enough: 1 };
  const slow = [
    say(target.url, drops(post(`Content-Length: 100\r\n${good}`), " "), nowAndThen),
    say(target.url, drops(post(`Transfer-Encoding: chunked\r\n${good}`), "1\r\n \r\n"), nowAndThen),
    say(target.url, [post(`Content-Length: 10\r\n${good}`, "{")], { enough: 1 }),
    say(target.url, [post(`Expect: 100-continue\r\nContent-Length: 10\r\n${good}`)], { enough: 1 }),
  ];
  // Some HTTP servers stop reading here, some go on: the request's time ends it either way.
  const trailers = post(
    `Transfer-Encoding: chunked\r\n${good}`,
    `0\r\nX: ${"b".repeat(1 << 20)}\r\n\r\n`,
  );
  const trailing = say(target.url, [trailers], { enough: 1 });
  let over = false;
  const all = Promise.all(slow).finally(() => over = true);
  await target.serve("while they wait");
  assert.ok(!over, "they do wait");
  await lyingLengths(target);
  await brokenChunks(target);
  const before = target.calls.length;
  for (const { codes, text } of await all) {
    assert.deepEqual(codes, ["invalid_request"], "in the ten seconds that a request has");
    assert.doesNotMatch(text, /eyJ/);
  }
  const { text } = await trailing;
  assert.doesNotMatch(text, /HTTP\/1.1 200|eyJ/);
  assert.equal(target.calls.length, before, "no upstream is called");
  await target.serve();
});

async function lyingLengths(target: Target): Promise<void> {
  const good = `Authorization: Bearer ${target.good}\r\n`;
  const length = (value: string, body = "{}") => post(`Content-Length: ${value}\r\n${good}`, body);
  await assail(target, [
    ["negative", length("-1"), "server"],
    ["with a plus", length("+2"), "server"],
    ["in hex", length("0x2"), "server"],
    ["a fraction", length("2.0"), "server"],
    ["an exponent", length("2e0"), "server"],
    ["no number", length("two"), "server"],
    ["empty", length(""), "server"],
    ["a list", length("2, 2"), "server"],
    ["beyond 64 bits", length("99999999999999999999999"), "server"],
    ["too short for the JSON", length("1"), "invalid_request"],
    [
      "none, before chunks",
      post(`Content-Length: 0\r\nTransfer-Encoding: chunked\r\n${good}`, "1\r\n{\r\n0\r\n\r\n"),
      "server",
      "invalid_request",
    ],
  ]);
  await assail(target, [
    ["63 bits", length("9223372036854775807"), "request_too_large"],
    ["a gigabyte", length("1073741824"), "request_too_large"],
    ["16 KiB and a byte, never sent", length("16385", ""), "request_too_large"],
    [
      "the same, with Expect",
      post(`Expect: 100-continue\r\nContent-Length: 16385\r\n${good}`),
      "request_too_large",
    ],
  ], { enough: 1 });
  await assail(target, [
    ["too long, then hung up", length("10"), "server", "invalid_request"],
    [
      "a chunk too long, then hung up",
      post(`Transfer-Encoding: chunked\r\n${good}`, "ff\r\n{}"),
      "server",
      "invalid_request",
    ],
  ], { hangUp: true });
}

async function brokenChunks(target: Target): Promise<void> {
  const good = `Authorization: Bearer ${target.good}\r\n`;
  const chunks = (body: string, coding = "chunked") =>
    post(`Transfer-Encoding: ${coding}\r\n${good}`, body);
  const bad = ["server", "invalid_request"];
  await assail(target, [
    ["a size in hex with 0x", chunks("0x2\r\n{}\r\n0\r\n\r\n"), ...bad],
    ["a negative size", chunks("-2\r\n{}\r\n0\r\n\r\n"), ...bad],
    ["a size beyond 64 bits", chunks("ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"), ...bad],
    ["a size that is no number", chunks("zz\r\n{}\r\n0\r\n\r\n"), ...bad],
    ["a chunk longer than its size", chunks("1\r\n{}\r\n0\r\n\r\n"), ...bad],
    ["a lone LF behind an extension", chunks("2;\n{}\r\n0\r\n\r\n"), ...bad],
    ["an extension of a megabyte", chunks(`2;a=${"b".repeat(1 << 20)}\r\n{}\r\n0\r\n\r\n`), ...bad],
    [
      "20 KiB in chunks of a byte",
      chunks("1\r\n \r\n".repeat(20_480)),
      "request_too_large",
      "server",
    ],
    ["another coding", chunks("0\r\n\r\n", "xchunked"), "server"],
    ["a coding behind chunked", chunks("0\r\n\r\n", "chunked, identity"), "server"],
    ["a vertical tab before it", chunks("0\r\n\r\n", "\x0bchunked"), "server"],
    [
      "identity",
      post(`Transfer-Encoding: identity\r\nContent-Length: 2\r\n${good}`, "{}"),
      "server",
    ],
    [
      "a space before the colon",
      post(`Transfer-Encoding : chunked\r\n${good}`, "0\r\n\r\n"),
      "server",
    ],
  ], { enough: 1 });
}

/** Two users of the project. */
async function twoTokens(): Promise<[string, string]> {
  const es256 = await signerOf("ES256");
  const of = (sub: string) => liveForgery(es256, {}, liveClaims({ sub }));
  return [await of("user-a"), await of("user-b")];
}

/** Whose tokens came. */
function uidsIn(text: string): unknown[] {
  return [...text.matchAll(/"token":"([^"]+)"/g)].map(([, token = ""]) => payloadOf(token).uid);
}

assault("requests on one connection are each judged by their own headers", async (target) => {
  const [a, b] = await twoTokens();
  const one = (authorization: string, more = "") =>
    `POST / HTTP/1.1\r\n${HOST}${authorization}${more}\r\n`;
  const bearer = (token: string) => `Authorization: Bearer ${token}\r\n`;
  const { statuses, codes, text } = await say(target.url, [
    one(bearer(a)) + one("") + one(bearer(b)) + one(bearer("a.b.c")) + one("") +
    one(bearer(a)) + one("", "Connection: close\r\n"),
  ]);
  assert.deepEqual(statuses, [200, 401, 200, 401, 401, 200, 401]);
  assert.deepEqual(codes, ["missing_token", "invalid_token", "missing_token", "missing_token"]);
  assert.deepEqual(uidsIn(text), ["user-a", "user-b", "user-a"]);
});

/** How an outer request can hide an inner one from one of two servers in a row. */
const FRAMES: Record<string, (inner: string) => [headers: string, body: string]> = {
  "CL.TE": (inner) => [
    `Content-Length: ${inner.length + 5}\r\nTransfer-Encoding: chunked\r\n`,
    `0\r\n\r\n${inner}`,
  ],
  "TE.CL": (inner) => [
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
  ],
  "TE.TE, the second one odd": (inner) => [
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    `0\r\n\r\n${inner}`,
  ],
  "TE.TE, the first one odd": (inner) => [
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
    `0\r\n\r\n${inner}`,
  ],
  "TE in a folded line": (inner) => ["Transfer-Encoding:\r\n chunked\r\n", `0\r\n\r\n${inner}`],
  "CL.CL": (inner) => [`Content-Length: 0\r\nContent-Length: ${inner.length}\r\n`, inner],
  "CL.CL, the other way": (inner) => [
    `Content-Length: ${inner.length}\r\nContent-Length: 0\r\n`,
    inner,
  ],
  "CL.0": (inner) => [`Content-Length: ${inner.length}\r\n`, inner],
  "0.CL": (inner) => ["", inner],
  "CL as a list": (inner) => [`Content-Length: 0, ${inner.length}\r\n`, inner],
  "a chunk with an extension that ends in LF": (inner) => [
    "Transfer-Encoding: chunked\r\n",
    `2;\nxx\r\n${inner.length.toString(16)}\r\n0\r\n\r\n${inner}`,
  ],
};

assault("a request that is hidden within another never rides on its token", async (target) => {
  const [a, b] = await twoTokens();
  const bearer = (token: string) => `Authorization: Bearer ${token}\r\n`;
  const inner = (headers: string) =>
    `POST /inner HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 0\r\n${headers}\r\n`;
  let answered = 0;
  for (const [what, frame] of Object.entries(FRAMES)) {
    const send = async (outer: string, hidden: string) => {
      const [headers, body] = frame(inner(hidden));
      const bytes = `POST / HTTP/1.1\r\n${HOST}${outer}${headers}\r\n${body}`;
      return await say(target.url, [bytes], { hangUp: true });
    };
    const before = target.calls.length;
    const none = await send("", "");
    if (none.statuses.length > 0) answered++;
    assert.ok(none.statuses.every((status) => status >= 400), `${what}: no token at all`);
    assert.equal(target.calls.length, before, `${what}: no upstream is called`);
    const first = uidsIn((await send(bearer(a), "")).text);
    assert.ok(first.every((uid) => uid === "user-a") && first.length <= 1, `${what}: inner`);
    const second = uidsIn((await send("", bearer(b))).text);
    assert.ok(second.every((uid) => uid === "user-b") && second.length <= 1, `${what}: outer`);
    const both = uidsIn((await send(bearer(a), bearer(b))).text);
    assert.deepEqual(both, ["user-a", "user-b"].filter((uid) => both.includes(uid)), what);
    await target.serve(`after ${what}`);
  }
  // A server may hang up on what it cannot make out, but not on everything.
  assert.ok(answered * 2 > Object.keys(FRAMES).length, `${answered} frames are answered`);
});
