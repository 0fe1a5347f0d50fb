/** Signatures that no honest signer makes, of each algorithm, over claims that are good. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assault, everyKey, liveClaims, liveForgery, siege } from "../../support/attack.ts";
import { big, bytesOf, power } from "../../support/numbers.ts";
import { base64url, signerOf } from "../../support/keys.ts";

/** The order of P-256 (SP 800-186 section 3.2.1.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** Its field's prime. */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
/** The order of edwards25519's base point (RFC 8032 section 5.1). */
const L = (1n << 252n) + 27742317777372353535851937790883648493n;

const ES256 = await signerOf("ES256");
const EDDSA = await signerOf("EdDSA");
const RSA = await signerOf("RS256");

/** A good token, taken apart into what was signed and the signature. */
async function parts(signer = ES256): Promise<[input: string, signature: Buffer]> {
  const token = await liveForgery(signer, {}, liveClaims({ jti: crypto.randomUUID() }));
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), Buffer.from(token.slice(dot + 1), "base64url")];
}

siege("no odd pair of r and s passes for ES256", async function* () {
  const [input, signature] = await parts();
  const [r, s] = [big(signature.subarray(0, 32)), big(signature.subarray(32))];
  const pair = (a: bigint, b: bigint) =>
    `${input}.${base64url(Buffer.concat([bytesOf(a, 32), bytesOf(b, 32)]))}`;
  const top = (1n << 256n) - 1n;
  // CVE-2022-21449, "psychic signatures": with r and s of zero every message verified.
  const odd: Record<string, bigint> = {
    "0": 0n,
    "n": N,
    "n + 1": N + 1n,
    "p": P,
    "2^256 - 1": top,
  };
  for (const [one, a] of Object.entries({ ...odd, "1": 1n, "n - 1": N - 1n })) {
    for (const [other, b] of Object.entries({ ...odd, "1": 1n, "n - 1": N - 1n })) {
      yield [`r of ${one} and s of ${other}`, pair(a, b)];
    }
  }
  for (const [what, value] of Object.entries(odd)) {
    yield [`r of ${what}`, pair(value, s)];
    yield [`s of ${what}`, pair(r, value)];
  }
  yield ["r and s swapped", pair(s, r)];
  yield ["r as its own negative", pair(N - r, s)];
  yield ["s as two's complement", pair(r, (1n << 256n) - s)];
  yield ["r as two's complement", pair((1n << 256n) - r, s)];
  yield ["r twice", pair(r, r)];
  const [other] = await parts();
  yield ["the signature of another token", `${other}.${base64url(signature)}`];
});

siege("no signature of another form passes for ES256", async function* () {
  const [input, raw] = await parts();
  const integer = (bytes: Uint8Array) => Buffer.of(2, bytes.length + 1, 0, ...bytes);
  const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
  const forms: Record<string, Uint8Array> = {
    "in DER": Buffer.of(0x30, body.length, ...body),
    "in DER, cut to 64 bytes": Buffer.of(0x30, body.length, ...body).subarray(0, 64),
    "of 63 bytes": raw.subarray(0, 63),
    "of 65 bytes, a zero behind": Buffer.of(...raw, 0),
    "of 65 bytes, a zero before": Buffer.of(0, ...raw),
    "with its recovery byte": Buffer.of(...raw, 27),
    "of 32 bytes": raw.subarray(0, 32),
    "of 1 byte": Buffer.of(0),
    "of no byte": Buffer.of(),
    "of 96 zeros, as for P-384": Buffer.alloc(96),
    "twice": Buffer.of(...raw, ...raw),
    "with its bytes backwards": Buffer.from(raw).reverse(),
  };
  for (const [what, form] of Object.entries(forms)) yield [what, `${input}.${base64url(form)}`];
  yield ["in hex", `${input}.${raw.toString("hex")}`];
  yield ["in base64url twice", `${input}.${base64url(Buffer.from(base64url(raw)))}`];
});

