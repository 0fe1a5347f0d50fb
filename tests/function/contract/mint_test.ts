/** Contract, "Minting": what is asked of Behest, what of its answers is taken, and the local token. */
import assert from "node:assert/strict";
import { jwtVerify } from "jose";
import { makeBehestToken } from "../../support/answers.ts";
import { behestKey, localSettings } from "../../support/behest_keys.ts";
import { expectCode } from "../../support/expect.ts";
import { payloadOf, START, SUB } from "../../support/keys.ts";
import {
  type Behaviour,
  breakInBody,
  brokenJson,
  failing,
  hang,
  hangInBody,
  html,
  json,
  padded,
  raw,
  redirect,
  tooMany,
  unreachable,
} from "../../support/upstreams.ts";
import { API_KEY, BASE_URL, type Sent, World } from "../../support/world.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TOKEN = await makeBehestToken({ uid: SUB, sid: "s-1" }, START);

Deno.test("Behest is asked by POST at /v1/auth/mint, with the key and these five fields", async () => {
  const world = await World.make();
  await expectCode(world, { body: '{"sessionId":"s-1"}' }, "ok");
  const [{ method, url, headers, body = "" }] = world.to("mint");
  assert.deepEqual([method, url], ["POST", `${BASE_URL}/v1/auth/mint`]);
  assert.equal(headers.authorization, `Bearer ${API_KEY}`);
  const asked = { user_id: SUB, role: "user", ttl: 900, session_id: "s-1", tier: 2 };
  assert.deepEqual(JSON.parse(body), asked);
});

const good = { jwt: TOKEN, ttl: 600, session_id: "s-1" };
const older = { access_token: TOKEN, expires_in: 600, session_id: "s-1" };
const TAKEN: [string, unknown, Record<string, unknown>][] = [
  ["jwt is the token", good, { token: TOKEN }],
  ["access_token is the token", older, { token: TOKEN }],
  ["ttl is the ttl", good, { ttl: 600 }],
  ["expires_in is the ttl", older, { ttl: 600 }],
  ["session_id is the session, though another was asked for", good, { sessionId: "s-1" }],
  ["expiresAt is the token's exp, not the ttl's", good, { expiresAt: START + 900 }],
  ["jwt goes before access_token", { ...good, access_token: "other" }, { token: TOKEN }],
  ["access_token counts where jwt is null", { ...older, jwt: null }, { token: TOKEN }],
  ["a ttl that is not there is ours", { jwt: TOKEN, session_id: "s-1" }, { ttl: 900 }],
  ["a session_id that is not there is ours", { jwt: TOKEN, ttl: 600 }, { sessionId: "asked" }],
];

for (const [rule, answer, expected] of TAKEN) {
  Deno.test(`in Behest's answer ${rule}`, async () => {
    const world = await World.make({}, { mint: json(answer) });
    const { body } = await expectCode(world, { body: '{"sessionId":"asked"}' }, "ok");
    for (const [field, value] of Object.entries(expected)) assert.equal(body[field], value);
  });
}

const alien = await makeBehestToken({ uid: "someone-else" }, START);
const late = await makeBehestToken({ uid: SUB }, START - 1000);
const ANSWERS: [string, Behaviour, string][] = [
  ["402", failing(402), "quota_exceeded"],
  ["429", tooMany("7"), "rate_limited"],
  ...[400, 401, 403, 404, 405, 409, 418, 422, 451].map((status): [string, Behaviour, string] => [
    String(status),
    failing(status),
    "behest_rejected",
  ]),
  ...[301, 302, 303, 304, 307, 308].map((status): [string, Behaviour, string] => [
    String(status),
    redirect(status),
    "behest_rejected",
  ]),
  ...[500, 501, 502, 503, 504, 599].map((status): [string, Behaviour, string] => [
    String(status),
    failing(status),
    "behest_unavailable",
  ]),
  ["no connection", unreachable, "behest_unavailable"],
  ["half an answer", breakInBody, "behest_unavailable"],
  ["no answer", hang, "behest_timeout"],
  ["an answer without end", hangInBody, "behest_timeout"],
  ["another user's token", json({ ...good, jwt: alien }), "behest_rejected"],
  ["a token that has expired", json({ ...good, jwt: late }), "behest_rejected"],
  ["no token", json({ ttl: 600, session_id: "s-1" }), "behest_rejected"],
  ["what is no JWT", json({ ...good, jwt: "granted" }), "behest_rejected"],
  ["204", raw(null, 204), "behest_rejected"],
  ["HTML", html, "behest_rejected"],
  ["broken JSON", brokenJson, "behest_rejected"],
  ["64 KiB and a byte", padded(json(good), 65_537), "behest_rejected"],
];

for (const [what, mint, code] of ANSWERS) {
  Deno.test(`where Behest answers ${what}: ${code}, and never a 401 or a token`, async () => {
    const world = await World.make({}, { mint });
    const { text, status } = await expectCode(world, {}, code);
    assert.notEqual(status, 401, "the browser would sign its user out");
    assert.ok(!text.includes("eyJ"));
    assert.deepEqual(world.to("elsewhere"), []);
  });
}

Deno.test("an answer of exactly 64 KiB is read", async () => {
  await expectCode(await World.make({}, { mint: padded(json(good), 65_536) }), {}, "ok");
});

/** A local token, verified, with its header's text. */
async function localToken(sent: Sent = {}) {
  const world = await World.make(await localSettings());
  const { body } = await expectCode(world, sent, "ok");
  const currentDate = new Date(START * 1000);
  await jwtVerify(body.token, (await behestKey()).publicKey, {
    currentDate,
    algorithms: ["RS256"],
  });
  return { claims: payloadOf(body.token), header: atob(body.token.split(".")[0]) };
}

Deno.test("a local token's header is alg, typ and kid", async () => {
  assert.equal((await localToken()).header, '{"alg":"RS256","typ":"JWT","kid":"kid-1"}');
});

Deno.test("a local token's claims stand in the order of the contract, and there is no other", async () => {
  const order = "tid pid uid role scp iss aud iat nbf exp jti sid tier";
  assert.equal(Object.keys((await localToken()).claims).join(" "), order);
});

const CLAIMS: Record<string, unknown> = {
  tid: "tnt_1",
  pid: "prj_1",
  uid: SUB,
  role: "user",
  scp: [],
  iss: "https://api.behest.ai",
  aud: "behest",
  iat: START,
  nbf: START,
  exp: START + 900,
  tier: 2,
};
for (const [name, value] of Object.entries(CLAIMS)) {
  Deno.test(`a local token's ${name} is ${JSON.stringify(value)}`, async () => {
    assert.deepEqual((await localToken()).claims[name], value);
  });
}

const ROWS: [string, string, Sent][] = [
  ["sid", "fresh each time", {}],
  ["jti", "fresh each time", {}],
  ["jti", "fresh in a session that is kept too", { body: '{"sessionId":"s-1"}' }],
];
for (const [name, how, sent] of ROWS) {
  Deno.test(`a local token's ${name} is a UUID v4, ${how}`, async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => (await localToken(sent)).claims[name]));
    for (const id of ids) assert.match(String(id), UUID);
    assert.equal(new Set(ids).size, 3);
  });
}
