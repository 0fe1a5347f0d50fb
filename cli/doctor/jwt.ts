/** JSON Web Tokens (RFC 7519), read without trust. */
import type { Issuer } from "./issuer.ts";
import { member, textOf } from "./json.ts";

/** What a token says of itself. */
export interface Jwt {
  readonly header: unknown;
  readonly payload: unknown;
  /** The first two parts, as they were signed. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** `undefined` where it has not the form of a token. */
export function decode(token: string): Jwt | undefined {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  const [header, payload, signature] = parts;
  try {
    return {
      header: JSON.parse(new TextDecoder().decode(bytesOf(header))),
      payload: JSON.parse(new TextDecoder().decode(bytesOf(payload))),
      signed: new TextEncoder().encode(`${header}.${payload}`),
      signature: bytesOf(signature),
    };
  } catch {
    return undefined;
  }
}

/**
 * A session as its issuer would make it, for nobody, with a signature that fits no key.
 *
 * @param now milliseconds since the epoch
 */
export function forge({ issuer, audience }: Issuer, jwks: unknown, now: number): string {
  const iat = Math.floor(now / 1000);
  const header = { alg: "ES256", kid: es256KeyOf(jwks) ?? crypto.randomUUID(), typ: "JWT" };
  const claims = {
    iss: issuer,
    sub: crypto.randomUUID(),
    aud: audience,
    exp: iat + 3600,
    iat,
    email: "nobody@example.com",
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
    role: "authenticated",
    aal: "aal1",
    session_id: crypto.randomUUID(),
    is_anonymous: false,
  };
  const signature = base64url(crypto.getRandomValues(new Uint8Array(64)));
  return [header, claims].map((part) => base64url(new TextEncoder().encode(JSON.stringify(part))))
    .join(".") + `.${signature}`;
}

/** The same token, but for its signature: of that no letter is left to guess it by. */
export function withOtherSignature(token: string): string {
  const end = token.lastIndexOf(".") + 1;
  const length = Math.max(token.length - end, 1);
  return token.slice(0, end) +
    base64url(crypto.getRandomValues(new Uint8Array(length))).slice(0, length);
}

/** With the name of a real key the signature alone is wrong, and not the key's name, too. */
function es256KeyOf(jwks: unknown): string | undefined {
  const key = keysOf(jwks).find((key) => textOf(key, "crv") === "P-256");
  return textOf(key, "kid");
}

/** The keys of a set (RFC 7517). */
export function keysOf(jwks: unknown): unknown[] {
  const keys = member(jwks, "keys");
  return Array.isArray(keys) ? keys : [];
}

/** @throws {Error} where it is no base64url */
function bytesOf(part: string): Uint8Array<ArrayBuffer> {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
