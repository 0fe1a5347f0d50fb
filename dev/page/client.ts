/**
 * What a front end writes: a Supabase session, the Behest token that the function
 * gives for it, and an OpenAI client that goes to the gateway with that token. It
 * knows nothing of the page.
 */

import { createClient, type Session } from "@supabase/supabase-js";
import OpenAI from "openai";
import type { Backend, Login } from "./settings.ts";

/** A token with less left than this, in seconds, is replaced before it is used. */
const LEAST_LEFT = 60;

/** The function's answer. */
export interface BehestToken {
  token: string;
  sessionId: string;
  ttl: number;
  expiresAt: number;
  baseUrl: string;
  tier: number;
}

/** A token, and the function's own account of how long its steps took. */
export interface Mint {
  token: BehestToken;
  /** The header `Server-Timing` as it came. */
  timing: string;
}

/** One user's way through Supabase and the gateway. Every method may throw what its SDK throws. */
export interface Client {
  signIn(login: Login): Promise<Session>;
  signUp(login: Login): Promise<Session>;
  signOut(): Promise<void>;
  /** Gets a new token, and stays in the chat session of the last one. */
  mint(): Promise<Mint>;
  /** Whether a token is at hand that a chat can begin with. */
  hasToken(): boolean;
  /** Streams the answer, piece by piece. */
  ask(prompt: string): AsyncGenerator<string>;
}

/** Makes the client of one page. */
export function makeClient({ url, publishableKey, model }: Backend): Client {
  // The local Supabase begins empty, so that a session kept from before is of no use.
  const supabase = createClient(url, publishableKey, { auth: { persistSession: false } });
  let session: Session | undefined;
  let behest: BehestToken | undefined;

  const begin = (began: Session | null): Session => {
    if (!began) throw new Error("Supabase wants this e-mail address confirmed first.");
    behest = undefined;
    return session = began;
  };

  return {
    async signIn(login) {
      const { data, error } = await supabase.auth.signInWithPassword(login);
      if (error) throw error;
      return begin(data.session);
    },

    async signUp(login) {
      const { data, error } = await supabase.auth.signUp(login);
      if (error) throw error;
      return begin(data.session);
    },

    // `session` is kept: the page shows that it is worth nothing from now on.
    async signOut() {
      const { error } = await supabase.auth.signOut();
      if (error) throw error;
      behest = undefined;
    },

    async mint() {
      const { data, error, response } = await supabase.functions.invoke<BehestToken>(
        "behest-token",
        {
          body: { sessionId: behest?.sessionId },
          headers: { Authorization: `Bearer ${session?.access_token}` },
        },
      );
      if (error) throw error;
      behest = data!;
      return { token: behest, timing: response?.headers.get("Server-Timing") ?? "" };
    },

    hasToken() {
      return behest !== undefined && behest.expiresAt - Date.now() / 1000 > LEAST_LEFT;
    },

    async *ask(prompt) {
      const { token, sessionId, baseUrl } = behest!;
      const openai = new OpenAI({
        apiKey: token,
        baseURL: `${baseUrl}/v1`,
        // Safe here: the "key" is the user's own token, and is over in minutes.
        dangerouslyAllowBrowser: true,
        defaultHeaders: { "X-Session-Id": sessionId },
        // A limit is shown at once instead of waited out.
        maxRetries: 0,
      });
      const stream = await openai.chat.completions.create({
        model,
        stream: true,
        messages: [{ role: "user", content: prompt }],
      });
      for await (const { choices } of stream) yield choices[0]?.delta.content ?? "";
    },
  };
}
