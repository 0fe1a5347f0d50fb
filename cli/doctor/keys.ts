/** Public keys of a set (RFC 7517), and whether a signature fits one. */
import { member, textOf } from "./json.ts";
import type { Jwt } from "./jwt.ts";

/** How the platform names an algorithm, and the members of a JWK that make its key. */
const ALGORITHMS = {
  ES256: {
    members: ["kty", "crv", "x", "y"],
    key: { name: "ECDSA", namedCurve: "P-256" },
    signature: { name: "ECDSA", hash: "SHA-256" },
  },
  RS256: {
    members: ["kty", "n", "e"],
    key: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    signature: { name: "RSASSA-PKCS1-v1_5" },
  },
  EdDSA: {
    members: ["kty", "crv", "x"],
    key: { name: "Ed25519" },
    signature: { name: "Ed25519" },
  },
} as const;

/** Shorter ones are not taken anywhere, in bits. */
const LEAST_RSA = 2048;

/** An algorithm whose keys have a public half. */
export type Algorithm = keyof typeof ALGORITHMS;

/** A key that tokens can be verified with. */
export interface PublicKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly key: CryptoKey;
}

/** Those of a set's keys that have a name and can be used with one of these algorithms. */
export async function usableKeys(
  keys: readonly unknown[],
  algorithms: readonly Algorithm[],
): Promise<PublicKey[]> {
  const found = await Promise.all(keys.map(async (jwk) => {
    const kid = textOf(jwk, "kid");
    const [said, use] = [member(jwk, "alg"), member(jwk, "use")];
    if (!kid || (use !== undefined && use !== "sig")) return undefined;
    for (const alg of algorithms) {
      if (said !== undefined && said !== alg) continue;
      const key = await keyOf(jwk, alg);
      if (key) return { kid, alg, key };
    }
    return undefined;
  }));
  return found.filter((key) => key !== undefined);
}

/** `undefined` where it is no key of this algorithm. */
export async function keyOf(jwk: unknown, alg: Algorithm): Promise<CryptoKey | undefined> {
  const { members, key } = ALGORITHMS[alg];
  // Only what makes the key: a member that the platform dislikes must not decide.
  const bare = Object.fromEntries(members.map((name) => [name, textOf(jwk, name)]));
  try {
    const imported = await crypto.subtle.importKey("jwk", bare, key, false, ["verify"]);
    const { modulusLength = LEAST_RSA } = imported.algorithm as { modulusLength?: number };
    return modulusLength >= LEAST_RSA ? imported : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this key has made the token's signature. */
export async function verifies({ signature, signed }: Jwt, alg: Algorithm, key: CryptoKey) {
  const how = ALGORITHMS[alg].signature;
  return await crypto.subtle.verify(how, key, signature, signed).catch(() => false);
}

/** Whether a key's secret half, or a secret, stands where everybody reads it. */
export function isSecret(jwk: unknown): boolean {
  return member(jwk, "d") !== undefined || member(jwk, "k") !== undefined;
}
