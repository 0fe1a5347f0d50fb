/** Keys that change while an isolate lives, and a set that goes bad. */
import assert from "node:assert/strict";
import type { JWK } from "jose";
import { expectCode } from "../../support/expect.ts";
import { makeSigner, random, sessionToken, signerOf, START } from "../../support/keys.ts";
import { assertWarned, inProject, type Project } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import { type Behaviour, failing, inTurn, json } from "../../support/upstreams.ts";
import { World } from "../../support/world.ts";

const OLD = await signerOf("ES256");
const NEW = await makeSigner("ES256");
const SECRET = await signerOf("HS256");

const setOf = (...keys: JWK[]): Behaviour => json({ keys });
const inline = (...keys: JWK[]) => ({ SUPABASE_JWKS: JSON.stringify({ keys }) });
/** A session whose key nobody has. */
const stranger = () => liveToken(NEW, {}, { kid: random(8) });

function fetches({ upstream }: Project): number {
  return upstream.to("jwks").length;
}

Deno.test("with a set of before the rotation inline, a session of the new key costs one fetch, and no other does", async () => {
  await inProject(inline(OLD.jwk), { jwks: setOf(NEW.jwk) }, async (project) => {
    await project.expect({ token: await liveToken(OLD) }, "ok", "before");
    assert.equal(fetches(project), 0, "the inline set serves without a fetch");
    for (const what of ["first", "second", "third"]) {
      await project.expect({ token: await liveToken(NEW) }, "ok", what);
      assert.equal(fetches(project), 1, what);
    }
    const [call] = project.upstream.to("jwks");
    assert.equal(call?.headers.authorization, undefined, "with nobody's token");
  });
});

Deno.test("sessions of the new key that come at the same time share the fetch, and all are served", async () => {
  await inProject(inline(OLD.jwk), { jwks: setOf(NEW.jwk) }, async (project) => {
    const tokens = [NEW, NEW, NEW, NEW, NEW].map((signer) => liveToken(signer));
    await Promise.all(
      tokens.map(async (token) => await project.expect({ token: await token }, "ok")),
    );
    assert.equal(fetches(project), 1);
  });
});

Deno.test("fetched public keys take the place of the inline ones, and inline oct keys stay", async () => {
  const settings = inline(OLD.jwk, SECRET.jwk);
  const fetched = await makeSigner("HS256");
  await inProject(settings, { jwks: setOf(NEW.jwk, fetched.jwk) }, async (project) => {
    await project.expect({ token: await liveToken(OLD) }, "ok", "the old key, before");
    await project.expect({ token: await liveToken(NEW) }, "ok", "the new key");
    await project.expect({ token: await liveToken(OLD) }, "invalid_token", "the old key, after");
    await project.expect({ token: await liveToken(SECRET) }, "ok", "the inline secret");
    await project.expect({ token: await liveToken(fetched) }, "invalid_token", "a fetched secret");
    assert.equal(fetches(project), 1);
  });
});

Deno.test("JWT_SECRET stays at hand when a set is fetched", async () => {
  const settings = { ...inline(OLD.jwk), JWT_SECRET: SECRET.secret, BEHEST_USER_CHECK: "claims" };
  await inProject(settings, { jwks: setOf(NEW.jwk) }, async (project) => {
    for (const signer of [SECRET, NEW, SECRET]) {
      await project.expect({ token: await liveToken(signer) }, "ok", signer.alg);
    }
    assert.equal(fetches(project), 1);
  });
});

Deno.test("a storm of unknown kids over an inline set causes one fetch, and good sessions are served through it", async () => {
  await inProject(inline(OLD.jwk), { jwks: setOf(OLD.jwk) }, async (project) => {
    const storm = Array.from({ length: 10 }, async () => {
      await project.expect({ token: await stranger() }, "invalid_token");
    });
    await Promise.all(storm);
    await project.expect({ token: await stranger() }, "invalid_token", "afterwards");
    await project.expect({ token: await liveToken(OLD) }, "ok");
    assert.equal(fetches(project), 1);
    const { upstream } = project;
    assert.equal(upstream.to("user").length, 1, "the Auth server is asked about none of them");
  });
});

