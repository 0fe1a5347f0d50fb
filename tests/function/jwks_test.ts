import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../support/expect.ts";
import {
  forge,
  makeSigner,
  random,
  sessionToken,
  type Signer,
  signerOf,
  START,
} from "../support/keys.ts";
import {
  authRefusal,
  type Behaviour,
  brokenJson,
  failing,
  gatewayRefusal,
  hang,
  html,
  json,
  padded,
  raw,
  redirect,
  slow,
  tooMany,
  unreachable,
} from "../support/upstreams.ts";
import { PUBLISHABLE_KEY, SUPABASE_URL, World } from "../support/world.ts";

const KEY = await signerOf("ES256");
const NEXT = await makeSigner("ES256");
const MINUTE = 60_000;

/** Tokens that outlive every test. */
function lasting(signer: Signer): Promise<string> {
  return sessionToken(signer, { exp: START + 1e6 });
}
const TOKEN = await lasting(KEY);
const NEXT_TOKEN = await lasting(NEXT);
const strangers = (count: number) =>
  Promise.all(Array.from({ length: count }, () => forge(KEY, { alg: "ES256", kid: random(8) })));

function setOf(...signers: Signer[]): Behaviour {
  return json({ keys: signers.map(({ jwk }) => jwk) });
}

function fetchingWorld(jwks: Behaviour = setOf(KEY)): Promise<World> {
  return World.make({ SUPABASE_JWKS: undefined }, { jwks });
}

Deno.test("the set is fetched from the Auth server, with the publishable key and nobody's token", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  const [call] = world.to("jwks");
  assert.equal(call?.method, "GET");
  assert.equal(call?.url, `${SUPABASE_URL}/auth/v1/.well-known/jwks.json`);
  assert.equal(call?.headers.apikey, PUBLISHABLE_KEY);
  assert.equal(call?.headers.authorization, undefined);
});

Deno.test("the set is kept for ten minutes, and then fetched anew", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  world.clock.advance(10 * MINUTE - 1000);
  await expectCode(world, { token: TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 1, "within ten minutes");
  world.clock.advance(2000);
  await expectCode(world, { token: TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 2, "after ten minutes");
});

Deno.test("a key that was taken out of the set verifies no longer than ten minutes", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = setOf(NEXT);
  world.clock.advance(10 * MINUTE + 1000);
  await expectCode(world, { token: TOKEN }, "invalid_token");
  await expectCode(world, { token: NEXT_TOKEN }, "ok");
});

Deno.test("an unknown kid causes a refetch, so a new key serves at once", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = setOf(KEY, NEXT);
  world.clock.advance(1000);
  await expectCode(world, { token: NEXT_TOKEN }, "ok");
  assert.equal(world.to("jwks").length, 2);
  await expectCode(world, { token: TOKEN }, "ok", "the old key still stands in the set");
});

Deno.test("unknown kids cause at most one refetch in 30 seconds, however many there are", async () => {
  const world = await fetchingWorld();
  const tokens = await strangers(5);
  await expectCode(world, { token: TOKEN }, "ok");
  world.clock.advance(31_000);
  const flood = async () => {
    for (const token of tokens) await expectCode(world, { token }, "invalid_token");
    return world.to("jwks").length;
  };
  assert.equal(await flood(), 2);
  world.clock.advance(29_000);
  assert.equal(await flood(), 2, "29 seconds after the refetch");
  world.clock.advance(2000);
  assert.equal(await flood(), 3, "31 seconds after the refetch");
  assert.equal(world.to("user").length, 1, "the Auth server is asked about none of them");
});

Deno.test("unknown kids that come at the same time share one refetch", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  world.clock.advance(31_000);
  world.routes.jwks = slow(100, setOf(KEY));
  const answers = (await strangers(10)).map((token) => world.start({ token }));
  for (const { code } of await world.settle(Promise.all(answers))) {
    assert.equal(code, "invalid_token");
  }
  assert.equal(world.to("jwks").length, 2);
});

Deno.test("requests that come at the same time share one fetch, and all are served", async () => {
  const world = await fetchingWorld(slow(100, setOf(KEY)));
  for (const wave of [1, 2]) {
    const answers = Array.from({ length: 10 }, () => world.start({ token: TOKEN }));
    for (const { code } of await world.settle(Promise.all(answers))) assert.equal(code, "ok");
    assert.equal(world.to("jwks").length, wave);
    world.clock.advance(10 * MINUTE + 1000);
  }
});

Deno.test("requests that share a failing fetch are all answered, and the next one tries again", async () => {
  const world = await fetchingWorld(slow(100, failing(500)));
  const answers = Array.from({ length: 5 }, () => world.start({ token: TOKEN }));
  for (const { code } of await world.settle(Promise.all(answers))) {
    assert.equal(code, "auth_unavailable");
  }
  world.routes.jwks = setOf(KEY);
  world.clock.advance(31_000);
  await expectCode(world, { token: TOKEN }, "ok");
});

