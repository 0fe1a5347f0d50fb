/** What healthy upstreams say. */
import { generateKeyPair, SignJWT } from "jose";
import { type Claims, payloadOf } from "./keys.ts";
import { type Behaviour, type Call, json } from "./upstreams.ts";

/** The Auth server's account of the user whose token came with a call. */
export function userOf(call: Call, over: Claims = {}): Claims {
  const claims = payloadOf(call.headers.authorization?.split(" ")[1] ?? "");
  return {
    id: claims.sub,
    aud: "authenticated",
    role: "authenticated",
    email: claims.email,
    phone: "",
    app_metadata: claims.app_metadata,
    user_metadata: claims.user_metadata,
    identities: [],
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    is_anonymous: claims.is_anonymous,
    ...over,
  };
}

/** The Auth server knows the user, but sees this otherwise than the token. */
export function knows(over: Claims): Behaviour {
  return (call, scene) => json(userOf(call, over))(call, scene);
}

let behest: Promise<CryptoKeyPair> | undefined;

/** A token as Behest's own server makes it. */
export async function makeBehestToken(over: Claims, now: number, ttl = 900): Promise<string> {
  const { privateKey } = await (behest ??= generateKeyPair("RS256"));
  const claims = {
    tid: "tnt_1",
    pid: "prj_1",
    role: "user",
    scp: [],
    iss: "https://api.behest.ai",
    aud: "behest",
    iat: now,
    nbf: now,
    exp: now + ttl,
    jti: crypto.randomUUID(),
    ...over,
  };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: "behest-1" })
    .sign(privateKey);
}
