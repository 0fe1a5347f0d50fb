/** A supabase-js of which a test decides every answer: what other versions of it do. */
import { settle, unlessAborted } from "./client_calls.ts";
import { DeviceClock } from "./client_clock.ts";
import { BehestDouble, FunctionDouble } from "./client_function.ts";
import {
  type Behest,
  type BehestOptions,
  createAt,
  type SupabaseLike,
  type SupabaseSession,
} from "./client_module.ts";
import { RealtimeDouble } from "./client_realtime.ts";

type SessionAnswer = Awaited<ReturnType<SupabaseLike["auth"]["getSession"]>>;
type Listener = Parameters<SupabaseLike["auth"]["onAuthStateChange"]>[0];
type Invoked = Awaited<ReturnType<SupabaseLike["functions"]["invoke"]>>;

/** The session of this user; their session token can be read as the real ones can. */
export function sessionOf(id: string, is_anonymous?: boolean): SupabaseSession {
  const user = is_anonymous === undefined ? { id } : { id, is_anonymous };
  return { access_token: `h.${btoa(JSON.stringify({ sub: id })).replace(/=+$/, "")}.s`, user };
}

export class Minimal implements SupabaseLike {
  readonly clock = new DeviceClock();
  readonly realtime = new RealtimeDouble();
  readonly function = new FunctionDouble();
  readonly gateway = new BehestDouble();
  /** What supabase-js has in its storage. */
  session: SupabaseSession | null = null;
  /** Who is signed in by the last event. */
  signedIn: string | undefined;
  asked = 0;
  refreshes = 0;
  listeners: Set<Listener> = new Set();
  onGetSession: () => Promise<SessionAnswer> = () => this.answer();
  onRefresh: () => Promise<SessionAnswer> = () => this.answer();
  onInvoke: ((signal: AbortSignal) => Promise<Invoked> | undefined) | undefined;
  /** Calls that a listener made while supabase-js waited for it: some versions hang then. */
  hanging = 0;
  #telling = false;

  readonly auth: SupabaseLike["auth"] = {
    getSession: () => (this.asked++, this.#heard(this.onGetSession)),
    refreshSession: () => (this.refreshes++, this.#heard(this.onRefresh)),
    onAuthStateChange: (listener) => {
      this.listeners.add(listener);
      const unsubscribe = () => void this.listeners.delete(listener);
      return { data: { subscription: { unsubscribe } } };
    },
  };

  readonly functions: SupabaseLike["functions"] = {
    invoke: async (name, { headers, body, signal, method }) => {
      const url = `https://project.supabase.co/functions/v1/${name}`;
      const request = new Request(url, { method, headers, body: JSON.stringify(body) });
      try {
        const own = this.onInvoke?.(signal);
        if (own) return await own;
        const response = await this.function.answer(request, signal);
        if (!response.ok) {
          const error = Object.assign(new Error("non-2xx"), {
            name: "FunctionsHttpError",
            context: response,
          });
          return { data: null, error, response };
        }
        return { data: await response.json(), error: null, response };
      } catch (cause) {
        const error = Object.assign(new Error("no answer"), {
          name: "FunctionsFetchError",
          context: cause,
        });
        return { data: null, error };
      }
    },
  };

  readonly channel = this.realtime.channel;
  readonly removeChannel = this.realtime.removeChannel;
  readonly schema = this.realtime.schema;

  answer(session = this.session): Promise<SessionAnswer> {
    return Promise.resolve({ data: { session }, error: null });
  }

  /** Tells an event as supabase-js does, to every listener in one go. */
  tell(event: string, session: SupabaseSession | null): void {
    try {
      this.signedIn = session?.user?.id;
    } catch {
      // Such a user cannot be read.
      this.signedIn = undefined;
    }
    this.#telling = true;
    for (const listener of this.listeners) {
      const waited: unknown = listener(event, session);
      if (waited !== undefined) this.hanging++;
    }
    this.#telling = false;
  }

  #heard(answer: () => Promise<SessionAnswer>): Promise<SessionAnswer> {
    if (this.#telling) this.hanging++;
    return answer();
  }

  /** A sign-in, or a sign-out, in this tab. */
  become(user: string | undefined): void {
    this.session = user === undefined ? null : sessionOf(user);
    this.tell(user === undefined ? "SIGNED_OUT" : "SIGNED_IN", this.session);
  }

  create(options: BehestOptions = {}): Behest {
    const fetch = this.gateway.fetchOf(() => this.signedIn);
    return createAt(this, { fetch, ...options }, this.clock);
  }
}

/** A client on such a double, with this user signed in. */
export async function inMinimal(
  user: string | undefined,
  test: (supabase: Minimal, behest: Behest) => Promise<void>,
  options: BehestOptions = {},
): Promise<void> {
  const supabase = new Minimal();
  const behest = supabase.create(options);
  try {
    supabase.become(user);
    await settle();
    await test(supabase, behest);
  } finally {
    behest.close();
  }
}

/** A promise that nobody keeps, unless its signal ends it. */
export function never<T>(signal?: AbortSignal): Promise<T> {
  return unlessAborted(new Promise<T>(() => {}), signal);
}
