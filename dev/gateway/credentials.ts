/**
 * The keys of one development project, made anew at every start: nothing here
 * is ever written to a file.
 */

import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import type { JWK } from "jose";

/** What a tenant of Behest holds, and the public half that Behest keeps. */
export interface Credentials {
  /** `behest_sk_live_…`, for minting over HTTP. */
  apiKey: string;
  /** `behest_pk_` and the base64 of a PKCS#8 PEM, for signing locally. */
  signingKey: string;
  /** Names the signing key in a token's header: `sk_…`. */
  kid: string;
  tenantId: string;
  projectId: string;
  /** Public half of the signing key, as registered with Behest. */
  publicJwk: JWK;
}

/** Random letters and digits, URL-safe: `bytes` of entropy as hexadecimal. */
export function randomHex(bytes: number): string {
  return Array.from(
    crypto.getRandomValues(new Uint8Array(bytes)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** Makes a tenant's keys: RSA of 2048 bits, as Behest asks for. */
export async function makeCredentials(): Promise<Credentials> {
  const pair = await generateKeyPair("RS256", { extractable: true });
  const kid = `sk_${randomHex(8)}`;
  return {
    apiKey: `behest_sk_live_${randomHex(24)}`,
    signingKey: `behest_pk_${btoa(await exportPKCS8(pair.privateKey))}`,
    kid,
    tenantId: crypto.randomUUID(),
    projectId: crypto.randomUUID(),
    publicJwk: {
      ...await exportJWK(pair.publicKey),
      kid,
      alg: "RS256",
      use: "sig",
    },
  };
}
