/** What healthy upstreams say. */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { generateKeyPair, type JWK, SignJWT } from "jose";
import { type Claims, payloadOf } from "./keys.ts";
import { authRefusal, type Behaviour, type Call, json } from "./upstreams.ts";

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

/**
 * An Auth server that signs with this secret: it knows the users of its own HS256 tokens, and refuses
 * every other HS256 token as it does, with 403 `bad_jwt`.
 */
export function signingWith(secret: string): Behaviour {
  return (call, scene) => {
    const [head = "", payload = "", signature = ""] =
      call.headers.authorization?.split(" ")[1]?.split(".") ?? [];
    const { alg } = JSON.parse(Buffer.from(head, "base64url").toString());
    const own = createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url");
    const good = alg !== "HS256" || signature === own;
    return (good ? json(userOf(call)) : authRefusal(403, "bad_jwt"))(call, scene);
  };
}

/** The `jwks.json` of a project whose functions have this `SUPABASE_JWKS`: no secret stands in it. */
export function publishing(inline = "[]"): Behaviour {
  let keys: JWK[] = [];
  try {
    const set = JSON.parse(inline);
    keys = Array.isArray(set) ? set : set.keys;
  } catch {
    // A value that cannot be read is another test's matter.
  }
  const isSecret = (key: JWK) => key?.kty === "oct";
  return json({ keys: Array.isArray(keys) ? keys.filter((key) => !isSecret(key)) : [] });
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
