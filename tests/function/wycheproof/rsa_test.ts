/**
 * RS256 signatures as Project Wycheproof bends them (rsa_signature_2048_sha256, and the padding
 * cases of json_web_signature). The platform's SubtleCrypto refuses them all; what our own code
 * says of RSA keys stands in `tests/wycheproof.rs`.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { exportJWK } from "jose";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { base64url, encodePart, makeSigner, sessionClaims } from "../../support/keys.ts";
import { RsaNumbers, sha256, toBytes, toNumber } from "../../support/rawcrypto.ts";
import { World } from "../../support/world.ts";

const SIGNER = await makeSigner("RS256");
const PRIVATE = SIGNER.key as CryptoKey;
const KEY = new RsaNumbers(await exportJWK(PRIVATE) as JsonWebKey);
const WORLD = await World.make({ SUPABASE_JWKS: JSON.stringify([SIGNER.jwk]) });

const textOf = (jti = "1") =>
  `${encodePart({ alg: "RS256", kid: SIGNER.kid })}.${encodePart(sessionClaims({ jti }))}`;
const TEXT = textOf();
const HASH = sha256(TEXT);
/** SEQUENCE { SEQUENCE { OID sha256, NULL }, OCTET STRING of 32 } (RFC 8017 section 9.2). */
const INFO = hex("3031300d060960864801650304020105000420");

function hex(digits: string): Buffer {
  return Buffer.from(digits, "hex");
}

async function refused(what: string, signature: Uint8Array, text = TEXT): Promise<void> {
  const token = `${text}.${base64url(signature)}`;
  await expectUncalled(WORLD, { token }, "invalid_token", what);
}