Deno.test("an unknown kid over an inline set causes no fetch where the claims are bad", async () => {
  await inProject(inline(OLD.jwk), { jwks: setOf(NEW.jwk) }, async (project) => {
    const expired = await liveToken(NEW, { exp: START - 1e8 });
    assert.deepEqual(await project.calls({ token: expired }, "expired_token"), []);
    const foreign = await liveToken(NEW, { aud: "other" });
    assert.deepEqual(await project.calls({ token: foreign }, "invalid_token"), []);
  });
});

Deno.test("over an inline set too, unknown kids cause one refetch in 30 seconds, and a rotation is seen after them", async () => {
  const world = await World.make(inline(OLD.jwk), { jwks: setOf(OLD.jwk) });
  const claims = { exp: START + 1e6 };
  const unknown = await sessionToken(NEW, claims, { kid: "unknown" });
  const flood = async () => {
    for (let n = 0; n < 3; n++) await expectCode(world, { token: unknown }, "invalid_token");
    return world.to("jwks").length;
  };
  assert.equal(await flood(), 1);
  world.clock.advance(29_000);
  assert.equal(await flood(), 1, "29 seconds after it");
  world.routes.jwks = setOf(NEW.jwk);
  world.clock.advance(2_000);
  await expectCode(world, { token: await sessionToken(NEW, claims) }, "ok", "31 seconds after it");
  assert.equal(world.to("jwks").length, 2);
});

/** Sets without one usable key. */
const EMPTY: [string, Behaviour][] = [
  ["no key", setOf()],
  ["an oct key alone", setOf(SECRET.jwk)],
  ["a key of another curve", setOf({ ...NEW.jwk, crv: "P-384" })],
  ["a key off the curve", setOf({ ...NEW.jwk, y: NEW.jwk.x })],
  ["what is no key", json({ keys: [null, 1, "x", {}] })],
  ["two keys with one kid", setOf(NEW.jwk, { ...OLD.jwk, kid: NEW.kid })],
];

for (
  const [place, settings] of [
    ["fetched", { SUPABASE_JWKS: undefined }],
    ["inline", inline(OLD.jwk)],
    ["inline, half secret", inline(OLD.jwk, SECRET.jwk)],
  ] as const
) {
  Deno.test(`a good ${place} set goes on serving when jwks.json has no usable key any more`, async () => {
    const emptied = place === "fetched" ? inTurn(setOf(OLD.jwk), setOf()) : setOf();
    const log = await inProject(settings, { jwks: emptied }, async (project) => {
      await project.expect({ token: await liveToken(OLD) }, "ok", "before");
      const before = fetches(project);
      // Whether there is such a key, nobody can say: no reason to sign a user out.
      await project.expect({ token: await stranger() }, "auth_unavailable");
      assert.equal(fetches(project), before + 1, "an unknown kid is looked for");
      await project.expect({ token: await liveToken(OLD) }, "ok", "after");
    });
    assertWarned(log, "jwks.json");
  });

  Deno.test(`a good ${place} set goes on serving whatever jwks.json has in the place of keys, until it has one`, async () => {
    const world = await World.make(settings, { jwks: setOf(OLD.jwk) });
    const claims = { exp: START + 1e6 };
    const token = await sessionToken(OLD, claims);
    const unknown = await sessionToken(NEW, claims, { kid: "unknown" });
    await expectCode(world, { token }, "ok");
    for (const [what, jwks] of [...EMPTY, ["an outage", failing(503)] as const]) {
      world.routes.jwks = jwks;
      world.clock.advance(31_000);
      const before = world.to("jwks").length;
      await expectCode(world, { token: unknown }, "auth_unavailable", what);
      assert.ok(world.to("jwks").length > before, `${what}: it was asked for`);
      await expectCode(world, { token }, "ok", what);
    }
    world.routes.jwks = setOf(NEW.jwk);
    world.clock.advance(31_000);
    await expectCode(world, { token: await sessionToken(NEW, claims) }, "ok", "a good set again");
    await expectCode(world, { token }, "invalid_token", "which the old key is not in");
  });
}

