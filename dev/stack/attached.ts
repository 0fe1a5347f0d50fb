/**
 * A Supabase that is there already, looked at before the stack is put before it. Nothing is written
 * there: what is missing is named.
 */

import { makeRelay } from "./relay.ts";
import type { Supabase } from "./supabase.ts";

/** Where the stack listens before such a one: Supabase's own port may be taken by it. */
export const DEFAULT_ATTACHED_PORT = 54340;

/** How long each look may take, in ms. */
const TIMEOUT = 10_000;

/** Where it is, and with what a page of its own would come. */
export interface Attached {
  /** What `SUPABASE_URL` is, without a slash at its end. */
  url: string;
  publishableKey: string;
}

/** The table that the function reads unless its settings say otherwise. */
const PROFILES = "/rest/v1/profiles?select=plan,plan_version&limit=1";

/** What to do where it is not as the migration leaves it. */
const MIGRATE =
  "`npx behest-token init --migration`, then `supabase db push`. Until then every user is on the default tier.";

/**
 * @param url of the project, or of `supabase start`
 * @param key its publishable key
 * @throws {Error} with the flag to mend, for what is no URL or no publishable key
 */
export function readAttached(url: string, key: string | undefined): Attached {
  const parsed = URL.parse(url);
  const { username, password, search, hash } = parsed ?? {};
  if (!parsed || !/^https?:$/.test(parsed.protocol) || username || password || search || hash) {
    throw new Error("--supabase is the project's URL, such as http://127.0.0.1:54321.");
  }
  const trimmed = key?.trim();
  if (!trimmed) throw new Error("--supabase wants --key, too: the project's publishable key.");
  if (!isPublishable(trimmed)) {
    throw new Error(
      "--key is the publishable key (sb_publishable_…, or the legacy anon key). Any other may be a " +
        "secret, which belongs on no page.",
    );
  }
  // `supabase start` signs with this address.
  if (parsed.hostname === "localhost") parsed.hostname = "127.0.0.1";
  return { url: parsed.href.replace(/\/+$/, ""), publishableKey: trimmed };
}

/** The kind that a page may have, new or legacy. */
function isPublishable(key: string): boolean {
  if (/^sb_publishable_[\w-]+$/.test(key)) return true;
  try {
    const payload = key.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(payload)).role === "anon";
  } catch {
    return false;
  }
}

/**
 * @returns what a person should know of it, a sentence each
 * @throws {Error} where it does not answer, or not to this key
 */
export async function lookAt({ url, publishableKey }: Attached): Promise<string[]> {
  const get = (path: string) =>
    fetch(url + path, {
      headers: { apikey: publishableKey },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
  const settings = await get("/auth/v1/settings").catch((cause) => {
    throw new Error(`Supabase does not answer at ${url}. Is it started?`, { cause });
  });
  await settings.body?.cancel();
  if (settings.status === 401 || settings.status === 403) {
    throw new Error(`${url} refuses this key: take the publishable one from its API settings.`);
  }
  if (!settings.ok) throw new Error(`${url} answers ${settings.status}: that is no Supabase.`);

  const plans = await get(PROFILES);
  const { code } = Object(await plans.json().catch(() => ({})));
  if (plans.ok) return [];
  if (plans.status === 404) return [`There is no table profiles: ${MIGRATE}`];
  if (code === "42703") return [`profiles lacks plan or plan_version: ${MIGRATE}`];
  // Rights are the project's own matter, and a user's may be more than those of who is nobody.
  if (code === "42501") return [];
  return [`The plans could not be looked at: ${plans.status} ${code ?? ""}`.trimEnd() + "."];
}

/** As the stack has its own, without users and without billing. */
export function attach({ url, publishableKey }: Attached): Supabase {
  return {
    url,
    publishableKey,
    env: {},
    routes: {
      "/auth/v1": url,
      "/rest/v1": url,
      "/realtime/v1/websocket": makeRelay(url),
      "/storage/v1": url,
      "/functions/v1": url,
    },
    users: [],
    plans: [],
    ended: new Promise(() => {}),
    stop: () => Promise.resolve(),
  };
}
