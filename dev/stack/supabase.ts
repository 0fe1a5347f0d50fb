/** The Supabase that the stack brings with it: Supabase Lite, and the double of Realtime. */

import { randomHex } from "../gateway/credentials.ts";
import { type Child, startChild } from "./child.ts";
import type { Routes } from "./front.ts";
import { type Issuer, RemoteIssuer } from "./issuer/remote.ts";
import { makeRealtime, type Realtime, type RealtimeOptions } from "./realtime/realtime.ts";
import { secretOf } from "./realtime/session.ts";
import { PLANS, seedUsers, setPlan, type User } from "./users.ts";

/** What the function, the front and the page have to know of a Supabase. */
export interface Supabase {
  /** What `SUPABASE_URL` is to the function. */
  url: string;
  publishableKey: string;
  /** More of the function's settings. */
  env: Record<string, string>;
  /** Where the front hands requests on. */
  routes: Routes;
  /** Who can sign in on the page with one click. */
  users: User[];
  /** The plans that the page can play billing with, by tier. */
  plans: string[];
  setPlan?: (id: string, plan: string) => Promise<void>;
  /** Settles when it has ended by itself. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** One that was made for this stack, empty, with every key at hand. */
export interface OwnSupabase extends Supabase {
  secretKey: string;
  jwtSecret: string;
  realtime: Realtime;
  /** What signs sessions, where that is not Supabase Lite. */
  issuer?: Issuer;
}

/** Of the stack's own Supabase. */
export interface SupabaseOptions {
  /** Clock and limits of the double of Realtime. */
  realtime?: Pick<RealtimeOptions, "clock" | "limits">;
  /**
   * Signs sessions with ES256, as projects of today do, and with a hook's claims where one is given:
   * SQL that defines `public.behest_access_token_hook`, such as `HOOK`. By default it is Supabase
   * Lite that signs, with HS256, as projects do that have not turned to signing keys.
   */
  issuer?: { hook?: URL };
}

/**
 * @param url where the front will serve it
 * @throws {Error} with its last lines, where it does not start
 */
export async function startSupabase(
  url: string,
  options: SupabaseOptions,
  say: (text: string) => void,
): Promise<OwnSupabase> {
  const keys = {
    jwtSecret: randomHex(32),
    publishableKey: `sb_publishable_${randomHex(16)}`,
    secretKey: `sb_secret_${randomHex(16)}`,
  };
  const { publishableKey } = keys;
  const issuer = options.issuer && new RemoteIssuer(url);
  const realtime = makeRealtime({
    sessionKey: issuer ? { alg: "ES256", find: issuer.find } : secretOf(keys.jwtSecret),
    publishableKey,
    ...options.realtime,
  });
  say("Starting Supabase Lite (the first start downloads it) …");
  const lite = await startLite(keys, issuer?.url, options.issuer?.hook, (line) => {
    realtime.hear(line);
    // Why a hook failed is for who runs the stack: the app is told nothing of it.
    if (line.startsWith("issuer: ")) say(line);
  });
  const stop = async () => {
    await Promise.all([realtime.stop(), lite.stop()]);
  };
  try {
    await issuer?.open(lite.url, keys.secretKey);
    say("Seeding a user on each plan …");
    const users = await seedUsers(lite.url, publishableKey, keys.secretKey);
    return {
      ...keys,
      ...(issuer && { issuer }),
      url,
      // Each project gives its functions what it has: hosted ones their public keys alone.
      env: issuer ? { SUPABASE_JWKS: JSON.stringify(issuer.jwks) } : { JWT_SECRET: keys.jwtSecret },
      routes: {
        "/auth/v1": lite.url,
        "/rest/v1": lite.url,
        "/realtime/v1/websocket": realtime.answer,
      },
      users,
      plans: PLANS,
      setPlan: (id, plan) => setPlan(lite.url, keys.secretKey, id, plan),
      realtime,
      ended: lite.ended,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Its right to the network keeps it on the loopback; it needs none to write. */
function startLite(
  keys: { jwtSecret: string; publishableKey: string; secretKey: string },
  issuer: string | undefined,
  hook: URL | undefined,
  onLine: (line: string) => void,
): Promise<Child> {
  return startChild({
    name: "Supabase Lite",
    deno: Deno.execPath(),
    args: [
      "--allow-net=127.0.0.1",
      "--allow-env",
      "--allow-read",
      "--allow-sys",
      "dev/stack/lite.ts",
    ],
    env: {
      JWT_SECRET: keys.jwtSecret,
      SUPABASE_PUBLISHABLE_KEY: keys.publishableKey,
      SUPABASE_SECRET_KEY: keys.secretKey,
      ...(issuer !== undefined && { ISSUER: issuer }),
      ...(hook && { HOOK: hook.href }),
      DO_NOT_TRACK: "1",
    },
    inheritEnv: true,
    onLine,
  });
}
