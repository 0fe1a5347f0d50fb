/**
 * Minting as Behest's public TypeScript SDK describes it (`@behest/client-ts` is not on npm): over
 * HTTP with an API key, or signed by jose with a signing key that is imported once.
 */

interface Wish {
  readonly user_id: string;
  readonly tier: unknown;
  readonly ttl: number;
}

interface Bundle {
  readonly token: string;
  readonly ttl: number;
  readonly sessionId: string;
  readonly expiresAt: number;
}

const variable = (name: string) => Deno.env.get(name) ?? "";
const KEY = variable("BEHEST_KEY");

const API_KEY = KEY.startsWith("behest_sk_");

// Who needs no signature is not made to load it.
const jose = API_KEY ? undefined : await import("jose");
const signing = await jose?.importPKCS8(KEY, "RS256");

/** Takes the way that the key's form says. */
export const mint: (wish: Wish) => Promise<Bundle> = API_KEY ? overHttp : locally;

async function overHttp({ user_id, tier, ttl }: Wish): Promise<Bundle> {
  const response = await fetch(`${variable("BEHEST_BASE_URL")}/v1/auth/mint`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${KEY}`,
      "Content-Type": "application/json",
      "Accept": "application/json",
    },
    body: JSON.stringify({ user_id, role: "user", ttl, session_id: crypto.randomUUID(), tier }),
  });
  if (!response.ok) throw new Error(`Behest answered ${response.status}`);
  const answer = JSON.parse(await response.text());
  return {
    token: answer.jwt,
    ttl: answer.ttl,
    sessionId: answer.session_id,
    expiresAt: seconds() + answer.ttl,
  };
}

async function locally({ user_id, tier, ttl }: Wish): Promise<Bundle> {
  if (!jose || !signing) throw new Error("no signing key");
  const [now, sessionId] = [seconds(), crypto.randomUUID()];
  const expiresAt = now + ttl;
  const token = await new jose.SignJWT({
    tid: variable("BEHEST_TENANT_ID"),
    pid: variable("BEHEST_PROJECT_ID"),
    uid: user_id,
    role: "user",
    scp: [],
    iss: "https://api.behest.ai",
    aud: "behest",
    iat: now,
    nbf: now,
    exp: expiresAt,
    jti: crypto.randomUUID(),
    sid: sessionId,
    tier,
  }).setProtectedHeader({ alg: "RS256", typ: "JWT", kid: variable("BEHEST_KID") }).sign(signing);
  return { token, ttl, sessionId, expiresAt };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