const LASTING = [[authRefusal(404, "x"), "auth_unavailable"], [
  failing(404),
  "supabase_rejected",
]] as const;
for (const [outage, code] of LASTING) {
  Deno.test(`while no set could ever be fetched (${code}), an outage is asked about once a second, however many tokens come`, async () => {
    const world = await fetchingWorld(outage);
    for (let nth = 0; nth < 20; nth++) await expectCode(world, { token: TOKEN }, code);
    assert.equal(world.to("jwks").length, 1);
    world.clock.advance(999);
    await expectCode(world, { token: TOKEN }, code);
    assert.equal(world.to("jwks").length, 1);
    world.clock.advance(1);
    world.routes.jwks = setOf(KEY);
    await expectCode(world, { token: TOKEN }, "ok");
    assert.equal(world.to("jwks").length, 2);
  });
}

Deno.test("a slow body and a hanging refresh take ten seconds together, too, while the key is at hand", async () => {
  const world = await fetchingWorld(setOf(KEY));
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = hang;
  world.clock.advance(601_000);
  const start = world.clock.tick();
  const body = new ReadableStream({
    start(controller) {
      world.clock.after(9_500, () => {
        controller.enqueue(new TextEncoder().encode("{}"));
        controller.close();
      });
    },
  });
  await world.ask({ token: TOKEN, body });
  assert.ok(world.clock.tick() - start <= 10_000, `${world.clock.tick() - start} ms`);
});

const OUTAGES: [string, Behaviour, string][] = [
  ["500", failing(500), "auth_unavailable"],
  ["503", failing(503), "auth_unavailable"],
  ["404 of the Auth server's own", authRefusal(404, "not_found"), "auth_unavailable"],
  ["404 of somebody else's", failing(404), "supabase_rejected"],
  ["the gateway's 401", gatewayRefusal(), "supabase_rejected"],
  ["a page in place of it", raw("<!doctype html><title>Blocked</title>", 403), "supabase_rejected"],
  ["429", tooMany("7"), "auth_unavailable"],
  ["no connection", unreachable, "auth_unavailable"],
  ["no answer", hang, "auth_timeout"],
  ["a redirect", redirect(302), "supabase_rejected"],
  ["HTML", html, "auth_unavailable"],
  ["broken JSON", brokenJson, "auth_unavailable"],
  ["an empty body", raw(""), "auth_unavailable"],
  ["null", json(null), "auth_unavailable"],
  ["an object with no keys", json({}), "auth_unavailable"],
  ["keys that are no list", json({ keys: "none" }), "auth_unavailable"],
  ["bytes that are no UTF-8", raw(Uint8Array.of(0x7b, 0xff, 0x7d)), "auth_unavailable"],
  ["more than 64 KiB", padded(setOf(KEY), 65_537), "auth_unavailable"],
];

/** No outage where there has been no key yet. */
const EMPTY: [string, Behaviour, string] = ["no key", json({ keys: [] }), "auth_unavailable"];

for (const [what, outage, code] of OUTAGES) {
  Deno.test(`with no set kept, ${what} is an outage: ${code}, with when to try again`, async () => {
    const world = await fetchingWorld(outage);
    const answer = await expectCode(world, { token: TOKEN }, code);
    if (code === "auth_unavailable") assert.match(answer.headers.get("Retry-After") ?? "", /^\d+$/);
    assert.equal(
      world.to("user").length + world.to("mint").length + world.to("elsewhere").length,
      0,
    );
  });
}

for (const [what, outage] of [...OUTAGES, EMPTY]) {
  Deno.test(`while the endpoint gives ${what}, the kept set goes on serving`, async () => {
    const world = await fetchingWorld();
    await expectCode(world, { token: TOKEN }, "ok");
    world.routes.jwks = outage;
    for (const minutes of [11, 1, 24 * 60]) {
      world.clock.advance(minutes * MINUTE);
      await expectCode(world, { token: TOKEN }, "ok", `${minutes} minutes on`);
    }
    assert.ok(world.to("jwks").length > 1, "it is asked for again");
    world.routes.jwks = setOf(NEXT);
    world.clock.advance(11 * MINUTE);
    // A fetch that nobody waits for any more comes to its end meanwhile.
    await world.quiet();
    await expectCode(
      world,
      { token: NEXT_TOKEN },
      "ok",
      "and the new set is taken when it is there",
    );
  });
}

