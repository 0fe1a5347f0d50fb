/**
 * ES256 signatures as Project Wycheproof bends them (ecdsa_secp256r1_sha256_p1363). Who refuses:
 * our own code a wrong length and a point off the curve, the platform's SubtleCrypto the rest.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { JWK } from "jose";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { base64url, encodePart, sessionClaims } from "../../support/keys.ts";
import {
  der,
  FIELD,
  G,
  inverse,
  joined,
  keyFor,
  mod,
  multiply,
  N,
  pointAt,
  sha256,
  toBytes,
  toNumber,
} from "../../support/rawcrypto.ts";
import { World } from "../../support/world.ts";

/** The first of these numbers that is the x of a point. */
function firstPoint(x: bigint, step: bigint) {
  for (;; x += step) {
    const point = pointAt(x);
    if (point) return point;
  }
}

function textOf(kid: string): string {
  return `${encodePart({ alg: "ES256", kid, typ: "JWT" })}.${encodePart(sessionClaims())}`;
}

/** Serves each signature under a key of its own, and expects these codes. */
async function judge(
  jwk: (text: string) => JWK,
  rows: Record<string, [signature: (text: string) => Uint8Array, code: string]>,
): Promise<void> {
  for (const [what, [signature, code]] of Object.entries(rows)) {
    const text = textOf(what);
    const world = await World.make({
      SUPABASE_JWKS: JSON.stringify([{ ...jwk(text), kid: what, use: "sig" }]),
    });
    const token = `${text}.${base64url(signature(text))}`;
    if (code === "ok") await expectCode(world, { token }, code, what);
    else await expectUncalled(world, { token }, code, what);
  }
}

Deno.test("ES256: an r or s that n was added to is refused, though it counts the same modulo n", async () => {
  const least = firstPoint(1n, 1n);
  await judge((text) => keyFor(text, least, 5n), {
    "r of three bits and s of three bits": [() => joined(least.x, 5n), "ok"],
    "r + n": [() => joined(least.x + N, 5n), "invalid_token"],
    "s + n": [() => joined(least.x, 5n + N), "invalid_token"],
    "both + n": [() => joined(least.x + N, 5n + N), "invalid_token"],
  });
});

Deno.test("ES256: an x beyond n counts reduced, and is refused as it stands", async () => {
  const beyond = firstPoint(FIELD - 1n, -1n);
  assert.ok(beyond.x > N);
  await judge((text) => keyFor(text, beyond, 7n), {
    "x - n": [() => joined(beyond.x - N, 7n), "ok"],
    "x itself": [() => joined(beyond.x, 7n), "invalid_token"],
  });
});

Deno.test("ES256: the least and the greatest s are good, and so is n - s", async () => {
  const at = multiply(12345n, G);
  assert.ok(at);
  // RFC 7518 forbids no high s. A token's twin is good for nothing that the token is not.
  for (const s of [1n, 2n, N / 2n, N - 1n]) {
    await judge((text) => keyFor(text, at, s), {
      "s": [() => joined(mod(at.x, N), s), "ok"],
      "n - s": [() => joined(mod(at.x, N), N - s), "ok"],
    });
  }
});

Deno.test("ES256: a sum that doubles a point is good, and one that is infinity is refused", async () => {
  const k = 987654321n;
  const at = multiply(k, G);
  assert.ok(at);
  const r = mod(at.x, N);
  const z = (text: string) => toNumber(sha256(text));
  const s = (text: string) => mod(2n * z(text) * inverse(k, N), N);
  await judge((text) => keyFor(text, at, s(text)), {
    "u1 G = u2 Q": [(text) => joined(r, s(text)), "ok"],
  });
  const opposite = (text: string): JWK => {
    const key = multiply(N - mod(z(text) * inverse(r, N), N), G);
    assert.ok(key);
    const [x, y] = [key.x, key.y].map((number) => base64url(toBytes(number, 32)));
    return { kty: "EC", crv: "P-256", alg: "ES256", x, y };
  };
  await judge(opposite, {
    "u1 G = -u2 Q": [() => joined(r, 1n), "invalid_token"],
    "u1 G = -u2 Q, r = 0": [() => joined(0n, 1n), "invalid_token"],
  });
});

Deno.test("ES256: a DER signature is refused, also one of the very length of a good one", async () => {
  const at = multiply(24680n, G);
  assert.ok(at);
  const r = mod(at.x, N);
  let s = 1n;
  while (der(r, s).length < 64) s <<= 8n;
  assert.equal(der(r, s).length, 64);
  await judge((text) => keyFor(text, at, s), {
    "the pair": [() => joined(r, s), "ok"],
    "its DER": [() => der(r, s), "invalid_token"],
  });
});

Deno.test("ES256: zeros, n, p, ones, swapped and shifted halves are refused under a sound key", async () => {
  const at = multiply(1357n, G);
  assert.ok(at);
  const [r, s] = [mod(at.x, N), 0x1234567890abcdefn << 128n];
  const good = joined(r, s);
  const rows: Record<string, [() => Uint8Array, string]> = { "good": [() => good, "ok"] };
  const edges: Record<string, bigint> = {
    "0": 0n,
    "1": 1n,
    "n - 1": N - 1n,
    "n": N,
    "n + 1": N + 1n,
    "p": FIELD,
    "p + 1": FIELD + 1n,
    "2^256 - 1": 2n ** 256n - 1n,
  };
  for (const [one, a] of Object.entries(edges)) {
    rows[`r = ${one}`] = [() => joined(a, s), "invalid_token"];
    rows[`s = ${one}`] = [() => joined(r, a), "invalid_token"];
    for (const [other, b] of Object.entries(edges)) {
      rows[`r = ${one}, s = ${other}`] = [() => joined(a, b), "invalid_token"];
    }
  }
  rows["swapped"] = [() => joined(s, r), "invalid_token"];
  rows["little-endian"] = [() => Buffer.from(good).reverse(), "invalid_token"];
  const [left, right] = [good.subarray(0, 32), good.subarray(32)];
  const shaped: Record<string, Uint8Array[]> = {
    "a zero before each half": [Buffer.of(0), left, Buffer.of(0), right],
    "a zero before": [Buffer.of(0), good],
    "a zero behind": [good, Buffer.of(0)],
    "the zeros of s left out": [left, right.filter((byte) => byte !== 0)],
    "each half 48 bytes": [Buffer.alloc(16), left, Buffer.alloc(16), right],
    "r alone": [left],
    "nothing": [],
  };
  for (const [what, parts] of Object.entries(shaped)) {
    rows[what] = [() => Buffer.concat(parts), "invalid_token"];
  }
  await judge((text) => keyFor(text, at, s), rows);
});