Deno.test("where there was no public key, a set without one is a set: a session of another key is foreign", async () => {
  await inProject(inline(SECRET.jwk), { jwks: setOf() }, async (project) => {
    await project.expect({ token: await stranger() }, "invalid_token");
    await project.expect({ token: await liveToken(SECRET) }, "ok", "the inline secret stays");
  });
});

const { ext: _ext, key_ops: _ops, use: _use, ...BARE } = OLD.jwk as JWK & { ext?: boolean };

Deno.test("the same key twice in a set is one key, also where one of the two says less about itself", async () => {
  for (const keys of [[OLD.jwk, OLD.jwk], [OLD.jwk, BARE], [BARE, OLD.jwk, NEW.jwk]]) {
    await inProject(inline(...keys), {}, async (project) => {
      const calls = await project.calls({ token: await liveToken(OLD) }, "ok");
      assert.ok(!calls.includes("jwks"), "it is at hand");
    });
    const settings = { SUPABASE_JWKS: undefined };
    await inProject(settings, { jwks: setOf(...keys) }, async (project) => {
      await project.expect({ token: await liveToken(OLD) }, "ok", "fetched");
    });
  }
});

Deno.test("the same secret twice in the inline set is one key", async () => {
  const settings = { ...inline(SECRET.jwk, SECRET.jwk), BEHEST_USER_CHECK: "claims" };
  await inProject(settings, {}, async (project) => {
    await project.expect({ token: await liveToken(SECRET) }, "ok");
  });
});

Deno.test("two different keys with one kid are neither used, inline or fetched, and their neighbour is", async () => {
  const other = await makeSigner("ES256", { kid: OLD.kid });
  const keys = [OLD.jwk, other.jwk, OLD.jwk, NEW.jwk];
  for (const settings of [inline(...keys), { SUPABASE_JWKS: undefined }]) {
    await inProject(settings, { jwks: setOf(...keys) }, async (project) => {
      await project.expect({ token: await liveToken(NEW) }, "ok", "the neighbour");
      for (const signer of [OLD, other]) {
        await project.expect({ token: await liveToken(signer) }, "invalid_token");
      }
      assert.equal(project.upstream.to("user").length, 1);
    });
  }
});

Deno.test("one kid for two algorithms is no quarrel: both keys are used", async () => {
  const other = await makeSigner("RS256", { kid: OLD.kid });
  await inProject(inline(OLD.jwk, other.jwk), {}, async (project) => {
    for (const signer of [OLD, other]) {
      await project.expect({ token: await liveToken(signer) }, "ok");
    }
  });
});

Deno.test("whoever comes with a new key in an outage is told when it is looked for again, and is served then", async () => {
  const world = await World.make(inline(OLD.jwk), { jwks: failing(503) });
  const token = await sessionToken(NEW, { exp: START + 1e6 });
  const asked = await expectCode(world, { token }, "auth_unavailable");
  const fetches = world.to("jwks").length;
  world.routes.jwks = setOf(NEW.jwk);
  world.clock.advance(10_000);
  const again = await expectCode(world, { token }, "auth_unavailable", "in the pause");
  assert.equal(world.to("jwks").length, fetches);
  const [first, second] = [asked, again].map(({ headers }) => Number(headers.get("Retry-After")));
  assert.ok(first <= 30 && second <= 20 && second >= 15, `${first} ${second}`);
  world.clock.advance(second * 1000);
  await expectCode(world, { token }, "ok", "after it");
});
