import assert from "node:assert/strict";
import { knows, signingWith } from "../support/answers.ts";
import { expectCode, expectKeysAsked, expectUncalled } from "../support/expect.ts";
import {
  type Claims,
  forge,
  hmacToken,
  PUBLIC_ALGORITHMS,
  sessionClaims,
  signerOf,
  START,
} from "../support/keys.ts";
import {
  authRefusal,
  type Behaviour,
  failing,
  gatewayRefusal,
  json,
  tooMany,
} from "../support/upstreams.ts";
import { type Settings, World } from "../support/world.ts";

const SECRET = "a secret that only the Auth server knows";
const OTHER = "11111111-2222-4333-8444-555555555555";

/** A project that signs with a secret that the function was not told. */
function legacyWorld(user?: Behaviour, settings: Settings = {}): Promise<World> {
  return World.make({ SUPABASE_JWKS: undefined, ...settings }, user ? { user } : {});
}
const legacyToken = (claims: Claims = {}) =>
  hmacToken(
    SECRET,
    { alg: "HS256", typ: "JWT" },
    sessionClaims(claims),
  );

const routesOf = (world: World) => world.calls.map(({ route }) => route);

Deno.test("an HS256 project that gave no secret relies on the Auth server", async () => {
  const world = await legacyWorld();
  await expectCode(world, { token: await legacyToken() }, "ok");
  assert.deepEqual(routesOf(world), ["user", "plan", "mint"]);
  const refusals: [Behaviour, string][] = [
    [authRefusal(401, "bad_jwt"), "invalid_session"],
    [authRefusal(403, "session_not_found"), "invalid_session"],
    [knows({ id: OTHER }), "invalid_session"],
    [failing(401), "supabase_rejected"],
    [gatewayRefusal(), "supabase_rejected"],
    [tooMany("7"), "auth_unavailable"],
  ];
  for (const [user, code] of refusals) {
    const world = await legacyWorld(user);
    await expectCode(world, { token: await legacyToken() }, code);
    assert.deepEqual(routesOf(world), ["user"], "nobody else sees a token that nobody vouches for");
  }
  const down = await legacyWorld(failing(500));
  await expectCode(down, { token: await legacyToken() }, "auth_unavailable");
  assert.deepEqual(routesOf(down), ["user", "user"]);
});

Deno.test("where the Auth server alone verifies, every rule of the claims holds all the same", async () => {
  const world = await legacyWorld();
  const rows: [Claims, string][] = [
    [{ exp: START - 5 }, "expired_token"],
    [{ exp: undefined }, "invalid_token"],
    [{ nbf: START + 60 }, "invalid_token"],
    [{ aud: "other" }, "invalid_token"],
    [{ role: "anon" }, "not_a_user"],
    [{ role: "service_role" }, "not_a_user"],
    [{ sub: undefined }, "not_a_user"],
    [{ sub: "admin" }, "not_a_user"],
  ];
  for (const [claims, code] of rows) {
    await expectCode(world, { token: await legacyToken(claims) }, code, JSON.stringify(claims));
  }
  const none = await forge(await signerOf("HS256"), { alg: "none" });
  await expectCode(world, { token: none }, "invalid_token", "alg none");
  assert.equal(world.to("user").length + world.to("mint").length, 0);
});

Deno.test("the Auth server alone is not relied on for a token whose kind of key is public", async () => {
  const world = await legacyWorld();
  await expectCode(world, {}, "invalid_token", "ES256 with an empty key set");
  assert.equal(world.to("user").length + world.to("mint").length, 0);
});

Deno.test("an HS256 project that gave no secret cannot trust claims: misconfigured, naming JWT_SECRET", async () => {
  const world = await legacyWorld(undefined, { BEHEST_USER_CHECK: "claims" });
  const { message } = await expectCode(world, { token: await legacyToken() }, "misconfigured");
  assert.match(message, /JWT_SECRET/);
  assert.equal(world.to("mint").length, 0);
});

