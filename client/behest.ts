/**
 * The app's side: from a supabase-js client to a Behest token that is always fresh, and always that
 * of who is signed in. Importing this does nothing.
 */

import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { type Fetch, makeFetch } from "./fetch.ts";
import { makeOpenAI, type OpenAIClass } from "./openai.ts";
import { makeWatch, type PlanOptions, type PlanWatch } from "./plan.ts";
import { makeStore, type Snapshot } from "./snapshot.ts";
import { makeSource } from "./source.ts";
import type { SupabaseLike } from "./supabase.ts";
import { type BehestToken, readBaseUrl, secondsLeft } from "./token.ts";

/** Every one has a default that suits. */
export interface BehestOptions {
  /** Name of the Edge Function; by default `behest-token`. */
  readonly functionName?: string | undefined;
  /**
   * Behest's URL, https or this machine's; by default the one in the function's answer. Where it is
   * given it is the one that counts, and requests are checked before the first mint.
   */
  readonly baseUrl?: string | undefined;
  /** The Behest session to go on with, for the first user alone. */
  readonly sessionId?: string | undefined;
  /**
   * Seconds of life under which a token is replaced before it is used; by default 60. At most half
   * of a token's `ttl` counts.
   */
  readonly refreshBefore?: number | undefined;
  /** Ms that one mint may take, the waiting for supabase-js included; by default 15,000. */
  readonly timeout?: number | undefined;
  /**
   * The direct way: where Behest trusts this project's sessions, their own tokens go to it, at this
   * URL, and there is no function.
   */
  readonly direct?: { readonly baseUrl: string } | undefined;
  /** What requests go out by; by default the global one (on React Native: `expo/fetch`). */
  readonly fetch?: Fetch | undefined;
}

/** Every method can be handed on by itself. */
export interface Behest {
  /**
   * @returns the token at hand, or a new one
   * @throws {BehestError} why there is none; the signal's own reason, where it ends this wait
   */
  getToken(options?: { readonly signal?: AbortSignal | undefined }): Promise<BehestToken>;
  /**
   * `fetch` with the token, to Behest alone. Follows no redirect. A 401 has the token replaced, and
   * the request sent once more where its body can be.
   *
   * @throws {BehestError} `foreign_url`, or why there is no token; else what fetch itself throws
   */
  fetch: Fetch;
  /**
   * An OpenAI client, made once and good for every user and token to come. Works before a sign-in.
   *
   * @param OpenAI the class of the package `openai`
   * @param options its own, such as `maxRetries`; where requests go, and with what, is not for them
   */
  openai<Class extends OpenAIClass>(
    OpenAI: Class,
    options?: Omit<
      Partial<NonNullable<ConstructorParameters<Class>[0]>>,
      "apiKey" | "baseURL" | "fetch"
    >,
  ): InstanceType<Class>;
  /** For `@behest/react`: `ttl` is what is left of the token's life, in whole seconds. */
  fetchToken(): Promise<Pick<BehestToken, "token" | "sessionId" | "ttl" | "expiresAt">>;
  /** The next use mints again. */
  invalidate(): void;
  /** The next token begins another Behest session. */
  newSession(): void;
  /**
   * The user's plan, watched by Realtime: a change of it is in the next token.
   *
   * @returns what ends it
   */
  watchPlan(options?: PlanOptions): () => void;
  /**
   * For `useSyncExternalStore`, signals and stores.
   *
   * @returns what ends it
   */
  subscribe(listener: () => void): () => void;
  /** @returns the same object until something changes; never with a token in it */
  getSnapshot(): Snapshot;
  /** Lets go of every listener, and hands out nothing more. */
  close(): void;
}

/**
 * @param supabase a client of supabase-js 2, also before anybody has signed in
 * @throws {TypeError} for a `baseUrl` that is neither https nor this machine's
 */
export function createBehest(supabase: SupabaseLike, options?: BehestOptions): Behest;
export function createBehest(
  supabase: SupabaseLike,
  options: BehestOptions = {},
  clock: Clock = SYSTEM_CLOCK,
): Behest {
  const { direct } = options;
  const given = direct ? direct.baseUrl : options.baseUrl;
  const baseUrl = readBaseUrl(given);
  if (!baseUrl && (direct || given !== undefined)) throw new TypeError("baseUrl is no https URL");
  const store = makeStore();
  const watches: Set<PlanWatch> = new Set();
  let closed = false;
  const changed = () => {
    store.set(source.state());
    watches.forEach(({ follow }) => follow());
  };
  const source = makeSource(supabase, { ...options, direct: !!direct, baseUrl }, clock, changed);
  source.follow();
  const send: Fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const behestFetch = makeFetch(source, baseUrl, send);
  return {
    getToken: async ({ signal } = {}) => (await source.ready(signal)).answer,
    fetch: behestFetch,
    openai: (OpenAI, own) => makeOpenAI(OpenAI, own, source, baseUrl, behestFetch),
    async fetchToken() {
      const held = await source.ready();
      const { token, sessionId, expiresAt } = held.answer;
      return { token, sessionId, ttl: Math.floor(secondsLeft(held)), expiresAt };
    },
    invalidate: source.invalidate,
    newSession: source.newSession,
    watchPlan(own) {
      const watch = makeWatch(supabase, source, clock, own);
      if (closed) watch.stop();
      else watches.add(watch);
      return () => {
        watches.delete(watch);
        watch.stop();
      };
    },
    subscribe: store.subscribe,
    getSnapshot: store.get,
    close() {
      closed = true;
      watches.forEach((watch) => watch.stop());
      watches.clear();
      source.close();
      store.clear();
    },
  };
}
