/** Who is compared, and what each is given. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { localSettings } from "../tests/support/behest_keys.ts";
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
  /** Asks with session tokens of HS256, as projects before the signing keys have them. */
  readonly hs256?: boolean;
  /** By default both. */
  readonly modes?: readonly Mode[];
}

const OURS = "../supabase/functions/behest-token/index.ts";
const SINGLE = "../pkg/single/index.ts";

const CONTESTANTS: readonly Contestant[] = [
  {
    name: "seed",
    what: "the function of Behest's page: supabase-js, jose",
    entry: "./contestants/seed.ts",
    env: {},
  },
  {
    name: "seed-bundle",
    what: "the same, bundled into one minified file first",
    entry: "./out/seed.js",
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
  {
    name: "ours-single",
    what: "ours in one file, as init, Lovable and the dashboard deploy it",
    entry: SINGLE,
    env: {},
    modes: ["api-key"],
  },
  {
    name: "ours-hs256",
    what: "as ours, where session tokens are HS256",
    entry: OURS,
    env: {},
    hs256: true,
    modes: ["api-key"],
  },
  {
    name: "ours-plan-claim-hs256",
    what: "as ours-plan-claim, where session tokens are HS256",
    entry: OURS,
    env: { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" },
    hs256: true,
    modes: ["api-key"],
  },
];

/** The least that does the work, with the user check and without. */
const LEAST: readonly Contestant[] = [
  {
    name: "bare",
    what: "the bare calls of ours, in the best order; checks nothing",
    entry: "./contestants/bare.ts",
    env: {},
  },
  {
    name: "bare-claims",
    what: "the bare calls of ours-plan-claim; checks nothing",
    entry: "./contestants/bare.ts",
    env: { BEHEST_USER_CHECK: "claims" },
  },
  {
    name: "bounded",
    what: "bare, with an end to each wait, a bound to each body, a line of log; checks nothing",
    entry: "./contestants/bare.ts",
    env: { BENCH_WAYS: "./bounded.ts" },
    modes: ["api-key"],
  },
  {
    name: "bounded-claims",
    what: "the same with user and plan from claims",
    entry: "./contestants/bare.ts",
    env: { BEHEST_USER_CHECK: "claims", BENCH_WAYS: "./bounded.ts" },
    modes: ["api-key"],
  },
];

/**
 * Every contestant in each of its modes.
 *
 * @param beside a folder with another state of this repository, which takes part as ours does
 */
export function entrants(beside?: string): [Contestant, Mode][] {
  const all = [...CONTESTANTS, ...LEAST, ...(beside === undefined ? [] : othersOf(beside))];
  return MODES.flatMap((mode) =>
    all.filter(({ modes = MODES }) => modes.includes(mode))
      .map((contestant): [Contestant, Mode] => [contestant, mode])
  );
}

/** Ours as it is in another folder, to see whether a change pays. */
function othersOf(folder: string): Contestant[] {
  const entry = new URL(OURS, pathToFileURL(resolve(folder, "bench/_"))).href;
  return CONTESTANTS.filter((contestant) => contestant.entry === OURS)
    .map((contestant) => ({
      ...contestant,
      name: contestant.name.replace("ours", "beside"),
      entry,
    }));
}

/** The floor: a server that does nothing. */
export const EMPTY: Contestant = {
  name: "empty",
  what: "an empty Deno.serve",
  entry: "./contestants/empty.ts",
  env: {},
};

/** What of a cold start no shim around this core can save. */
export const CORE: Contestant = {
  name: "core",
  what: "the core loaded and opened, and no call",
  entry: "./contestants/core.ts",
  env: {},
};

/** The floor of local signing: SubtleCrypto alone. */
export const SIGN: Contestant = {
  name: "bare-sign",
  what: "bare SubtleCrypto, 16 signatures under way",
  entry: "./contestants/sign.ts",
  env: {},
};

/** What every contestant is given: a project that has a signing key (ES256), and its secret of before. */
export async function settingsOf(
  { env }: Contestant,
  mode: Mode,
  upstream: string,
): Promise<Record<string, string>> {
  const [{ jwk }, { secret }] = [await signerOf("ES256"), await signerOf("HS256")];
  const minting = mode === "api-key" ? { BEHEST_KEY: API_KEY } : await localSettings();
  return {
    SUPABASE_URL: upstream,
    SUPABASE_ANON_KEY: PUBLISHABLE_KEY,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: "sb_secret_benchmark" }),
    SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }),
    JWT_SECRET: secret,
    BEHEST_BASE_URL: upstream,
    CORS_ORIGIN: ORIGIN,
    ...minting as Record<string, string>,
    ...env,
  };
}

/** What the users send. */
export interface Requests {
  readonly es256: Uint8Array[];
  readonly hs256: Uint8Array[];
}

/** Users, each with a session token of either algorithm, and what the upstreams say of them. */
export async function makeUsers(count: number): Promise<{ requests: Requests; ready: Ready }> {
  const signers = { es256: await signerOf("ES256"), hs256: await signerOf("HS256") };
  const users: Record<string, { user: string }> = {};
  const minted: Record<string, string> = {};
  const requests: Requests = { es256: [], hs256: [] };
  const now = Math.floor(Date.now() / 1000);
  for (let made = 0; made < count; made++) {
    const id = crypto.randomUUID();
    const app_metadata = { provider: "email", providers: ["email"], plan: 2 };
    const email = `user-${made}@example.com`;
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
    for (const algorithm of ["es256", "hs256"] as const) {
      const token = await liveToken(signers[algorithm], { sub: id, email, app_metadata });
      users[`Bearer ${token}`] = { user };
      requests[algorithm].push(requestOf(token));
    }
    minted[id] = await makeBehestToken({ uid: id, tier: 2, sid: crypto.randomUUID() }, now);
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
