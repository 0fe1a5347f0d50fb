/** Session keys made at run time, and tokens in the Auth server's claim layout. */
import { CompactSign, exportJWK, generateKeyPair, type JWK } from "jose";
import { Buffer } from "node:buffer";

/** The algorithms that Supabase signs session tokens with. */
export const ALGORITHMS = ["ES256", "RS256", "EdDSA", "HS256"] as const;
export type Algorithm = typeof ALGORITHMS[number];
/** Those whose public half stands in a key set. */
export const PUBLIC_ALGORITHMS = ["ES256", "RS256", "EdDSA"] as const;

export type Claims = Record<string, unknown>;
export type Header = Record<string, unknown>;

/** The second at which every world begins. */
export const START = 1_800_000_000;
export const SUB = "7d4b3c7e-0f5b-4f53-9a8e-2d1f6f0c9a11";
export const EMAIL = "ada.lovelace@example.com";

/** Signs session tokens. */
export interface Signer {
  readonly alg: Algorithm;
  readonly kid: string;
  /** The verification key, as a key set lists it; for HS256 the secret as an `oct` key. */
  readonly jwk: JWK;
  /** HS256 alone: the secret, in the form of `JWT_SECRET`. */
  readonly secret: string;
  readonly key: CryptoKey | Uint8Array;
}

const ENCODER = new TextEncoder();

/** A fresh key. `jwk` overrides members of its public half. */
export async function makeSigner(alg: Algorithm, jwk: JWK = {}): Promise<Signer> {
  const kid = crypto.randomUUID();
  if (alg === "HS256") {
    const secret = random(32);
    const key = ENCODER.encode(secret);
    const oct = { kty: "oct", k: base64url(key), alg, kid, ...jwk };
    return { alg, kid: String(oct.kid), jwk: oct, secret, key };
  }
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const shown = {
    ...await exportJWK(publicKey),
    alg,
    kid,
    use: "sig",
    key_ops: ["verify"],
    ext: true,
    ...jwk,
  };
  return { alg, kid: String(shown.kid), jwk: shown, secret: "", key: privateKey };
}

const kept = new Map<Algorithm, Promise<Signer>>();

/** The key of this algorithm that most worlds sign with. */
export function signerOf(alg: Algorithm): Promise<Signer> {
  let signer = kept.get(alg);
  if (!signer) kept.set(alg, signer = makeSigner(alg));
  return signer;
}

/** The claims that the Auth server puts into a session token. */
export function sessionClaims(over: Claims = {}): Claims {
  return {
    iss: "https://abcdefghijklmnopqrst.supabase.co/auth/v1",
    sub: SUB,
    aud: "authenticated",
    exp: START + 3600,
    iat: START,
    email: EMAIL,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { email: EMAIL, email_verified: true },
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: "password", timestamp: START }],
    session_id: "0b4d5cfa-9f5e-4b3c-8d6f-3f1c7a2b9e10",
    is_anonymous: false,
    ...over,
  };
}

/** A session token. An override that is `undefined` takes the claim or header parameter away. */
export async function sessionToken(
  signer: Signer,
  claims: Claims = {},
  header: Header = {},
): Promise<string> {
  return await new CompactSign(ENCODER.encode(JSON.stringify(sessionClaims(claims))))
    .setProtectedHeader(
      JSON.parse(JSON.stringify({ alg: signer.alg, kid: signer.kid, typ: "JWT", ...header })),
    )
    .sign(signer.key);
}

/** A token of any header and payload whose signature fits this key, whatever its header says. */
export async function forge(
  signer: Signer,
  header: Header | string,
  claims: Claims | string = sessionClaims(),
): Promise<string> {
  const input = `${encodePart(header)}.${encodePart(claims)}`;
  return `${input}.${base64url(await signature(signer, ENCODER.encode(input)))}`;
}

/** A token signed with HMAC-SHA256 under any bytes: the classic confusion of key types. */
export async function hmacToken(
  secret: Uint8Array | string,
  header: Header = { alg: "HS256", typ: "JWT" },
  claims: Claims = sessionClaims(),
): Promise<string> {
  const bytes = typeof secret === "string" ? ENCODER.encode(secret) : secret;
  const input = `${encodePart(header)}.${encodePart(claims)}`;
  return `${input}.${base64url(await hmac(bytes, ENCODER.encode(input)))}`;
}

async function signature(signer: Signer, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (signer.key instanceof Uint8Array) return await hmac(signer.key, data);
  const how = signer.alg === "ES256"
    ? { name: "ECDSA", hash: "SHA-256" }
    : { name: signer.key.algorithm.name };
  return new Uint8Array(await crypto.subtle.sign(how, signer.key, data));
}

async function hmac(secret: Uint8Array, data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const raw = new Uint8Array(secret);
  const key = await crypto.subtle.importKey("raw", raw, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

/** One part of a token; a string is taken as the text itself. */
export function encodePart(value: unknown): string {
  return base64url(ENCODER.encode(typeof value === "string" ? value : JSON.stringify(value)));
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** What a token says, unverified. */
export function payloadOf(token: string): Claims {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** Random text of a given number of bytes' worth. */
export function random(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}
