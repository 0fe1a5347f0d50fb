/** Keys that no set should hold, each with a token that it would verify, where one can be made. */
import { Buffer } from "node:buffer";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { hmacOf, liveForgery, signedBy } from "./attack.ts";
import { base64url, makeSigner, random } from "./keys.ts";
import { bytesOf } from "./numbers.ts";

/** A key of a set. */
export interface BadKey {
  readonly what: string;
  readonly jwk: JWK & Record<string, unknown>;
  /** What it would verify, if it were taken. */
  readonly token: string;
}

/** The field's prime of P-256. */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
/** The square root of the curve's b: the point with an x of zero. */
const Y0 = 0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4n;

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const text = (value: bigint, length: number) => base64url(bytesOf(value, length));

/** Every bad key, each under a name of its own. */
export async function* badKeys(): AsyncGenerator<BadKey> {
  yield* rsaKeys();
  yield* ellipticKeys();
  yield* misusedKeys();
}

/** A token whose signature means nothing: only the key's import is put to the test. */
function anyToken(alg: string, kid: string, length: number): Promise<string> {
  return signedBy({ alg, kid }, () => new Uint8Array(length).fill(7));
}

async function* rsaKeys(): AsyncGenerator<BadKey> {
  for (const bits of [512, 1024, 2047]) {
    const key = await shortKey(bits);
    const jwk = await exportJWK(key);
    const kid = `rsa-${bits}`;
    const token = await signedBy(
      { alg: "RS256", kid },
      (input) => crypto.subtle.sign(RS256.name, key, input),
    );
    yield { what: `RSA of ${bits} bits`, jwk: publicHalf(jwk, kid), token };
  }
  const { jwk } = await makeSigner("RS256");
  const rsa = async (what: string, over: Record<string, unknown>) => {
    const kid = random(9);
    return { what, jwk: { ...jwk, kid, ...over }, token: await anyToken("RS256", kid, 256) };
  };
  // With an exponent of 1 the padded digest is its own signature.
  const kid = "exponent-1";
  const token = await signedBy({ alg: "RS256", kid }, paddedDigest);
  yield { what: "RSA with an exponent of 1", jwk: { ...jwk, kid, e: "AQ" }, token };
  const zeros = await signedBy({ alg: "RS256", kid: "exponent-01" }, paddedDigest);
  const padded = { ...jwk, kid: "exponent-01", e: "AAAB" };
  yield { what: "RSA with an exponent of 1 behind zeros", jwk: padded, token: zeros };
  for (const [e, what] of [["AA", "0"], ["Ag", "2"], ["AQAA", "65536"], ["", "no byte"]]) {
    yield await rsa(`RSA with an exponent of ${what}`, { e });
  }
  yield await rsa("RSA without an exponent", { e: undefined });
  yield await rsa("RSA with an exponent of 2048 bits", { e: jwk.n });
  yield await rsa("RSA with a number for its exponent", { e: 65537 });
  yield await rsa("RSA without a modulus", { n: undefined });
  yield await rsa("RSA with a modulus of no byte", { n: "" });
  yield await rsa("RSA with a modulus of zeros", { n: "A".repeat(342) });
  const huge = base64url(new Uint8Array(2048).fill(0xc1));
  yield await rsa("RSA with a modulus of 16384 bits", { n: huge });
  const behindZeros = base64url(Buffer.concat([Buffer.alloc(192), Buffer.alloc(64, 0xc1)]));
  yield await rsa("RSA of 512 bits behind zeros", { n: behindZeros });
  yield await rsa("RSA with padding", { n: `${jwk.n}==` });
  yield await rsa("RSA in plain base64", { n: `${String(jwk.n).slice(0, -2)}+/` });
  yield await rsa("RSA with white space", { n: ` ${jwk.n}` });
}

/** The digest as RSASSA-PKCS1-v1_5 pads it for 2048 bits (RFC 8017 section 9.2). */
async function paddedDigest(input: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", input));
  const info = Buffer.from("003031300d060960864801650304020105000420", "hex");
  const fill = Buffer.alloc(256 - 2 - info.length - hash.length, 255);
  return Uint8Array.from(Buffer.concat([Buffer.of(0, 1), fill, info, hash])).buffer;
}

async function shortKey(bits: number): Promise<CryptoKey> {
  if (bits === 512) {
    const how = { ...RS256, modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) };
    return (await crypto.subtle.generateKey(how, true, ["sign", "verify"])).privateKey;
  }
  const file = new URL(`../keys/rsa${bits}.pkcs8.pem`, import.meta.url);
  const base64 = (await Deno.readTextFile(file)).replace(/-----[^-]+-----/g, "");
  const pkcs8 = Uint8Array.from(Buffer.from(base64, "base64"));
  return await crypto.subtle.importKey("pkcs8", pkcs8, RS256, true, ["sign"]);
}

function publicHalf({ kty, n, e }: JWK, kid: string): JWK {
  return { kty, n, e, kid, alg: "RS256", use: "sig" };
}