assault(
  "the twin (r, n - s) is the same signature: it proves the same claims, and no others",
  async (target) => {
    const [input, signature] = await parts();
    const twin = bytesOf(N - big(signature.subarray(32)), 32);
    const end = base64url(Buffer.concat([signature.subarray(0, 32), twin]));
    // Anyone can make it, so a token's text is no name for it; but it forges nothing.
    await target.serve("the same claims", { token: `${input}.${end}` });
    const [other] = await parts();
    await target.refuse("other claims", { token: `${other}.${end}` }, "invalid_token");
  },
);

siege("no odd pair of R and S passes for EdDSA", async function* () {
  const [input, signature] = await parts(EDDSA);
  const [r, s] = [signature.subarray(0, 32), little(signature.subarray(32))];
  const pair = (a: Uint8Array, b: bigint) =>
    `${input}.${base64url(Buffer.concat([a, Buffer.from(bytesOf(b, 32)).reverse()]))}`;
  const point = (y: bigint) => Buffer.from(bytesOf(y, 32)).reverse();
  // RFC 8032 section 5.1.7: S is below L, or the signature is malleable (CVE-2020-36843).
  for (const times of [1n, 2n, 7n, 14n]) yield [`S + ${times}L`, pair(r, s + times * L)];
  yield ["S of 0", pair(r, 0n)];
  yield ["S of L", pair(r, L)];
  yield ["S of 2^256 - 1", pair(r, (1n << 256n) - 1n)];
  yield ["S as its own negative", pair(r, L - s)];
  const field = (1n << 255n) - 19n;
  const points = { "identity": 1n, "zero": 0n, "order two": field - 1n, "unreduced": field + 1n };
  for (const [what, y] of Object.entries(points)) {
    yield [`R of ${what} and S of 0`, pair(point(y), 0n)];
    yield [`R of ${what}`, pair(point(y), s)];
  }
  yield ["zeros", `${input}.${base64url(Buffer.alloc(64))}`];
  yield ["the halves swapped", `${input}.${base64url(Buffer.of(...signature.subarray(32), ...r))}`];
  for (const length of [0, 1, 32, 63]) {
    yield [`cut to ${length} bytes`, `${input}.${base64url(signature.subarray(0, length))}`];
  }
  yield ["longer by a zero", `${input}.${base64url(Buffer.of(...signature, 0))}`];
  yield ["of 114 bytes, as for Ed448", `${input}.${base64url(Buffer.alloc(114))}`];
});

function little(bytes: Uint8Array): bigint {
  return big(Uint8Array.from(bytes).reverse());
}

siege("no odd number passes for an RS256 signature", async function* () {
  const n = big(Buffer.from(String(RSA.jwk.n), "base64url"));
  const [input, signature] = await parts(RSA);
  const s = big(signature);
  const number = (value: bigint) => `${input}.${base64url(bytesOf(value, 256))}`;
  const numbers = { "0": 0n, "1": 1n, "2": 2n, "n - 1": n - 1n, "n": n, "n + 1": n + 1n };
  for (const [what, value] of Object.entries(numbers)) yield [what, number(value)];
  yield ["n - s", number(n - s)];
  yield ["2^2048 - 1", number((1n << 2048n) - 1n)];
  // RFC 8017 section 8.2.2: as long as the modulus, and below it.
  const forms: Record<string, Uint8Array> = {
    "longer by a zero before": Buffer.of(0, ...signature),
    "longer by a zero behind": Buffer.of(...signature, 0),
    "shorter by its last byte": signature.subarray(0, -1),
    "shorter by its first byte": signature.subarray(1),
    "in half": signature.subarray(0, 128),
    "twice": Buffer.of(...signature, ...signature),
    "of no byte": Buffer.of(),
    "of a kilobyte": Buffer.alloc(1024, 7),
    "of 8 KiB": Buffer.alloc(8192, 7),
    "backwards": Buffer.from(signature).reverse(),
  };
  for (const [what, form] of Object.entries(forms)) yield [what, `${input}.${base64url(form)}`];
  const unreduced = await findParts((value) => value + n < 1n << 2048n);
  yield ["s + n", `${unreduced[0]}.${base64url(bytesOf(big(unreduced[1]) + n, 256))}`];
  const short = await findParts((value) => value < 1n << 2040n);
  yield ["its leading zero left out", `${short[0]}.${base64url(short[1].subarray(1))}`];
});

