import assert from "node:assert/strict";
import { exportJWK, type JWK } from "jose";
import { expectCode } from "../support/expect.ts";
import {
  forge,
  makeSigner,
  PUBLIC_ALGORITHMS,
  sessionToken,
  type Signer,
  signerOf,
} from "../support/keys.ts";
import { json } from "../support/upstreams.ts";
import { World } from "../support/world.ts";

const GOOD = await signerOf("ES256");

/** A world with these keys, inline and then fetched. */
async function* worldsOf(...keys: JWK[]): AsyncGenerator<World> {
  yield await World.make({ SUPABASE_JWKS: JSON.stringify({ keys }) });
  yield await World.make({ SUPABASE_JWKS: undefined }, { jwks: json({ keys }) });
}

async function shortRsa(modulusLength: number): Promise<Signer> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ["sign", "verify"],
  );
  const jwk = { ...await exportJWK(publicKey), alg: "RS256", kid: "short", use: "sig" };
  return { alg: "RS256", kid: "short", jwk, secret: "", key: privateKey };
}

for (const bits of [1024, 2040]) {
  Deno.test(`an RSA key of ${bits} bits verifies nothing, and the other keys go on serving`, async () => {
    const signer = await shortRsa(bits);
    const token = await forge(signer, { alg: "RS256", kid: signer.kid });
    for await (const world of worldsOf(signer.jwk, GOOD.jwk)) {
      await expectCode(world, { token }, "invalid_token");
      assert.equal(world.to("user").length, 0);
      await expectCode(world, {}, "ok");
    }
  });
}

const BROKEN: [string, JWK][] = [
  ["off the curve", { ...GOOD.jwk, kid: "bad", y: GOOD.jwk.x }],
  ["at the origin", { ...GOOD.jwk, kid: "bad", x: "A".repeat(43), y: "A".repeat(43) }],
  ["with a short coordinate", { ...GOOD.jwk, kid: "bad", x: "AAAA" }],
  ["with no coordinate", { kty: "EC", crv: "P-256", alg: "ES256", kid: "bad", x: GOOD.jwk.x }],
  ["of another curve", { ...GOOD.jwk, kid: "bad", crv: "P-384" }],
  ["of no known type", { kty: "AKP", alg: "ML-DSA-44", kid: "bad", pub: "AAAA" }],
  ["with no type", { kid: "bad", alg: "ES256" } as JWK],
  ["of RSA with no modulus", { kty: "RSA", alg: "RS256", kid: "bad", e: "AQAB" }],
  ["of RSA with an exponent of 1", {
    kty: "RSA",
    alg: "RS256",
    kid: "bad",
    e: "AQ",
    n: "x".repeat(342),
  }],
  ["of Ed25519 that is too short", {
    kty: "OKP",
    crv: "Ed25519",
    alg: "EdDSA",
    kid: "bad",
    x: "AAAA",
  }],
  ["of X25519", { kty: "OKP", crv: "X25519", alg: "ECDH-ES", kid: "bad", x: "A".repeat(43) }],
];

for (const [what, jwk] of BROKEN) {
  Deno.test(`a key ${what} is skipped and logged, and the other keys serve`, async () => {
    const token = await forge(GOOD, { alg: jwk.alg ?? "ES256", kid: "bad" });
    for await (const world of worldsOf(jwk, GOOD.jwk)) {
      await expectCode(world, {}, "ok");
      assert.ok(world.lines.some((line) => "notice" in line), "the log tells of it");
      await expectCode(world, { token }, "invalid_token");
      assert.equal(world.to("user").length, 1, "the forged token reaches nobody");
    }
  });
}

Deno.test("two keys with one kid for the same algorithm are both not used", async () => {
  const twin = await makeSigner("ES256", { kid: GOOD.kid });
  const other = await signerOf("EdDSA");
  for await (const world of worldsOf(GOOD.jwk, twin.jwk, other.jwk)) {
    await expectCode(world, { token: await sessionToken(GOOD) }, "invalid_token", "the first");
    await expectCode(world, { token: await sessionToken(twin) }, "invalid_token", "the second");
    await expectCode(world, { token: await sessionToken(other) }, "ok", "a third");
  }
});

Deno.test("the same key twice is one key, and it serves", async () => {
  for (const alg of PUBLIC_ALGORITHMS) {
    const signer = await signerOf(alg);
    const again = { ...signer.jwk, use: undefined, key_ops: undefined };
    for await (const world of worldsOf(signer.jwk, again, signer.jwk)) {
      await expectCode(world, { token: await sessionToken(signer) }, "ok", alg);
      assert.ok(!world.log.includes("cannot be used"), world.log);
    }
  }
});

Deno.test("two keys with one kid for different algorithms are both used", async () => {
  const twin = await makeSigner("RS256", { kid: GOOD.kid });
  for await (const world of worldsOf(GOOD.jwk, twin.jwk)) {
    await expectCode(world, { token: await sessionToken(GOOD) }, "ok", "ES256");
    await expectCode(world, { token: await sessionToken(twin) }, "ok", "RS256");
  }
});

Deno.test("a set that holds a private key leaks none of it", async () => {
  const jwk = await exportJWK(GOOD.key as CryptoKey);
  const world = await World.make({
    SUPABASE_JWKS: JSON.stringify([{ ...jwk, kid: GOOD.kid, alg: "ES256" }]),
  });
  const answer = await world.ask();
  assert.ok(!`${answer.text}${world.log}`.includes(String(jwk.d)));
});

Deno.test("the first publishable key that is there is sent as apikey", async () => {
  const rows: [Record<string, string | undefined>, string][] = [
    [{ SUPABASE_PUBLISHABLE_KEY: "second", SUPABASE_ANON_KEY: "third" }, "first"],
    [{
      SUPABASE_PUBLISHABLE_KEYS: undefined,
      SUPABASE_PUBLISHABLE_KEY: "second",
      SUPABASE_ANON_KEY: "third",
    }, "second"],
    [{ SUPABASE_PUBLISHABLE_KEYS: undefined, SUPABASE_ANON_KEY: "third" }, "third"],
  ];
  for (const [settings, expected] of rows) {
    const first = JSON.stringify({ other: "wrong", default: "first" });
    const world = await World.make({ SUPABASE_PUBLISHABLE_KEYS: first, ...settings });
    await expectCode(world, {}, "ok");
    for (const call of [...world.to("user"), ...world.to("plan")]) {
      assert.equal(call.headers.apikey, expected);
    }
    assert.equal(world.to("mint")[0]?.headers.apikey, undefined, "and Behest does not see it");
  }
});
