/** A browser's whole world in memory: supabase-js itself, Auth, the function, Behest, and a clock. */
import assert from "node:assert/strict";
import { createClient, processLock, type SupabaseClient } from "@supabase/supabase-js";
import { AuthDouble } from "./client_auth.ts";
import { settle } from "./client_calls.ts";
import { DeviceClock } from "./client_clock.ts";
import { BASE_URL, BehestDouble, FunctionDouble } from "./client_function.ts";
import { type Behest, BehestError, type BehestOptions, createAt } from "./client_module.ts";

export const SUPABASE_URL = "https://abcdefghijklmnopqrst.supabase.co";
/** Where an application's requests go. */
export const CHAT = `${BASE_URL}/v1/chat/completions`;
const PUBLISHABLE_KEY = "sb_publishable_of_this_world";

/** What is kept between visits, in an order that can be read at any time. */
export type Storage = Map<string, string>;

/** One tab: a supabase-js client, and a Behest client on it. */
export interface Tab {
  readonly supabase: SupabaseClient;
  readonly behest: Behest;
  readonly storage: Storage;
  /** Who is signed in here, by the last event. */
  readonly user: string | undefined;
  /** Every event so far. */
  readonly events: readonly string[];
}

export interface TabOptions {
  readonly storage?: Storage;
  readonly options?: BehestOptions;
  /** With a lock around every call, as supabase-js has by default before 2.107. */
  readonly locked?: boolean;
}

let worlds = 0;

export class ClientWorld {
  readonly clock: DeviceClock;
  readonly auth = new AuthDouble();
  readonly function = new FunctionDouble();
  readonly gateway = new BehestDouble();
  readonly tabs: Tab[] = [];
  /** Every URL that supabase-js called. */
  readonly calls: string[] = [];
  readonly #storageKey = `sb-world-${++worlds}-auth-token`;

  /** @param date of the device in ms, where sessions are judged by it */
  constructor(date?: number) {
    this.clock = new DeviceClock(date);
  }

  /** Opens a tab; by default with a storage of its own. */
  async open({ storage = new Map(), options = {}, locked = false }: TabOptions = {}): Promise<Tab> {
    const supabase = this.#supabase(storage, locked);
    let user: string | undefined;
    const events: string[] = [];
    supabase.auth.onAuthStateChange((event, session) => {
      events.push(event);
      user = session?.user.id;
    });
    const fetch = this.gateway.fetchOf(() => user);
    const tab: Tab = {
      supabase,
      behest: createAt(supabase, { fetch, ...options }, this.clock),
      storage,
      get user() {
        return user;
      },
      events,
    };
    this.tabs.push(tab);
    await settle();
    return tab;
  }

  /** A client as an application makes it. */
  #supabase(storage: Storage, locked: boolean): SupabaseClient {
    return createClient(SUPABASE_URL, PUBLISHABLE_KEY, {
      auth: {
        persistSession: true,
        autoRefreshToken: false,
        detectSessionInUrl: false,
        storageKey: this.#storageKey,
        ...(locked ? { lock: processLock } : {}),
        storage: {
          getItem: (key) => storage.get(key) ?? null,
          setItem: (key, value) => void storage.set(key, value),
          removeItem: (key) => void storage.delete(key),
        },
      },
      global: { fetch: (input, init) => this.#answer(input, init) },
    });
  }

  async #answer(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const signal = init.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const request = new Request(input, { ...init, signal: null });
    this.calls.push(request.url);
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/auth/v1/")) return await this.auth.answer(request);
    if (pathname.startsWith("/functions/v1/")) return await this.function.answer(request, signal);
    return new Response("no such place", { status: 404 });
  }

  async close(): Promise<void> {
    for (const { behest, supabase } of this.tabs) {
      behest.close();
      await supabase.auth.dispose();
    }
    await settle(1);
  }

  /** No request carried the token of anybody but who was signed in. */
  assertNobodyElse(): void {
    for (const { owner, signedIn, url } of this.gateway.sent) assert.equal(owner, signedIn, url);
  }

  /** The tab that was opened first. */
  get tab(): Tab {
    const [tab] = this.tabs;
    if (!tab) throw new Error("no tab is open");
    return tab;
  }

  get behest(): Behest {
    return this.tab.behest;
  }

  get supabase(): SupabaseClient {
    return this.tab.supabase;
  }

  /** How often supabase-js has refreshed a session. */
  get refreshes(): number {
    return this.calls.filter((url) => url.includes("grant_type=refresh_token")).length;
  }

  get mints() {
    return this.function.mints;
  }

  get sent() {
    return this.gateway.sent;
  }

  /** Asks for the token, as an application does. */
  async token(): Promise<string> {
    return (await this.behest.getToken()).token;
  }

  /** Sends a request to Behest. */
  chat(init: RequestInit = {}): Promise<Response> {
    return this.behest.fetch(CHAT, { method: "POST", ...init });
  }
}

/** Signs in, from nobody or from another user. */
export async function signIn({ supabase }: Pick<Tab, "supabase">, user: string): Promise<void> {
  const email = `${user}@example.com`;
  const { error } = await supabase.auth.signInWithPassword({ email, password: "secret" });
  assert.equal(error, null);
  await settle();
}

export async function signOut({ supabase }: Pick<Tab, "supabase">): Promise<void> {
  const { error } = await supabase.auth.signOut();
  assert.equal(error, null);
  await settle();
}

/** The true date in ms, at the second that has begun: no session of this world is older. */
export const wholeSecond = (): number => Date.now() - Date.now() % 1000;

/** What a world begins with. */
export interface Setting {
  readonly user?: string;
  readonly options?: BehestOptions;
  /** What session tokens say of their users. */
  readonly appMetadata?: unknown;
}

/** One tab, in which this user is signed in; afterwards nobody's token went with another's request. */
export async function inWorld(
  { user, options = {}, appMetadata = {} }: Setting,
  test: (world: ClientWorld) => Promise<void>,
): Promise<void> {
  // supabase-js judges sessions by the true date, and so do those to whom they are all there is.
  const world = new ClientWorld(options.direct && wholeSecond());
  world.auth.appMetadata = appMetadata;
  await world.open({ options });
  try {
    if (user) await signIn(world, user);
    await test(world);
    world.assertNobodyElse();
  } finally {
    await world.close();
  }
}

/** Rejects with this code. */
export async function rejects(promise: Promise<unknown>, code: string, what = "") {
  const error = await promise.then(
    (value) => assert.fail(`${what} → ${JSON.stringify(value)} where ${code} was to come`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof BehestError, `${what}: no BehestError but ${error}`);
  assert.equal(error.code, code, what);
  return error;
}
