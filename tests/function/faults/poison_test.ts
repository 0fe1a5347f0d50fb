/** Key sets that somebody broke, on purpose or not: the function goes on, and says so in its log. */
import assert from "node:assert/strict";
import { exportJWK } from "jose";
import { userOf } from "../../support/answers.ts";
import { expectCode } from "../../support/expect.ts";
import {
  base64url,
  hmacToken,
  makeSigner,
  random,
  sessionClaims,
  sessionToken,
  signerOf,
  START,
} from "../../support/keys.ts";
import { authRefusal, type Behaviour, json, raw } from "../../support/upstreams.ts";
import { World } from "../../support/world.ts";

const KEY = await signerOf("ES256");
const OTHER = await makeSigner("ES256");
const SECRET = crypto.getRandomValues(new Uint8Array(32));
const OCT = { kty: "oct", k: base64url(SECRET), alg: "HS256", kid: "oct-1", use: "sig" };
const TOKEN = await sessionToken(KEY, { exp: START + 1e6 });
const FORGED = await hmacToken(
  SECRET,
  { alg: "HS256", typ: "JWT", kid: "oct-1" },
  sessionClaims({ exp: START + 1e6 }),
);
const MINUTE = 60_000;

/** The Auth server knows a forged token when it is asked. */
const user: Behaviour = (call, scene) =>
  (call.headers.authorization?.endsWith(FORGED) ? authRefusal(403, "bad_jwt") : json(userOf(call)))(
    call,
    scene,
  );

function fetching(jwks: Behaviour, userCheck = "server"): Promise<World> {
  const settings = { SUPABASE_JWKS: undefined, BEHEST_USER_CHECK: userCheck };
  return World.make({ ...settings, BEHEST_PLAN_CLAIM: "app_metadata.plan" }, { jwks, user });
}

const junk = (count: number) =>
  Array.from(
    { length: count },
    () => ({ kty: "OKP", crv: "Ed25519", x: random(32), kid: random(6) }),
  );
// deno-lint-ignore no-explicit-any -- a private key, where no set should have one
const PRIVATE: any = await exportJWK(KEY.key as CryptoKey);

/** Sets in which our key is to be found all the same, and how many of the others are skipped. */
const SOUND: [string, unknown, number][] = [
  ["a shared secret", { keys: [OCT, KEY.jwk] }, 1],
  ["a secret under our own kid", { keys: [{ ...OCT, kid: KEY.kid }, KEY.jwk] }, 1],
  ["the private half of our key", { keys: [{ ...PRIVATE, ...KEY.jwk }] }, 0],
  ["500 keys of others", { keys: [...junk(500), KEY.jwk] }, 0],
  ["15,000 keys that are none", { keys: [...Array(15_000).fill({}), KEY.jwk] }, 15_000],
  ["a kid that stands twice", {
    keys: [OTHER.jwk, { ...OTHER.jwk, x: KEY.jwk.x, y: KEY.jwk.y }, KEY.jwk],
  }, 2],
  ["keys that are no objects", { keys: [null, 1, "key", [], true, KEY.jwk] }, 5],
  ["a point off the curve", { keys: [{ ...OTHER.jwk, y: OTHER.jwk.x }, KEY.jwk] }, 1],
  ["an RSA key of 512 bits", {
    keys: [{ kty: "RSA", n: random(64), e: "AQAB", kid: "r" }, KEY.jwk],
  }, 1],
  ["members of any kind", {
    keys: [KEY.jwk],
    next: "https://elsewhere.example",
    jku: "x",
    ["__proto__"]: { kty: "oct" },
  }, 0],
];

for (const [what, set, skipped] of SOUND) {
  Deno.test(`a fetched set with ${what} serves our key all the same, and lets in nobody else`, async () => {
    const world = await fetching(json(set));
    await expectCode(world, { token: TOKEN }, "ok");
    await expectCode(world, { token: FORGED }, "invalid_session");
    assert.equal(world.to("user").length, 2, "the Auth server is asked about each of them");
    assert.equal(world.to("mint").length, 1);
    const notice = `${skipped} of its keys cannot be used`;
    assert.equal(world.log.includes(notice), skipped > 0, world.log.slice(0, 500));
    assert.equal(world.to("elsewhere").length, 0);
    for (const secret of [OCT.k, PRIVATE.d]) assert.equal(world.log.includes(secret), false);
  });
}