/** A good RS256 token whose signature is such a number. */
async function findParts(wanted: (signature: bigint) => boolean): Promise<[string, Buffer]> {
  for (let tries = 0; tries < 20_000; tries++) {
    const found = await parts(RSA);
    if (wanted(big(found[1]))) return found;
  }
  throw new Error("no such signature");
}

/** What stands before a SHA-256 digest (RFC 8017 section 9.2). */
const DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");

siege("an RS256 signature's padding is checked to the last byte", async function* (target) {
  const jwk = await crypto.subtle.exportKey("jwk", RSA.key as CryptoKey);
  const [n, d] = [jwk.n, jwk.d].map((text) => big(Buffer.from(String(text), "base64url")));
  assert.ok(n && d);
  const [input] = await parts(RSA);
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(input)));
  const wrap = (start: number[], fill: number, tail: Uint8Array) =>
    Buffer.concat([
      Buffer.from(start),
      Buffer.alloc(255 - start.length - tail.length, fill),
      Buffer.of(0),
      tail,
    ]);
  const end = Buffer.concat([DIGEST_INFO, hash]);
  const signed = (padded: Uint8Array) =>
    `${input}.${base64url(bytesOf(power(big(padded), d, n), 256))}`;
  await target.serve("the padding of the RFC", { token: signed(wrap([0, 1], 255, end)) });
  // Bleichenbacher's forgery of 2006 and its kin: CVE-2006-4339, CVE-2014-1568, CVE-2022-24771.
  const garbage = Buffer.concat([Buffer.of(0, 1, ...Buffer.alloc(8, 255), 0), end]);
  const paddings: Record<string, Uint8Array> = {
    "garbage behind the hash": Buffer.concat([garbage, Buffer.alloc(256 - garbage.length, 7)]),
    "a byte behind the hash": wrap([0, 1], 255, Buffer.concat([end, Buffer.of(0)])),
    "padding of another byte": wrap([0, 1], 254, end),
    "padding of zeros (block type 0)": wrap([0, 0], 0, end),
    "random padding (block type 2)": wrap([0, 2], 7, end),
    "no algorithm before the hash": wrap([0, 1], 255, hash),
    "another hash's algorithm": wrap(
      [0, 1],
      255,
      Buffer.concat([
        Buffer.from("3021300906052b0e03021a05000414", "hex"),
        hash.subarray(0, 20),
      ]),
    ),
    "another hash's algorithm before this hash": wrap(
      [0, 1],
      255,
      Buffer.concat([
        Buffer.from("3031300d060960864801650304020205000420", "hex"),
        hash,
      ]),
    ),
    "a length in BER": wrap(
      [0, 1],
      255,
      Buffer.concat([
        Buffer.from("308131300d060960864801650304020105000420", "hex"),
        hash,
      ]),
    ),
    "no NULL within the algorithm": wrap(
      [0, 1],
      255,
      Buffer.concat([Buffer.from("302f300b06096086480165030402010420", "hex"), hash]),
    ),
    "the hash alone": Buffer.concat([Buffer.alloc(224), hash]),
  };
  for (const [what, padded] of Object.entries(paddings)) yield [what, signed(padded)];
});

siege("no tag but the whole right one passes for HS256", async function* () {
  const [input, tag] = await parts(await signerOf("HS256"));
  for (const length of [0, 1, 4, 8, 10, 16, 31]) {
    yield [`cut to ${length} bytes`, `${input}.${base64url(tag.subarray(0, length))}`];
  }
  yield ["zeros", `${input}.${base64url(Buffer.alloc(32))}`];
  yield ["longer by a zero", `${input}.${base64url(Buffer.of(...tag, 0))}`];
  yield ["twice", `${input}.${base64url(Buffer.of(...tag, ...tag))}`];
  yield ["in hex", `${input}.${tag.toString("hex")}`];
  yield ["another token's", `${input}.${base64url((await parts(await signerOf("HS256")))[1])}`];
}, async () => ({ settings: await everyKey() }));
