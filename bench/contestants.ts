/** Who is compared, and what each is given. */
import { behestKey, localSettings } from "../tests/support/behest_keys.ts";
import { makeBehestToken } from "../tests/support/answers.ts";
import { liveToken } from "../tests/support/running.ts";
import { signerOf } from "../tests/support/keys.ts";
import { API_KEY, ORIGIN, PUBLISHABLE_KEY } from "../tests/support/world.ts";
import type { Ready } from "./upstream.ts";

export type Mode = "api-key" | "local";
export const MODES: readonly Mode[] = ["api-key", "local"];

/** A function that is measured. */
export interface Contestant {
  readonly name: string;
  readonly what: string;
  /** Seen from `start.ts`. */
  readonly entry: string;
  readonly env: Record<string, string>;
}

const OURS = "../supabase/functions/behest-token/index.ts";

export const CONTESTANTS: readonly Contestant[] = [
  {
    name: "seed",
    what: "the function of Behest's page: supabase-js, jose",
    entry: "./contestants/seed.ts",
    env: {},
  },
  {
    name: "server",
    what: "the same on @supabase/server; no user check",
    entry: "./contestants/server.ts",
    env: {},
  },
  { name: "ours", what: "user check on, plan from the table", entry: OURS, env: {} },
  {
    name: "ours-claims",
    what: "BEHEST_USER_CHECK=claims, plan from the table",
    entry: OURS,
    env: { BEHEST_USER_CHECK: "claims" },
  },
  {
    name: "ours-plan-claim",
    what: "user and plan from claims: BEHEST_PLAN_CLAIM besides",
    entry: OURS,
    env: { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" },
  },
];

/** The floor: a server that does nothing. */
export const EMPTY: Contestant = {
  name: "empty",
  what: "an empty Deno.serve",
  entry: "./contestants/empty.ts",
  env: {},
};

/** What every contestant is given on a new Supabase project, where session tokens are ES256. */
export async function settingsOf(
  { env }: Contestant,
  mode: Mode,
  upstream: string,
): Promise<Record<string, string>> {
  const { jwk } = await signerOf("ES256");
  const minting = mode === "api-key" ? { BEHEST_KEY: API_KEY } : await localSettings();
  return {
    SUPABASE_URL: upstream,
    SUPABASE_ANON_KEY: PUBLISHABLE_KEY,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: "sb_secret_benchmark" }),
    SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }),
    BEHEST_BASE_URL: upstream,
    CORS_ORIGIN: ORIGIN,
    ...minting as Record<string, string>,
    ...env,
  };
}

/** Users, each with a session token, and what the upstreams say of them. */
export async function makeUsers(count: number): Promise<{ requests: Uint8Array[]; ready: Ready }> {
  const signer = await signerOf("ES256");
  await behestKey();
  const users: Record<string, { id: string; user: string }> = {};
  const minted: Record<string, string> = {};
  const requests: Uint8Array[] = [];
  const now = Math.floor(Date.now() / 1000);
  for (let made = 0; made < count; made++) {
    const id = crypto.randomUUID();
    const app_metadata = { provider: "email", providers: ["email"], plan: 2 };
    const email = `user-${made}@example.com`;
    const token = await liveToken(signer, { sub: id, email, app_metadata });
    const user = JSON.stringify({
      id,
      aud: "authenticated",
      role: "authenticated",
      email,
      email_confirmed_at: "2026-01-01T00:00:00Z",
      phone: "",
      confirmed_at: "2026-01-01T00:00:00Z",
      last_sign_in_at: "2026-01-01T00:00:00Z",
      app_metadata,
      user_metadata: { email, email_verified: true, sub: id },
      identities: [{ identity_id: id, id, user_id: id, provider: "email", email }],
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
      is_anonymous: false,
    });
    users[`Bearer ${token}`] = { id, user };
    minted[id] = await makeBehestToken({ uid: id, tier: 2, sid: crypto.randomUUID() }, now);
    requests.push(requestOf(token));
  }
  return { requests, ready: { users, minted } };
}

/** What a browser sends with `supabase.functions.invoke`. */
function requestOf(token: string): Uint8Array {
  return new TextEncoder().encode([
    "POST /functions/v1/behest-token HTTP/1.1",
    "Host: 127.0.0.1",
    `Origin: ${ORIGIN}`,
    `Authorization: Bearer ${token}`,
    `apikey: ${PUBLISHABLE_KEY}`,
    "X-Client-Info: supabase-js-web/2.119.1",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n"));
}