/** Public keys, of which none signs yet: inline, and to be fetched. */
async function standbyWorlds(settings: Settings = {}): Promise<[string, World][]> {
  const keys = (await Promise.all(PUBLIC_ALGORITHMS.map(signerOf))).map(({ jwk }) => jwk);
  const user = signingWith(SECRET);
  const inline = { ...settings, SUPABASE_JWKS: JSON.stringify({ keys }) };
  const fetched = { ...settings, SUPABASE_JWKS: undefined };
  return [
    ["inline", await World.make(inline, { user })],
    ["fetched", await World.make(fetched, { user, jwks: json({ keys }) })],
  ];
}

Deno.test("while a standby key is published already, the project's own HS256 tokens are served", async () => {
  for (const [where, world] of await standbyWorlds()) {
    await expectCode(world, { token: await legacyToken() }, "ok", where);
    assert.deepEqual(routesOf(world), ["user", "plan", "mint"], "and no key is fetched for them");
    const kid = { alg: "HS256", kid: "of-the-secret", typ: "JWT" };
    await expectCode(world, { token: await hmacToken(SECRET, kid) }, "ok", where);
    assert.equal(world.to("jwks").length, 0);
  }
});

Deno.test("where public keys alone are at hand, the Auth server refuses an HS256 token that fits none, and nobody else is asked", async () => {
  for (const kid of ["another", undefined]) {
    const token = await hmacToken("a guess", { alg: "HS256", kid, typ: "JWT" });
    for (const [where, world] of await standbyWorlds()) {
      await expectCode(world, { token }, "invalid_session", `${where}, kid ${kid}`);
      assert.deepEqual(routesOf(world), ["user"]);
    }
  }
});

Deno.test("an HS256 token that names a public key at hand and is signed with its text is the Auth server's to refuse", async () => {
  for (const alg of PUBLIC_ALGORITHMS) {
    const { jwk, kid } = await signerOf(alg);
    const token = await hmacToken(JSON.stringify(jwk), { alg: "HS256", kid, typ: "JWT" });
    for (const [where, world] of await standbyWorlds()) {
      await expectCode(world, { token }, "invalid_session", `${where}, ${alg}`);
      assert.deepEqual(routesOf(world), ["user"]);
    }
  }
});

Deno.test("where claims are trusted and public keys are at hand, an HS256 token is refused, with a notice", async () => {
  for (const [where, world] of await standbyWorlds({ BEHEST_USER_CHECK: "claims" })) {
    for (const token of [await legacyToken(), await hmacToken("a guess")]) {
      await expectCode(world, { token }, "invalid_token", where);
    }
    // Whether there are public keys is seen from a set, where there is none yet.
    assert.deepEqual(routesOf(world), where === "inline" ? [] : ["jwks"]);
    const notices = world.lines.filter(({ notice }) => /JWT_SECRET/.test(String(notice)));
    assert.equal(notices.length, 1, "told once");
  }
});

Deno.test("an inline set without a key and without a secret is judged by request: misconfigured", async () => {
  for (const SUPABASE_JWKS of ["[]", '{"keys":[]}']) {
    const world = await World.make({ SUPABASE_JWKS, BEHEST_USER_CHECK: "claims" });
    const { message } = await expectUncalled(
      world,
      { token: await legacyToken() },
      "misconfigured",
    );
    assert.match(message, /JWT_SECRET/);
    await expectUncalled(world, { token: null }, "missing_token");
    await expectKeysAsked(world, {}, "misconfigured");
  }
});

Deno.test("an HS256 token of another key is refused where the inline set holds the project's secret", async () => {
  const { jwk } = await signerOf("HS256");
  const world = await World.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
  for (const kid of ["another", undefined]) {
    const token = await hmacToken("a guess", { alg: "HS256", kid, typ: "JWT" });
    await expectUncalled(world, { token }, "invalid_token", `kid ${kid}`);
  }
});
