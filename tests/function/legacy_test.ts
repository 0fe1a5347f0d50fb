import assert from "node:assert/strict";
import { knows } from "../support/answers.ts";
import { expectCode, expectUncalled } from "../support/expect.ts";
import {
  type Claims,
  forge,
  hmacToken,
  PUBLIC_ALGORITHMS,
  sessionClaims,
  signerOf,
  START,
} from "../support/keys.ts";
import { type Behaviour, failing, json } from "../support/upstreams.ts";
import { type Settings, World } from "../support/world.ts";

const OTHER = "11111111-2222-4333-8444-555555555555";

/** A project that signs with a secret that the function was not told. */
function legacyWorld(user?: Behaviour, settings: Settings = {}): Promise<World> {
  return World.make({ SUPABASE_JWKS: undefined, ...settings }, user ? { user } : {});
}
const legacyToken = (claims: Claims = {}) =>
  hmacToken(
    "a secret that only the Auth server knows",
    { alg: "HS256", typ: "JWT" },
    sessionClaims(claims),
  );

Deno.test("an HS256 project that gave no secret relies on the Auth server", async () => {
  await expectCode(await legacyWorld(), { token: await legacyToken() }, "ok");
  for (const user of [failing(401), failing(403), knows({ id: OTHER })]) {
    const world = await legacyWorld(user);
    await expectCode(world, { token: await legacyToken() }, "invalid_session");
    assert.equal(world.to("mint").length, 0);
  }
  const down = await legacyWorld(failing(500));
  await expectCode(down, { token: await legacyToken() }, "auth_unavailable");
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

Deno.test("where any key is at hand, a token that fits none is refused, and the Auth server not asked", async () => {
  const { jwk } = await signerOf("ES256");
  for (const kid of ["another", undefined]) {
    const token = await hmacToken("a guess", { alg: "HS256", kid, typ: "JWT" });
    const inline = await World.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
    await expectUncalled(inline, { token }, "invalid_token", `inline, kid ${kid}`);
    const fetched = await World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys: [jwk] }) });
    await expectCode(fetched, { token }, "invalid_token", `fetched, kid ${kid}`);
    assert.equal(fetched.to("user").length + fetched.to("plan").length, 0);
  }
});

Deno.test("an HS256 token that names a public key at hand is refused, and the Auth server not asked", async () => {
  for (const alg of PUBLIC_ALGORITHMS) {
    const { jwk, kid } = await signerOf(alg);
    const world = await World.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
    const token = await hmacToken(JSON.stringify(jwk), { alg: "HS256", kid, typ: "JWT" });
    await expectUncalled(world, { token }, "invalid_token", alg);
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