async function* ellipticKeys(): AsyncGenerator<BadKey> {
  const { jwk: good } = await makeSigner("ES256");
  const [x, y] = [good.x, good.y].map((part) => Buffer.from(String(part), "base64url"));
  const ec = async (what: string, over: Record<string, unknown>) => {
    const kid = random(9);
    return { what, jwk: { ...good, kid, ...over }, token: await anyToken("ES256", kid, 64) };
  };
  yield await ec("P-256 off the curve", { y: good.x });
  yield await ec("P-256 at infinity", { x: "A".repeat(43), y: "A".repeat(43) });
  yield await ec("P-256 with a short x", { x: base64url(x.subarray(1)) });
  yield await ec("P-256 with a long x", { x: base64url(Buffer.of(0, ...x)) });
  yield await ec("P-256 with a short y", { y: base64url(y.subarray(1)) });
  yield await ec("P-256 with a long y", { y: base64url(Buffer.of(0, ...y)) });
  yield await ec("P-256 with an unreduced x", { x: text(P, 32), y: text(Y0, 32) });
  yield await ec("P-256 with coordinates of p", { x: text(P, 32), y: text(P, 32) });
  yield await ec("P-256 with its coordinates swapped", { x: good.y, y: good.x });
  yield await ec("P-256 without y", { y: undefined });
  yield await ec("P-256 with padding", { x: `${good.x}=` });
  yield await ec("P-256 of a curve in lower case", { crv: "p-256" });
  yield await ec("P-256 without a curve", { crv: undefined });
  yield await ec("P-256 of a type in lower case", { kty: "ec" });
  const { publicKey } = await generateKeyPair("ES384", { extractable: true });
  const p384 = await exportJWK(publicKey);
  // Not every platform makes a P-521 key; its name alone decides.
  const p521 = { ...p384, crv: "P-521", x: base64url(new Uint8Array(66)) };
  for (const [alg, jwk] of [["ES384", p384], ["ES512", p521]] as const) {
    const crv = String(jwk.crv);
    const token = await anyToken("ES256", crv, 64);
    yield { what: `${crv} for ES256`, jwk: { ...jwk, kid: crv, alg: "ES256" }, token };
    const own = await anyToken(alg, `${crv} own`, 64);
    yield { what: `${crv} for ${alg}`, jwk: { ...jwk, kid: `${crv} own`, alg }, token: own };
  }
  yield await ec("secp256k1", { crv: "secp256k1" });
  yield await ec("secp256k1 for ES256K", { crv: "secp256k1", alg: "ES256K" });
  const { jwk: edwards } = await makeSigner("EdDSA");
  const okp = async (what: string, over: Record<string, unknown>) => {
    const kid = random(9);
    return { what, jwk: { ...edwards, kid, ...over }, token: await anyToken("EdDSA", kid, 64) };
  };
  for (const crv of ["X25519", "Ed448", "X448", "P-256", "ed25519"]) yield await okp(crv, { crv });
  yield await okp("Ed25519 of 31 bytes", { x: base64url(new Uint8Array(31).fill(7)) });
  yield await okp("Ed25519 of 33 bytes", { x: base64url(new Uint8Array(33).fill(7)) });
  yield await okp("Ed25519 of no byte", { x: "" });
}

async function* misusedKeys(): AsyncGenerator<BadKey> {
  for (const alg of ["ES256", "RS256", "EdDSA"] as const) {
    const misuses: [string, Record<string, unknown>][] = [
      ["use of enc", { use: "enc" }],
      ["use in upper case", { use: "SIG" }],
      ["an array for its use", { use: ["sig"] }],
      ["key_ops without verify", { key_ops: ["sign", "encrypt"] }],
      ["no key_ops at all", { key_ops: [] }],
      ["text for its key_ops", { key_ops: "verify" }],
      ["the alg of another", { alg: alg === "ES256" ? "RS256" : "ES256" }],
      ["the alg HS256", { alg: "HS256" }],
      ["the alg none", { alg: "none" }],
      ["an alg of another case", { alg: alg.toLowerCase() }],
      ["a number for its kid", { kid: 7 }],
      ["an array for its kid", { kid: ["x"] }],
      ["no type", { kty: undefined }],
      ["the type oct", { kty: "oct" }],
    ];
    for (const [misuse, over] of misuses) {
      const signer = await makeSigner(alg);
      const jwk = { ...signer.jwk, ...over };
      yield { what: `${alg} with ${misuse}`, jwk, token: await liveForgery(signer) };
    }
  }
  const kid = "short-oct";
  const short = await signedBy({ alg: "HS256", kid }, hmacOf("short"));
  const oct = { kty: "oct", kid, alg: "HS256", k: base64url(Buffer.from("short")) };
  yield { what: "a secret of 5 bytes", jwk: oct, token: short };
  const empty = { ...oct, kid: "empty-oct", k: "" };
  const token = await signedBy({ alg: "HS256", kid: "empty-oct" }, hmacOf(""));
  yield { what: "a secret of no byte", jwk: empty, token };
}