async function sign(text: string): Promise<Buffer> {
  const bytes = new TextEncoder().encode(text);
  return Buffer.from(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", PRIVATE, bytes));
}

Deno.test("RS256: the padding that the standard asks for is good", async () => {
  const signature = KEY.raw(KEY.padded(Buffer.concat([INFO, HASH])));
  assert.deepEqual(signature, await sign(TEXT), "the numbers here sign as the platform does");
  await expectCode(WORLD, { token: `${TEXT}.${base64url(signature)}` }, "ok");
});

Deno.test("RS256: a digest in any other wrapping is refused", async () => {
  const digest = (name: string) => createHash(name).update(TEXT).digest();
  const contents: Record<string, Buffer> = {
    "no NULL": Buffer.concat([hex("302f300b0609608648016503040201" + "0420"), HASH]),
    "NULL with content": Buffer.concat([hex("3032300e06096086480165030402010501000420"), HASH]),
    "octets in place of NULL": Buffer.concat([hex("3031300d060960864801650304020104000420"), HASH]),
    "NULL twice": Buffer.concat([hex("3033300f0609608648016503040201050005000420"), HASH]),
    "the outer length in two bytes": Buffer.concat([hex("308131"), INFO.subarray(2), HASH]),
    "the outer length in three": Buffer.concat([hex("30820031"), INFO.subarray(2), HASH]),
    "an outer length without end": Buffer.concat([
      hex("3080"),
      INFO.subarray(2),
      HASH,
      hex("0000"),
    ]),
    "the hash's length in two bytes": Buffer.concat([
      hex("3032300d06096086480165030402010500048120"),
      HASH,
    ]),
    "an inner length without end": Buffer.concat([
      hex("30333080060960864801650304020105000000" + "0420"),
      HASH,
    ]),
    "a hash in two halves": Buffer.concat([
      hex("3035300d06096086480165030402010500" + "2424"),
      hex("0410"),
      HASH.subarray(0, 16),
      hex("0410"),
      HASH.subarray(16),
    ]),
    "octets behind the hash": Buffer.concat([hex("3033"), INFO.subarray(2), HASH, hex("0500")]),
    "bytes behind everything": Buffer.concat([INFO, HASH, hex("00")]),
    "the hash cut": Buffer.concat([INFO, HASH.subarray(0, 31)]),
    "the hash alone": HASH,
    "nothing": Buffer.alloc(0),
    "the hash flipped": Buffer.concat([INFO, HASH.map((byte) => byte ^ 0xff)]),
    "named SHA-512": Buffer.concat([hex("3031300d060960864801650304020305000420"), HASH]),
    "named SHA-384": Buffer.concat([hex("3031300d060960864801650304020205000420"), HASH]),
    "named SHA-224": Buffer.concat([hex("3031300d060960864801650304020405000420"), HASH]),
    "named SHA3-256": Buffer.concat([hex("3031300d060960864801650304020805000420"), HASH]),
    "SHA-1": Buffer.concat([hex("3021300906052b0e03021a05000414"), digest("sha1")]),
    "SHA-512": Buffer.concat([hex("3051300d060960864801650304020305000440"), digest("sha512")]),
    "MD5": Buffer.concat([hex("3020300c06082a864886f70d020505000410"), digest("md5")]),
  };
  for (const [what, content] of Object.entries(contents)) {
    await refused(what, KEY.raw(KEY.padded(content)));
  }
});

Deno.test("RS256: a digest with any other padding before it is refused", async () => {
  const content = Buffer.concat([INFO, HASH]);
  const good = KEY.padded(content);
  const changed = (at: number, byte: number) => {
    const block = Buffer.from(good);
    block[at] = byte;
    return block;
  };
  /** The content further left, and anything behind: a cube root away from a forgery where e = 3. */
  const early = (fill: number) => {
    const start = Buffer.concat([hex("0001"), Buffer.alloc(fill, 0xff), hex("00"), content]);
    return Buffer.concat([start, Buffer.alloc(KEY.length - start.length, 0x5a)]);
  };
  const end = good.indexOf(0, 2);
  const blocks: Record<string, Buffer> = {
    "block type 0": changed(1, 0),
    "block type 2": changed(1, 2),
    "a first byte of 1": changed(0, 1),
    "a fill byte that is not FF": changed(40, 0xfe),
    "a zero among the fill": changed(40, 0),
    "a last fill byte that is not FF": changed(end - 1, 0x7f),
    "no zero behind the fill": changed(end, 0xff),
    "a fill of zeros": Buffer.concat([hex("0001"), Buffer.alloc(end - 2), good.subarray(end)]),
    "a fill of eight, and garbage behind": early(8),
    "no fill, and garbage behind": early(0),
    "no padding at all": Buffer.concat([Buffer.alloc(KEY.length - content.length), content]),
    "the content shifted by one": Buffer.concat([hex("00"), good.subarray(0, -1)]),
  };
  for (const [what, block] of Object.entries(blocks)) await refused(what, KEY.raw(block));
});

Deno.test("RS256: a signature of another length than the key, or not below its modulus, is refused", async () => {
  const good = await sign(TEXT);
  const numbers: Record<string, bigint> = {
    "0": 0n,
    "1": 1n,
    "n - 1": KEY.n - 1n,
    "n": KEY.n,
    "n + 1": KEY.n + 1n,
    "2^2048 - 1": 2n ** 2048n - 1n,
  };
  for (const [what, number] of Object.entries(numbers)) {
    await refused(`s = ${what}`, toBytes(number, KEY.length));
  }
  await refused("s + n, one byte longer", toBytes(toNumber(good) + KEY.n, KEY.length + 1));
  const shapes: Record<string, Buffer> = {
    "nothing": Buffer.alloc(0),
    "a zero before": Buffer.concat([hex("00"), good]),
    "a zero behind": Buffer.concat([good, hex("00")]),
    "the last byte cut": good.subarray(0, -1),
    "the first byte cut": good.subarray(1),
    "half of it": good.subarray(0, 128),
    "twice": Buffer.concat([good, good]),
    "backwards": Buffer.from(good).reverse(),
  };
  for (const [what, signature] of Object.entries(shapes)) await refused(what, signature);
});

Deno.test("RS256: a good signature whose first byte is zero is refused without it", async () => {
  for (let jti = 0;; jti++) {
    const text = textOf(String(jti));
    const signature = await sign(text);
    if (signature[0] !== 0) continue;
    await expectCode(WORLD, { token: `${text}.${base64url(signature)}` }, "ok");
    // RFC 8017 section 8.2.2, step 1.
    return await refused("shortened", signature.subarray(1), text);
  }
});

Deno.test("RS256: the same key's PSS, SHA-384 and SHA-512 signatures are refused", async () => {
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", PRIVATE);
  for (
    const [name, hash] of [
      ["RSA-PSS", "SHA-256"],
      ["RSASSA-PKCS1-v1_5", "SHA-384"],
      ["RSASSA-PKCS1-v1_5", "SHA-512"],
      ["RSASSA-PKCS1-v1_5", "SHA-1"],
    ] as const
  ) {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name, hash }, false, ["sign"]);
    const data = new TextEncoder().encode(TEXT);
    const signature = await crypto.subtle.sign({ name, saltLength: 32 }, key, data);
    await refused(`${name} with ${hash}`, new Uint8Array(signature));
  }
});