/** Sets that name our key in a way that must not be used, or do not name it. */
const USELESS: [string, unknown][] = [
  ["our kid twice", { keys: [KEY.jwk, { ...OTHER.jwk, kid: KEY.kid }, OTHER.jwk] }],
  ["our kid for another key", { keys: [{ ...OTHER.jwk, kid: KEY.kid }] }],
  ["our key under another alg", { keys: [{ ...KEY.jwk, alg: "HS256" }, OTHER.jwk] }],
  ["our key for encryption", { keys: [{ ...KEY.jwk, use: "enc" }, OTHER.jwk] }],
  ["another project's keys", { keys: [OTHER.jwk] }],
];

for (const [what, set] of USELESS) {
  Deno.test(`a fetched set with ${what} refuses our token, until a good set is fetched again`, async () => {
    const world = await fetching(json({ keys: [KEY.jwk] }));
    await expectCode(world, { token: TOKEN }, "ok");
    world.routes.jwks = json(set);
    world.clock.advance(11 * MINUTE);
    await expectCode(world, { token: TOKEN }, "invalid_token");
    assert.equal(world.to("user").length, 1, "the Auth server is not asked about it");
    await expectCode(world, { token: FORGED }, "invalid_session");
    assert.equal(world.to("mint").length, 1);
    world.routes.jwks = json({ keys: [KEY.jwk] });
    world.clock.advance(what.startsWith("our kid for") ? 11 * MINUTE : 31_000);
    await expectCode(world, { token: TOKEN }, "ok");
  });
}

/** Answers that are no set at all. */
const BROKEN: [string, Behaviour][] = [
  ["64 KiB of nested lists", raw("[".repeat(65_536))],
  ["nested lists that end", raw(`{"keys":[${"[".repeat(30_000)}${"]".repeat(30_000)}]}`)],
  ["names that stand twice", raw(`{"keys":[],"keys":[${JSON.stringify(KEY.jwk)}]}`)],
  [
    "a key whose kid stands twice",
    raw(`{"keys":[{"kid":"a",${JSON.stringify(KEY.jwk).slice(1)}]}`),
  ],
  ["a set in a set", json({ keys: { keys: [KEY.jwk] } })],
  ["a number beyond all doubles", raw('{"keys":[1e999]}')],
];

for (const [what, behaviour] of BROKEN) {
  Deno.test(`${what} in place of a set is an outage: the kept set goes on serving, and the log says so`, async () => {
    const world = await fetching(behaviour);
    await expectCode(world, { token: TOKEN }, "auth_unavailable");
    world.routes.jwks = json({ keys: [KEY.jwk] });
    world.clock.advance(1_001);
    await expectCode(world, { token: TOKEN }, "ok");
    world.routes.jwks = behaviour;
    world.clock.advance(11 * MINUTE);
    await expectCode(world, { token: TOKEN }, "ok");
    await expectCode(world, { token: FORGED }, "invalid_session");
    const notice = /jwks\.json has no key set of use: the keys at hand go on serving/;
    assert.match(world.log, notice);
  });
}

Deno.test("an empty set after a good one leaves the good one serving, and lets nobody else in", async () => {
  for (const userCheck of ["server", "claims"]) {
    const twins = [KEY.jwk, { ...OTHER.jwk, kid: KEY.kid }];
    for (const keys of [[], [OCT], [{ kty: "EC" }, null], twins]) {
      const world = await fetching(json({ keys: [KEY.jwk] }), userCheck);
      await expectCode(world, { token: TOKEN }, "ok");
      world.routes.jwks = json({ keys });
      world.clock.advance(11 * MINUTE);
      await expectCode(world, { token: TOKEN }, "ok");
      const minted = world.to("mint").length;
      // Whether this key exists, nobody can say now.
      const stranger = await sessionToken(OTHER, { exp: START + 1e6 });
      await expectCode(world, { token: stranger }, "auth_unavailable");
      const forged = userCheck === "server" ? "invalid_session" : "invalid_token";
      await expectCode(world, { token: FORGED }, forged);
      assert.equal(world.to("mint").length, minted);
      assert.match(world.log, /jwks\.json has no key set of use: the keys at hand go on serving/);
      world.routes.jwks = json({ keys: [OTHER.jwk] });
      world.clock.advance(31_000);
      await expectCode(world, { token: stranger }, "ok");
      await expectCode(world, { token: TOKEN }, "invalid_token");
    }
  }
});

Deno.test("an empty set where there has been none lets nobody in, and heals within the pause", async () => {
  for (
    const [userCheck, code] of [["server", "invalid_token"], ["claims", "misconfigured"]] as const
  ) {
    const world = await fetching(json({ keys: [] }), userCheck);
    await expectCode(world, { token: TOKEN }, code);
    assert.deepEqual(world.calls.map(({ route }) => route), ["jwks"]);
    world.routes.jwks = json({ keys: [KEY.jwk] });
    world.clock.advance(31_000);
    await expectCode(world, { token: TOKEN }, "ok");
  }
});
