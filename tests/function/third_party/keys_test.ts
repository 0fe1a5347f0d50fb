/** A third party's key set: fetched, kept and lost by the rules of the project's own. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { type Claims, makeSigner, type Signer, signerOf, START } from "../../support/keys.ts";
import { CLERK, keyOf, ownKey, tokenOf, worldOf } from "../../support/third_party.ts";
import {
  authRefusal,
  type Behaviour,
  brokenJson,
  failing,
  hang,
  html,
  inTurn,
  json,
  padded,
  raw,
  redirect,
  restRefusal,
  tooMany,
  unreachable,
} from "../../support/upstreams.ts";
import type { World } from "../../support/world.ts";

const OWN = await ownKey(CLERK);
const NEXT: Signer = { ...await makeSigner("RS256"), kid: "ins_next" };
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A token that outlives every test. */
const lasting = (signer: Signer = OWN, claims: Claims = {}) =>
  tokenOf(CLERK, { exp: START + 1e6, ...claims }, signer);
const setOf = (...signers: Signer[]): Behaviour =>
  json({ keys: signers.map((signer) => keyOf({ ...CLERK, kid: signer.kid }, signer).jwk) });
const TOKEN = await lasting();
const NEXT_TOKEN = await lasting(NEXT);

for (const alg of ["ES256", "EdDSA"] as const) {
  Deno.test(`a third party may sign with ${alg}, too`, async () => {
    const signer = await signerOf(alg);
    const world = await worldOf(CLERK);
    world.routes.jwks = json({ keys: [signer.jwk] });
    await expectCode(world, { token: await lasting(signer) }, "ok");
    assert.equal(world.line.alg, alg);
  });
}

Deno.test("the set is kept for ten minutes, and a key that was taken out of it serves no longer", async () => {
  const world = await worldOf(CLERK);
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = setOf(NEXT);
  world.clock.advance(10 * MINUTE - SECOND);
  await expectCode(world, { token: TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 1);
  world.clock.advance(2 * SECOND);
  await expectCode(world, { token: TOKEN }, "invalid_token");
  await expectCode(world, { token: NEXT_TOKEN }, "ok");
});

Deno.test("a new key serves at once, and unknown ones cause a refetch every 30 seconds at most", async () => {
  const world = await worldOf(CLERK);
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = setOf(OWN, NEXT);
  await expectCode(world, { token: NEXT_TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 2);
  const unknown = await lasting({ ...NEXT, kid: "ins_unknown" });
  await expectUncalled(world, { token: unknown }, "invalid_token");
  world.clock.advance(30 * SECOND);
  await expectCode(world, { token: unknown }, "invalid_token");
  assert.equal(world.to("jwks").length, 3);
  assert.ok(world.to("jwks").every(({ headers }) => Object.keys(headers).length === 0));
});

Deno.test("a token that could never be accepted causes no fetch of keys", async () => {
  const world = await worldOf(CLERK);
  for (const claims of [{ iss: "other" }, { role: "member" }, { exp: 1 }, { sub: "" }]) {
    await world.ask({ token: await lasting(OWN, claims) });
  }
  assert.deepEqual(world.calls, []);
});

Deno.test("the first fetch that fails for a moment is tried again", async () => {
  const world = await worldOf(CLERK);
  world.routes.jwks = inTurn(failing(503), setOf(OWN));
  await expectCode(world, { token: TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 2);
});

const page = (status: number) =>
  raw("<h1>Nothing here</h1>", status, { "Content-Type": "text/html" });

/** What a stranger's address may come back with, none of which is the session's fault. */
const OUTAGES: [what: string, behaviour: Behaviour, code: string][] = [
  ["nothing, the network being down", unreachable, "auth_unavailable"],
  ["nothing in time", hang, "auth_timeout"],
  ["500", failing(500), "auth_unavailable"],
  ["429", tooMany("7"), "auth_unavailable"],
  ["401", failing(401), "auth_unavailable"],
  ["403 and a page of HTML", page(403), "auth_unavailable"],
  ["404 and a page of HTML", page(404), "auth_unavailable"],
  ["a refusal in the manner of Supabase Auth", authRefusal(), "auth_unavailable"],
  ["a refusal in the manner of PostgREST", restRefusal(401, "PGRST301"), "auth_unavailable"],
  ["a redirect", redirect(302), "auth_unavailable"],
  ["a page of HTML", html, "auth_unavailable"],
  ["broken JSON", brokenJson, "auth_unavailable"],
  ["what is no key set", json({ issuer: CLERK.claims.iss }), "auth_unavailable"],
  ["a set of no keys", json({ keys: [] }), "auth_unavailable"],
  ["a set of more than 64 KiB", padded(setOf(OWN), 64 * 1024 + 1), "auth_unavailable"],
  ["a set of a megabyte", padded(setOf(OWN), 1024 * 1024), "auth_unavailable"],
];

/** Nobody is looked up or minted for. */
function assertHalted(world: World): void {
  assert.deepEqual([...world.to("plan"), ...world.to("mint"), ...world.to("user")], []);
  assert.ok(!world.calls.some(({ route }) => route === "elsewhere"), "no redirect is followed");
}

for (const [what, behaviour, code] of OUTAGES) {
  Deno.test(`an address of keys that comes back with ${what}: ${code}, and no session's fault`, async () => {
    const world = await worldOf(CLERK);
    world.routes.jwks = behaviour;
    const { headers, message } = await expectCode(world, { token: TOKEN }, code);
    assert.doesNotMatch(message, /Supabase/, "it is somebody else");
    assertHalted(world);
    if (code === "auth_timeout") return;
    assert.ok(Number(headers.get("Retry-After")) >= 1);
    assert.match(world.log, /"notice":"JWT_JWKS_URL gave no usable key set"/);
  });

  Deno.test(`keys at hand go on serving while their address comes back with ${what}`, async () => {
    const world = await worldOf(CLERK);
    await expectCode(world, { token: TOKEN }, "ok");
    world.routes.jwks = behaviour;
    for (let hour = 0; hour < 3; hour++) {
      world.clock.advance(60 * MINUTE);
      await expectCode(world, { token: TOKEN }, "ok");
    }
    assert.ok(world.to("jwks").length > 1);
    assert.match(world.log, /the keys at hand go on serving/);
    // Whether a key exists that is not at hand, nobody can say.
    await expectCode(world, { token: NEXT_TOKEN }, code);
  });
}

Deno.test("an outage ends with the first good answer, within a second of the next request", async () => {
  const world = await worldOf(CLERK);
  world.routes.jwks = failing(500);
  await expectCode(world, { token: TOKEN }, "auth_unavailable");
  world.routes.jwks = setOf(OWN);
  world.clock.advance(1001);
  await expectCode(world, { token: TOKEN }, "ok");
});

Deno.test("a set of exactly 64 KiB is read", async () => {
  const world = await worldOf(CLERK);
  world.routes.jwks = padded(setOf(OWN), 64 * 1024);
  await expectCode(world, { token: TOKEN }, "ok");
});
