import assert from "node:assert/strict";
import { makeBehestToken } from "../support/answers.ts";
import { expectCode } from "../support/expect.ts";
import { type Claims, encodePart, payloadOf, random, START, SUB } from "../support/keys.ts";
import {
  type Behaviour,
  brokenJson,
  failing,
  html,
  json,
  padded,
  raw,
  tooMany,
} from "../support/upstreams.ts";
import { API_KEY, BASE_URL, World } from "../support/world.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const GOOD = await makeBehestToken({ uid: SUB, sid: "s-1" }, START);

function answering(jwt: unknown, over: Claims = {}): Behaviour {
  return json({ jwt, project_id: "prj_1", ttl: 900, session_id: "s-1", ...over });
}

Deno.test("Behest is asked with the key, for this user, role, ttl, session and tier, and nothing else", async () => {
  const world = await World.make({ BEHEST_TTL: "600" });
  const answer = await expectCode(world, {
    body: '{"sessionId":"s-7","ttl":9,"uid":"x","tier":9,"role":"admin"}',
  }, "ok");
  const [call, ...more] = world.to("mint");
  assert.deepEqual(more, []);
  assert.equal(call?.method, "POST");
  assert.equal(call?.url, `${BASE_URL}/v1/auth/mint`);
  assert.equal(call?.redirect, "manual");
  const { accept: _, ...headers } = call?.headers ?? {};
  assert.deepEqual(headers, {
    authorization: `Bearer ${API_KEY}`,
    "content-type": "application/json",
  });
  assert.deepEqual(JSON.parse(call?.body ?? ""), {
    user_id: SUB,
    role: "user",
    ttl: 600,
    session_id: "s-7",
    tier: 2,
  });
  assert.equal(answer.body.sessionId, "s-7");
  assert.equal(answer.body.ttl, 600);
});

Deno.test("without a session id of the caller's, each request gets a fresh one", async () => {
  const world = await World.make();
  const ids = new Set<string>();
  for (const body of [undefined, "{}", '{"sessionId":null}']) {
    const answer = await expectCode(world, { body }, "ok");
    assert.match(answer.body.sessionId, UUID);
    ids.add(answer.body.sessionId);
  }
  assert.equal(ids.size, 3);
});

Deno.test("a base URL with a trailing slash is called as without", async () => {
  const world = await World.make({ BEHEST_BASE_URL: `${BASE_URL}/` });
  await expectCode(world, {}, "ok");
  assert.equal(world.to("mint")[0]?.url, `${BASE_URL}/v1/auth/mint`);
});

const claimsOf = payloadOf(GOOD);
const unsigned = (header: Claims, claims: Claims) => `${encodePart(header)}.${encodePart(claims)}.`;
const NO_TOKENS: [string, Behaviour][] = [
  ["a token of another user", answering(await makeBehestToken({ uid: "someone-else" }, START))],
  [
    "a token whose uid merely begins right",
    answering(await makeBehestToken({ uid: `${SUB}0` }, START)),
  ],
  [
    "a token whose uid is in another case",
    answering(await makeBehestToken({ uid: SUB.toUpperCase() }, START)),
  ],
  ["a token whose uid is a list", answering(await makeBehestToken({ uid: [SUB] }, START))],
  ["a token with a sub in place of a uid", answering(await makeBehestToken({ sub: SUB }, START))],
  ["an expired token", answering(await makeBehestToken({ uid: SUB }, START - 901))],
  ["a token that expires now", answering(await makeBehestToken({ uid: SUB }, START - 900))],
  [
    "a token that never expires",
    answering(await makeBehestToken({ uid: SUB, exp: undefined }, START)),
  ],
  ["a token of two parts", answering(GOOD.split(".").slice(0, 2).join("."))],
  ["a token that is not signed", answering(unsigned({ alg: "none" }, claimsOf))],
  ["a token of another algorithm", answering(`${unsigned({ alg: "HS256" }, claimsOf)}AAAA`)],
  ["a token with a line break behind", answering(`${GOOD}\n`)],
  ["text that is no token", answering("granted")],
  ["an empty token", answering("")],
  ["a token of null", answering(null)],
  ["a token that is a number", answering(7)],
  ["an object with no token", json({ ttl: 900, session_id: "s-1" })],
  ["a list", json([{ jwt: GOOD }])],
  ["null", json(null)],
  ["nothing", raw("")],
  ["HTML", html],
  ["broken JSON", brokenJson],
  ["a token and more than 64 KiB", padded(answering(GOOD), 65_537)],
];

