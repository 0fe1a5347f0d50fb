/** Every text of a public key that a careless verifier could take for a shared secret. */
import { Buffer } from "node:buffer";
import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";

/** What a forger finds out about a key, each under a name, by way of the key set. */
export function publicTexts(jwk: JWK, set: JWK[]): [string, string | Uint8Array][] {
  const { kty, crv, x, y, n, e, kid } = jwk;
  const bare = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
  const texts: [string, string | Uint8Array][] = [
    ["kid", String(kid)],
    ["JWKS", JSON.stringify({ keys: set })],
    ["JWKS with this key alone", JSON.stringify({ keys: [jwk] })],
    ["JWKS as a bare array", JSON.stringify(set)],
    ["JWKS with indents", JSON.stringify({ keys: set }, null, 2)],
  ];
  // As listed; by name, as a thumbprint is made (RFC 7638); and the other way round.
  for (const [what, key] of [["JWK", jwk], ["bare JWK", bare]] as const) {
    const members = Object.entries(key);
    const sorted = members.toSorted(([a], [b]) => a < b ? -1 : 1);
    texts.push(
      [`${what} as listed`, JSON.stringify(key)],
      [`${what} in the order of names`, JSON.stringify(Object.fromEntries(sorted))],
      [`${what} in reverse`, JSON.stringify(Object.fromEntries(members.toReversed()))],
      [`${what} with indents`, JSON.stringify(key, null, 2)],
    );
  }
  for (const [name, value] of Object.entries({ x, y, n, e })) {
    if (value === undefined) continue;
    const raw = Buffer.from(value, "base64url");
    texts.push([`${name} as text`, value], [`${name} as bytes`, raw]);
    texts.push([`${name} in hex`, raw.toString("hex")]);
    texts.push([`${name} in base64`, raw.toString("base64")]);
  }
  if (x && y) {
    const point = Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    texts.push(["point", point], ["uncompressed point", Buffer.concat([Buffer.of(4), point])]);
  }
  return [...texts, ...files(bare, kty === "RSA" ? ["spki", "pkcs1"] : ["spki"])];
}

function* files(jwk: JWK, types: string[]): Generator<[string, string | Uint8Array]> {
  const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  for (const type of types) {
    const der = Buffer.from(key.export({ type: type as "spki", format: "der" }));
    const label = type === "spki" ? "PUBLIC KEY" : "RSA PUBLIC KEY";
    const base64 = der.toString("base64");
    const lines = base64.match(/.{1,64}/g) ?? [];
    const pem = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`];
    yield [`${type} PEM`, `${pem.join("\n")}\n`];
    yield [`${type} PEM without a newline at its end`, pem.join("\n")];
    yield [`${type} PEM with CRLF`, `${pem.join("\r\n")}\r\n`];
    yield [`${type} PEM with escaped newlines`, pem.join("\\n")];
    yield [`${type} PEM in base64`, Buffer.from(`${pem.join("\n")}\n`).toString("base64")];
    yield [`${type} body of the PEM`, base64];
    yield [`${type} DER`, der];
  }
}
