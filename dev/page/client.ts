/**
 * What a front end writes: a Supabase client, Behest by it, and an OpenAI client that goes to the
 * gateway with the user's own token. It knows nothing of the page.
 */

import { createClient, type Session } from "@supabase/supabase-js";
import OpenAI from "openai";
import { type Behest, createBehest } from "../../client/mod.ts";
import type { Backend, Login, Way } from "./settings.ts";

/** What every storage key of this page begins with. */
const STORAGE_PREFIX = "behest-demo-";

/** One user's way through Supabase and the gateway. Every method may throw what its SDK throws. */
export interface Client {
  /** Every token that there is on the way that is gone now, and what may be shown of it. */
  readonly behest: Behest;
  /** From now on tokens come by this way. */
  go(way: Way): void;
  /** Hears of what the client says of itself, whichever way it goes, and of what stops the watch. */
  watch(changed: () => void, failed: (error: unknown) => void): void;
  signIn(login: Login): Promise<void>;
  signUp(login: Login): Promise<void>;
  signOut(): Promise<void>;
  /** Hears of who is signed in, also by another tab: at once, and whenever that changes. */
  follow(listener: (session: Session | null) => void): void;
  /** Streams the answer, piece by piece, until the signal ends it. */
  ask(prompt: string, signal: AbortSignal): AsyncGenerator<string>;
}

/**
 * Makes the client of one page.
 * @param send what requests go out by
 */
export function makeClient(
  { url, publishableKey, gatewayUrl, model }: Backend,
  send: typeof fetch,
): Client {
  const supabase = createClient(url, publishableKey, {
    auth: { storageKey: storageKey(publishableKey) },
    global: { fetch: send },
  });
  const minting = createBehest(supabase, { fetch: send });
  const direct = createBehest(supabase, { fetch: send, direct: { baseUrl: gatewayUrl } });
  let behest = minting;
  let rewatch = (_: Way) => {};

  return {
    get behest() {
      return behest;
    },

    go(way) {
      behest = way === "direct" ? direct : minting;
      rewatch(way);
    },

    watch(changed, failed) {
      for (const each of [minting, direct]) each.subscribe(changed);
      let stop = () => {};
      rewatch = (way) => {
        stop();
        // Where tokens have the plan from the session, that has to be refreshed for a new one.
        stop = behest.watchPlan({ inSession: way === "claims", onError: failed });
      };
      rewatch("checked");
    },

    async signIn(login) {
      const { error } = await supabase.auth.signInWithPassword(login);
      if (error) throw error;
    },

    async signUp(login) {
      const { data, error } = await supabase.auth.signUp(login);
      if (error) throw error;
      if (!data.session) throw new Error("Supabase wants this e-mail address confirmed first.");
    },

    async signOut() {
      const { error } = await supabase.auth.signOut();
      if (error) throw error;
    },

    follow(listener) {
      let known: string | null | undefined;
      supabase.auth.onAuthStateChange((_, session) => {
        // The same user again, as at each return to the tab, is no news.
        const id = session?.user.id ?? null;
        if (id === known) return;
        known = id;
        listener(session);
      });
    },

    async *ask(prompt, signal) {
      // A limit is shown at once instead of waited out.
      const openai = behest.openai(OpenAI, { maxRetries: 0 });
      const stream = await openai.chat.completions.create({
        model,
        stream: true,
        messages: [{ role: "user", content: prompt }],
      }, { signal });
      for await (const { choices } of stream) yield choices[0]?.delta.content ?? "";
    },
  };
}

/**
 * Every tab's of this start of the stack, since its publishable key is made at the start, too. The
 * local Supabase begins empty each time: a session of an earlier one is of no use, and goes.
 */
function storageKey(publishableKey: string): string {
  const key = STORAGE_PREFIX + publishableKey.slice(-8);
  for (const other of Object.keys(localStorage)) {
    if (other.startsWith(STORAGE_PREFIX) && !other.startsWith(key)) localStorage.removeItem(other);
  }
  return key;
}
