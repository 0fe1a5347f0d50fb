/**
 * Signatures made from bare numbers, good and bent: what no crypto library would sign. For tests
 * alone: nothing here takes constant time.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { JWK } from "jose";
import { base64url } from "./keys.ts";

export function sha256(data: string): Buffer {
  return createHash("sha256").update(data).digest();
}

export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}

/** Big-endian, in this many bytes. */
export function toBytes(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(length * 2, "0"), "hex");
}

export function mod(a: bigint, m: bigint): bigint {
  return ((a % m) + m) % m;
}

export function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let [result, square] = [1n, mod(base, m)];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

/** By Euclid, since a power takes ten times as long. */
export function inverse(a: bigint, m: bigint): bigint {
  let [r, next, x, y] = [mod(a, m), m, 1n, 0n];
  while (r > 0n) {
    const quotient = next / r;
    [next, r] = [r, next - quotient * r];
    [y, x] = [x, y - quotient * x];
  }
  return mod(y, m);
}

// P-256 (NIST SP 800-186 section 3.2.1.3).
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
/** The order of P-256. */
export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
export const FIELD = P;

type Point = { readonly x: bigint; readonly y: bigint } | undefined;

export const G: Point = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

function add(a: Point, b: Point): Point {
  if (!a || !b) return a ?? b;
  if (a.x === b.x && mod(a.y + b.y, P) === 0n) return undefined;
  const slope = a.x === b.x
    ? (3n * a.x * a.x - 3n) * inverse(2n * a.y, P)
    : (b.y - a.y) * inverse(b.x - a.x, P);
  const x = mod(slope * slope - a.x - b.x, P);
  return { x, y: mod(slope * (a.x - x) - a.y, P) };
}

export function multiply(times: bigint, point: Point): Point {
  let [sum, double]: [Point, Point] = [undefined, point];
  for (let rest = mod(times, N); rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, double);
    double = add(double, double);
  }
  return sum;
}

/** The point of P-256 with this x, where there is one. */
export function pointAt(x: bigint): Point {
  const square = mod(x * x * x - 3n * x + B, P);
  const y = power(square, (P + 1n) / 4n, P);
  return mod(y * y, P) === square ? { x, y } : undefined;
}

/**
 * The one key under which (x of `at` mod n, s) signs this text. So r and s can be chosen, as they
 * cannot where the key comes first.
 */
export function keyFor(text: string, at: Point, s: bigint): JWK {
  if (!at) throw new Error("the point at infinity signs nothing");
  const z = toNumber(sha256(text));
  const bent = add(multiply(s, at), multiply(N - mod(z, N), G));
  const key = multiply(inverse(at.x, N), bent);
  if (!key) throw new Error("the point at infinity is no key");
  return {
    kty: "EC",
    crv: "P-256",
    alg: "ES256",
    x: base64url(toBytes(key.x, 32)),
    y: base64url(toBytes(key.y, 32)),
  };
}

/** r and s as JWS puts them (RFC 7518 section 3.4). */
export function joined(r: bigint, s: bigint): Buffer {
  return Buffer.concat([toBytes(r, 32), toBytes(s, 32)]);
}

/** r and s as X.509 puts them: DER. */
export function der(r: bigint, s: bigint): Buffer {
  const integer = (number: bigint) => {
    const bytes = Buffer.from(`00${number.toString(16).padStart(64, "0")}`, "hex");
    let start = 0;
    while (bytes[start] === 0 && ((bytes[start + 1] ?? 0) & 0x80) === 0) start++;
    return Buffer.of(2, bytes.length - start, ...bytes.subarray(start));
  };
  const body = Buffer.concat([integer(r), integer(s)]);
  return Buffer.of(0x30, body.length, ...body);
}

/** An RSA key as numbers. */
export class RsaNumbers {
  readonly n: bigint;
  readonly #d: bigint;
  /** In bytes. */
  readonly length: number;

  constructor(jwk: JsonWebKey) {
    this.n = toNumber(Buffer.from(jwk.n ?? "", "base64url"));
    this.#d = toNumber(Buffer.from(jwk.d ?? "", "base64url"));
    this.length = Math.ceil(this.n.toString(16).length / 2);
  }

  /** The "signature" over any block at all: no padding is put around it. */
  raw(block: Uint8Array): Buffer {
    return toBytes(power(toNumber(block), this.#d, this.n), this.length);
  }

  /** `00 01 FF … FF 00` and this, filled up to the key's length (RFC 8017 section 9.2). */
  padded(content: Uint8Array): Buffer {
    const fill = Buffer.alloc(this.length - content.length - 3, 0xff);
    return Buffer.concat([Buffer.of(0, 1), fill, Buffer.of(0), content]);
  }
}

/** The order of Ed25519's base point (RFC 8032 section 5.1). */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Little-endian, as Ed25519 has its numbers. */
export function fromLittle(bytes: Uint8Array): bigint {
  return toNumber(Buffer.from(bytes).reverse());
}

export function toLittle(number: bigint): Buffer {
  return toBytes(number, 32).reverse();
}

function sha512(...parts: Uint8Array[]): Buffer {
  return createHash("sha512").update(Buffer.concat(parts)).digest();
}

/** What ties R, the key and the text together (RFC 8032 section 5.1.7). */
export function challenge(r: Uint8Array, key: Uint8Array, text: string): bigint {
  return mod(fromLittle(sha512(r, key, Buffer.from(text))), L);
}

/** The secret number in an Ed25519 seed (RFC 8032 section 5.1.5). */
export function scalarOf(seed: Uint8Array): bigint {
  const scalar = sha512(seed).subarray(0, 32);
  scalar[0] = (scalar[0] ?? 0) & 248;
  scalar[31] = ((scalar[31] ?? 0) & 127) | 64;
  return fromLittle(scalar);
}
