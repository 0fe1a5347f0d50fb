/**
 * EdDSA signatures as Project Wycheproof bends them (ed25519). Who refuses: our own code a wrong
 * length, the platform's SubtleCrypto the rest.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { exportJWK } from "jose";
import { expectCode, expectKeysAsked, expectUncalled } from "../../support/expect.ts";
import { base64url, encodePart, makeSigner, sessionClaims } from "../../support/keys.ts";
import { challenge, fromLittle, L, mod, scalarOf, toLittle } from "../../support/rawcrypto.ts";
import { World } from "../../support/world.ts";

const SIGNER = await makeSigner("EdDSA");
const { d = "", x = "" } = await exportJWK(SIGNER.key as CryptoKey);
const [SEED, KEY] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
const WORLD = await World.make({ SUPABASE_JWKS: JSON.stringify([SIGNER.jwk]) });

const textOf = (kid: string, jti = "1") =>
  `${encodePart({ alg: "EdDSA", kid })}.${encodePart(sessionClaims({ jti }))}`;
const TEXT = textOf(SIGNER.kid);

async function refused(what: string, signature: Uint8Array) {
  await expectUncalled(WORLD, { token: `${TEXT}.${base64url(signature)}` }, "invalid_token", what);
}

function hex(digits: string): Buffer {
  return Buffer.from(digits, "hex");
}

async function signed(): Promise<[r: Buffer, s: Buffer]> {
  const data = new TextEncoder().encode(TEXT);
  const bytes = await crypto.subtle.sign("Ed25519", SIGNER.key as CryptoKey, data);
  return [Buffer.from(bytes, 0, 32), Buffer.from(bytes, 32)];
}

Deno.test("EdDSA: an S of L or more is refused, though it counts the same modulo L", async () => {
  const [r, s] = await signed();
  await expectCode(WORLD, { token: `${TEXT}.${base64url(Buffer.concat([r, s]))}` }, "ok");
  const value = fromLittle(s);
  // RFC 8032 section 5.1.7, step 1.
  for (let times = 1n; value + times * L < 2n ** 256n; times++) {
    await refused(`S + ${times} L`, Buffer.concat([r, toLittle(value + times * L)]));
  }
  for (const edge of [0n, 1n, L - 1n, L, L + 1n, 2n ** 252n, 2n ** 255n, 2n ** 256n - 1n]) {
    await refused(`S = ${edge}`, Buffer.concat([r, toLittle(edge)]));
  }
  await refused("-S", Buffer.concat([r, toLittle(L - value)]));
});

Deno.test("EdDSA: an R that is written otherwise, or no point, is refused", async () => {
  const [r, s] = await signed();
  // The neutral element in each way but its own; S is right for every one of them.
  const neutral = [
    `01${"00".repeat(30)}80`,
    `ee${"ff".repeat(30)}7f`,
    `ee${"ff".repeat(31)}`,
  ];
  for (const written of neutral.map(hex)) {
    const fitting = mod(challenge(written, KEY, TEXT) * scalarOf(SEED), L);
    await refused(`R = ${base64url(written)}`, Buffer.concat([written, toLittle(fitting)]));
  }
  const shapes: Record<string, Buffer> = {
    "R with its sign changed": Buffer.concat([flip(r, 255), s]),
    "R of zeros": Buffer.concat([Buffer.alloc(32), s]),
    "R of ones": Buffer.concat([Buffer.alloc(32, 0xff), s]),
    "R of p": Buffer.concat([hex(`ed${"ff".repeat(30)}7f`), s]),
    "R that is no point": Buffer.concat([hex(`02${"00".repeat(31)}`), s]),
    "S and R swapped": Buffer.concat([s, r]),
    "zeros": Buffer.alloc(64),
    "R alone": r,
    "a byte less": Buffer.concat([r, s]).subarray(0, 63),
    "a byte more": Buffer.concat([r, s, Buffer.of(0)]),
    "nothing": Buffer.alloc(0),
  };
  for (const [what, signature] of Object.entries(shapes)) await refused(what, signature);
});

function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

Deno.test("EdDSA: a key that is no point, or one written otherwise, verifies nothing", async () => {
  const [r, s] = await signed();
  const rows: [Buffer, typeof expectUncalled][] = [
    [hex(`02${"00".repeat(31)}`), expectUncalled],
    // Not even taken for a key: there may be a sound one of its name by now.
    [Buffer.alloc(32, 0xff), expectKeysAsked],
    [flip(KEY, 255), expectUncalled],
    [flip(KEY, 0), expectUncalled],
  ];
  for (const [key, expectRefused] of rows) {
    const jwk = { kty: "OKP", crv: "Ed25519", kid: SIGNER.kid, x: base64url(key) };
    const world = await World.make({ SUPABASE_JWKS: JSON.stringify([jwk]) });
    const token = `${TEXT}.${base64url(Buffer.concat([r, s]))}`;
    await expectRefused(world, { token }, "invalid_token", `key ${base64url(key)}`);
  }
});

/** Every text of a point whose order divides 8, canonical or not. */
const SMALL = [
  `01${"00".repeat(31)}`,
  `01${"00".repeat(30)}80`,
  `ec${"ff".repeat(30)}7f`,
  `ec${"ff".repeat(31)}`,
  "00".repeat(32),
  `${"00".repeat(31)}80`,
  `ed${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(31)}`,
  `ee${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(31)}`,
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
];

Deno.test("EdDSA: a key of small order verifies nothing, since anybody can sign for it", async () => {
  // W3C, Secure Curves in the Web Cryptography API, Ed25519 "verify": such a key is false for all.
  const neutral = hex(SMALL[0] ?? "");
  const accepted: string[] = [];
  for (const small of SMALL) {
    const key = hex(small);
    const jwk = { kty: "OKP", crv: "Ed25519", kid: "small", x: base64url(key) };
    const world = await World.make({ SUPABASE_JWKS: JSON.stringify([jwk, SIGNER.jwk]) });
    // Eight times any of these points is the neutral one: for one text in eight S = 0 will do.
    let jti = 0;
    const text = () => textOf("small", `${jti}`);
    while (challenge(neutral, key, text()) % 8n !== 0n) jti++;
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    const { code } = await world.ask({ token: `${text()}.${base64url(forged)}` });
    const asked = world.calls.map(({ route }) => route).join();
    if (code !== "invalid_token" || asked !== "jwks") accepted.push(small);
  }
  assert.deepEqual(accepted, []);
});