for (const [what, mint] of NO_TOKENS) {
  Deno.test(`where Behest answers ${what}, it is behest_rejected and not passed on`, async () => {
    const world = await World.make({}, { mint });
    const answer = await expectCode(world, {}, "behest_rejected");
    assert.ok(!/eyJ/.test(answer.text + world.log));
  });
}

Deno.test("Behest's Retry-After is passed on with rate_limited, as seconds or as a date", async () => {
  const date = new Date((START + 60) * 1000).toUTCString();
  const seconds = await World.make({}, { mint: tooMany("7") });
  assert.equal((await expectCode(seconds, {}, "rate_limited")).headers.get("Retry-After"), "7");
  const dated = await World.make({}, { mint: tooMany(date) });
  const value = (await expectCode(dated, {}, "rate_limited")).headers.get("Retry-After") ?? "";
  assert.ok(value === "60" || value === date, value);
});

for (const nonsense of ["soon", "-1", "1e9", "7; drop", "99999999999999999999", "NaN", "1.5"]) {
  Deno.test(`a Retry-After of ${JSON.stringify(nonsense)} is nonsense, and not passed on`, async () => {
    const world = await World.make({}, { mint: tooMany(nonsense) });
    const value = (await expectCode(world, {}, "rate_limited")).headers.get("Retry-After");
    assert.ok(value === null || /^\d{1,6}$/.test(value), String(value));
    assert.notEqual(value, nonsense);
  });
}

Deno.test("Behest's X-Trace-Id is handed on with every kind of its answers, and logged", async () => {
  const traced = { "X-Trace-Id": "trace-1" };
  const rows: [Behaviour, string][] = [
    [json({ jwt: GOOD, ttl: 900, session_id: "s-1" }, 200, traced), "ok"],
    [failing(401, traced), "behest_rejected"],
    [failing(402, traced), "quota_exceeded"],
    [failing(429, traced), "rate_limited"],
    [failing(500, traced), "behest_unavailable"],
    [json({}, 200, traced), "behest_rejected"],
  ];
  for (const [mint, code] of rows) {
    const world = await World.make({}, { mint });
    const answer = await expectCode(world, {}, code);
    assert.equal(answer.headers.get("X-Trace-Id"), "trace-1", code);
    assert.equal(world.line.traceId, "trace-1", code);
  }
  for (const odd of ["x".repeat(129), "two words", "café"]) {
    const { mint } = (await World.make()).routes;
    const world = await World.make({}, {
      mint: async (call, scene) => {
        const answer = await mint(call, scene);
        answer.headers.set("X-Trace-Id", odd);
        return answer;
      },
    });
    assert.equal((await expectCode(world, {}, "ok")).headers.get("X-Trace-Id"), null, odd);
    assert.equal(world.line.traceId, undefined, odd);
  }
  const longest = json({}, 200, { "X-Trace-Id": "x".repeat(128) });
  const world = await World.make({}, { mint: longest });
  assert.equal((await world.ask()).headers.get("X-Trace-Id")?.length, 128);
  const untraced = await World.make();
  assert.equal((await expectCode(untraced, {}, "ok")).headers.get("X-Trace-Id"), null);
});

Deno.test("a session id that could not be sent back is not handed out", async () => {
  for (const session_id of ["", "a b", "a\nb", "x".repeat(129), "\u202e", API_KEY + "!"]) {
    const world = await World.make({}, { mint: answering(GOOD, { session_id }) });
    await expectCode(world, {}, "behest_rejected", JSON.stringify(session_id));
  }
  const world = await World.make({}, { mint: answering(GOOD, { session_id: "x".repeat(128) }) });
  assert.equal((await expectCode(world, {}, "ok")).body.sessionId.length, 128);
});

Deno.test("Behest's Retry-After goes on with 429 and 503 alone", async () => {
  for (const status of [302, 400, 401, 402, 403, 404, 422]) {
    const world = await World.make({}, { mint: failing(status, { "Retry-After": "7" }) });
    assert.equal((await world.ask()).headers.get("Retry-After"), null, String(status));
  }
});

Deno.test("BEHEST_API_KEY is read as an old name, with a warning that does not hold it", async () => {
  const key = `behest_sk_live_${random(24)}`;
  const world = await World.make({ BEHEST_KEY: undefined, BEHEST_API_KEY: key });
  await expectCode(world, {}, "ok");
  assert.equal(world.to("mint")[0]?.headers.authorization, `Bearer ${key}`);
  assert.match(world.log, /BEHEST_API_KEY/);
  assert.ok(!world.log.includes(key));
  assert.equal(world.line.mode, "api_key");
});