for (const inline of [true, false]) {
  const where = inline ? "inline" : "fetched";
  const worldWithKey = async () => {
    const world = inline ? await World.make({}, { jwks: setOf(KEY) }) : await fetchingWorld();
    await expectCode(world, { token: TOKEN }, "ok");
    world.clock.advance(31_000);
    return world;
  };

  Deno.test(`an unknown key has an ${where} set fetched once in 30 seconds, and its public keys take the place of the old`, async () => {
    const world = await worldWithKey();
    const before = world.to("jwks").length;
    world.routes.jwks = setOf(NEXT);
    await expectCode(world, { token: NEXT_TOKEN }, "ok");
    assert.equal(world.to("jwks").length, before + 1);
    await expectCode(world, { token: TOKEN }, "invalid_token", "the old key is gone");
    assert.equal(world.to("jwks").length, before + 1, "and is not asked for within the pause");
    world.clock.advance(31_000);
    world.routes.jwks = setOf(KEY, NEXT);
    await expectCode(world, { token: TOKEN }, "ok");
    assert.equal(world.to("jwks").length, before + 2);
  });

  for (const [what, outage, code] of [...OUTAGES, EMPTY]) {
    Deno.test(`while the endpoint gives ${what} in place of an ${where} set, an unknown key is ${code}, and no sign-out`, async () => {
      const world = await worldWithKey();
      world.routes.jwks = outage;
      const start = world.clock.tick();
      for (const _ of [1, 2, 3]) {
        await expectCode(world, { token: NEXT_TOKEN }, code);
      }
      assert.ok(world.clock.tick() - start <= 3_000, "a second each at the most");
      await expectCode(world, { token: TOKEN }, "ok", "the keys at hand go on serving");
      assert.equal(world.to("user").length, 2, "nobody is asked about the unknown key's token");
    });
  }
}

Deno.test("a fetched set takes the place of an inline one's public keys, and leaves its secrets", async () => {
  const hmac = await signerOf("HS256");
  const inline = JSON.stringify({ keys: [KEY.jwk, hmac.jwk] });
  const world = await World.make({ SUPABASE_JWKS: inline }, { jwks: setOf(NEXT) });
  await expectCode(world, { token: NEXT_TOKEN }, "ok");
  await expectCode(world, { token: TOKEN }, "invalid_token");
  await expectCode(world, { token: await lasting(hmac) }, "ok");
  const thief = { ...await makeSigner("HS256"), kid: hmac.kid };
  await expectCode(world, { token: await lasting(thief) }, "invalid_token");
  assert.equal(world.to("jwks").length, 1);
});

Deno.test("a hanging endpoint costs a request no more than a second while its key is at hand", async () => {
  const world = await fetchingWorld();
  await expectCode(world, { token: TOKEN }, "ok");
  world.routes.jwks = hang;
  world.clock.advance(11 * MINUTE);
  const start = world.clock.tick();
  const answers = [1, 2, 3].map(() => world.start({ token: TOKEN }));
  for (const { code } of await world.settle(Promise.all(answers))) assert.equal(code, "ok");
  assert.ok(world.clock.tick() - start <= 1000, `${world.clock.tick() - start} ms`);
  assert.equal(world.to("jwks").length, 2, "one fetch, shared");
});

Deno.test("a first set is waited for longer than a second, for nothing else could serve", async () => {
  const world = await fetchingWorld(slow(4000, setOf(KEY)));
  await expectCode(world, { token: TOKEN }, "ok");
});

Deno.test("a slow body and a hanging endpoint take ten seconds together, not each", async () => {
  const world = await fetchingWorld(hang);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      world.clock.after(9000, () => controller.close());
    },
  });
  await expectCode(world, { token: TOKEN, body }, "auth_timeout");
  assert.ok(world.clock.tick() <= 10_000, `${world.clock.tick()} ms`);
});

Deno.test("a set of exactly 64 KiB is read", async () => {
  const world = await fetchingWorld(padded(setOf(KEY), 65_536));
  await expectCode(world, { token: TOKEN }, "ok");
});

Deno.test("a token that could never be accepted causes no fetch of keys", async () => {
  const world = await fetchingWorld();
  const rows: [string, string | null, string][] = [
    ["no token", null, "missing_token"],
    ["two parts", "a.b", "invalid_token"],
    ["no JSON", "a.b.c", "invalid_token"],
    ["alg none", await forge(KEY, { alg: "none" }), "invalid_token"],
    ["another alg", await forge(KEY, { alg: "ES384", kid: KEY.kid }), "invalid_token"],
    ["crit", await forge(KEY, { alg: "ES256", kid: KEY.kid, crit: ["exp"] }), "invalid_token"],
    ["expired", await sessionToken(KEY, { exp: START - 5 }), "expired_token"],
    ["no exp", await sessionToken(KEY, { exp: undefined }), "invalid_token"],
    ["not yet", await sessionToken(KEY, { nbf: START + 60 }), "invalid_token"],
    ["another aud", await sessionToken(KEY, { aud: "x" }), "invalid_token"],
    ["role anon", await sessionToken(KEY, { role: "anon" }), "not_a_user"],
    ["no sub", await sessionToken(KEY, { sub: undefined }), "not_a_user"],
    ["a publishable key", PUBLISHABLE_KEY, "not_a_user"],
  ];
  for (const [what, token, code] of rows) await expectUncalled(world, { token }, code, what);
});

Deno.test("an HS256 token is verified with the secret, and the public keys are not fetched for it", async () => {
  const signer = await signerOf("HS256");
  const world = await World.make({ SUPABASE_JWKS: undefined, JWT_SECRET: signer.secret });
  await expectCode(world, { token: await sessionToken(signer) }, "ok");
  assert.equal(world.to("jwks").length, 0);
});
