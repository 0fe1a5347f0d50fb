/** A page of supabase-js on the dev stack, and what its channels are told. */
import assert from "node:assert/strict";
import {
  createClient,
  type RealtimeChannel,
  type SupabaseClient,
  type SupabaseClientOptions,
} from "@supabase/supabase-js";
import type { Stack } from "../../dev/stack/stack.ts";
import { setPlan, type User } from "../../dev/stack/users.ts";

/** A channel, and what it is told. */
export interface Watch {
  channel: RealtimeChannel;
  /** The next state of the channel, as supabase-js tells it. */
  status(): Promise<string>;
  /** Waits until it is subscribed, after what may come before, and the server has confirmed it. */
  again(): Promise<void>;
  /** The plan of the next change, or its kind where it has none. */
  change(): Promise<unknown>;
  /** The next that the server says of the channel itself. */
  system(): Promise<{ status: string; message: string }>;
}

/** Browser tabs, each with a client of its own. */
export class Tabs {
  readonly #clients: SupabaseClient[] = [];

  constructor(readonly stack: Stack) {}

  async open(user?: User, options: SupabaseClientOptions<"public"> = {}): Promise<SupabaseClient> {
    const { url, publishableKey } = this.stack;
    const supabase = createClient(url, publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
      // A second is long in a test.
      realtime: { reconnectAfterMs: () => 10 },
      ...options,
    });
    this.#clients.push(supabase);
    if (user) assert.ifError((await supabase.auth.signInWithPassword(user)).error);
    return supabase;
  }

  async close(): Promise<void> {
    for (const supabase of this.#clients.splice(0)) {
      await supabase.removeAllChannels();
      await supabase.realtime.disconnect();
    }
  }
}

/** Everything that comes is kept until it is asked for. */
function inbox<T>(): { put(item: T): void; take(): Promise<T> } {
  const items: T[] = [];
  let wake = () => {};
  return {
    put(item) {
      items.push(item);
      wake();
    },
    async take() {
      while (items.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return items.shift()!;
    },
  };
}

/** @param filters what to be told of; the whole table, where there are none */
export function watch(supabase: SupabaseClient, ...filters: (string | undefined)[]): Watch {
  const [statuses, changes] = [inbox<string>(), inbox<unknown>()];
  const systems = inbox<{ status: string; message: string }>();
  const channel = supabase.channel(crypto.randomUUID());
  for (const filter of filters.length > 0 ? filters : [undefined]) {
    const asked = { event: "*" as const, schema: "public", table: "profiles" };
    channel.on("postgres_changes", filter === undefined ? asked : { ...asked, filter }, (told) => {
      const row = told.new as { id?: string; plan?: string };
      changes.put(row.plan ?? told.eventType);
    });
  }
  channel.on("system", {}, systems.put).subscribe(statuses.put);
  const again = async () => {
    while (await statuses.take() !== "SUBSCRIBED");
    assert.equal((await systems.take()).status, "ok");
  };
  return { channel, status: statuses.take, again, change: changes.take, system: systems.take };
}

/** Subscribed, and confirmed to be. */
export async function subscribed(supabase: SupabaseClient, ...filters: (string | undefined)[]) {
  const watching = watch(supabase, ...filters);
  assert.equal(await watching.status(), "SUBSCRIBED");
  assert.equal((await watching.system()).status, "ok");
  return watching;
}

/** What billing does, and what else changes a row. */
export function plans({ url, secretKey }: Stack) {
  const admin = createClient(url, secretKey, { auth: { persistSession: false } });
  return {
    set: (user: User, plan: string) => setPlan(url, secretKey, user.id, plan),
    rows: admin.from("profiles"),
    call: (user: User, plan: string) => admin.rpc("set_plan", { user_id: user.id, plan }),
  };
}
