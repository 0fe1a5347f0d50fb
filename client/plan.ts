/** The user's plan, watched, so that a change of it is in the very next token. */

import { type Clock, stopwatch } from "./clock.ts";
import type { TokenSource } from "./token_source.ts";
import type { RealtimeChannelLike, Row, SupabaseLike, TablesLike } from "./supabase.ts";

/** Where the plan stands, by default as the migration puts it there. */
export interface PlanOptions {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  /** What the plan is in. */
  readonly column?: string | undefined;
  /** What the user's id is in. */
  readonly userColumn?: string | undefined;
  /**
   * Whether tokens have the plan from the session (`BEHEST_PLAN_CLAIM` and an access token hook): it is
   * refreshed then before the next one. On the direct way it always is.
   */
  readonly inSession?: boolean | undefined;
  /** Seconds from one look to the next while Realtime is not there; without it there is none. */
  readonly pollSeconds?: number | undefined;
  /** Hears once of what stands in the way: of Realtime, or of reading the row. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** One watch. */
export interface PlanWatch {
  /** To be told whenever the user may have changed. */
  follow(): void;
  /** Lets go of the channel, once or twice. */
  stop(): void;
}

/** What is used of a page. */
interface Page extends EventTarget {
  readonly visibilityState: string;
}

/** Seconds at the most before a closed channel is made anew, and after which one has been good. */
const LONGEST_PAUSE = 30;
const SETTLED_CHANNEL = 30;

/** @returns ms of the pause after so many failures: 1 s doubling, of which the half is chance */
function pause(failures: number): number {
  return Math.min(LONGEST_PAUSE, 2 ** failures) * (500 + Math.random() * 500);
}

/** A channel of Realtime on the user's own row; and what it may have missed is looked up. */
export function makeWatch(
  supabase: SupabaseLike,
  source: TokenSource,
  clock: Clock,
  options: PlanOptions = {},
): PlanWatch {
  const { schema = "public", table = "profiles", column = "plan", userColumn = "id" } = options;
  const { inSession, pollSeconds, onError } = options;
  let user: string | undefined;
  let channel: RealtimeChannelLike | undefined;
  /** Whether Realtime tells of changes. */
  let live = false;
  /** Seconds since the channel was joined, and since the server's last word that it listens. */
  let joined = () => 0;
  let listened = () => Infinity;
  /** Channels that were closed in a row, and looks that were not answered. */
  let closings = 0;
  let misses = 0;
  /** The plan as text, as it was last seen, or that there is no row; nothing before that. */
  let plan: string | undefined;
  /** Counts the questions, and what is seen without one: only the last says how it is. */
  let looks = 0;
  let said = false;
  let cancelJoin = () => {};
  let cancelLook = () => {};
  let cancelPoll = () => {};

  function follow(): void {
    // In doubt it is still theirs.
    if (user && source.has(user)) return;
    leave();
    user = source.user();
    plan = undefined;
    closings = 0;
    if (user) join(user);
  }

  function join(id: string): void {
    try {
      // Unique: supabase-js has one channel a topic, which an effect that runs twice would close under
      // itself.
      const own = channel = supabase.channel(`behest-${Math.random()}`);
      const filter = `${userColumn}=eq.${id}`;
      own.on("postgres_changes", { event: "*", schema, table, filter }, ({ new: row }) => {
        // Realtime filters no deletions: those have no new row.
        if (own === channel && row[userColumn] === id) see(row, true);
      });
      own.on("system", {}, ({ extension, status, message }) => {
        if (own !== channel || extension !== "postgres_changes") return;
        // SUBSCRIBED came before, when what changed was not told yet.
        live = status === "ok";
        if (!live) return fail(new Error(message));
        // It is said again after each refresh of the session, which a look itself can bring about.
        if (listened() < SETTLED_CHANNEL) return;
        listened = stopwatch(clock);
        look();
      });
      own.subscribe((status, error) => {
        if (own !== channel) return;
        live = status === "SUBSCRIBED";
        if (live) {
          joined = stopwatch(clock);
          listened = () => Infinity;
          look();
        } else if (status === "CLOSED") {
          // Such as at the end of its session: it cannot be joined again.
          if (joined() >= SETTLED_CHANNEL) closings = 0;
          leave();
          cancelJoin = clock.after(pause(closings++), () => join(id));
        } else fail(error ?? new Error(status));
      });
    } catch (error) {
      fail(error);
    }
  }

  function leave(): void {
    const left = channel;
    channel = undefined;
    live = false;
    looks++;
    joined = () => 0;
    cancelJoin();
    cancelLook();
    if (left) supabase.removeChannel(left);
  }

  /** Asks PostgREST, as the user. */
  async function look(): Promise<void> {
    const own = ++looks;
    cancelLook();
    try {
      const { data, error, status } = await (supabase as unknown as TablesLike).schema(schema)
        .from(table).select(column).eq(userColumn, user).maybeSingle();
      if (own !== looks) return;
      if (!error) {
        misses = 0;
        // A row that is not seen may be another's to see: a session that is over reads as nobody.
        if (data) see(data, plan !== undefined);
        else plan ??= "";
        return;
      }
      // No such table, no right to it, more than one row: that stays so.
      if (!/^40[0346]/.test(`${status}`)) cancelLook = clock.after(pause(misses++), look);
      fail(error);
    } catch (error) {
      if (own === looks) fail(error);
    }
  }

  function see(row: Row, counts: boolean): void {
    const now = `${row[column]}`;
    looks++;
    if (counts && now !== plan) source.drop(inSession);
    plan = now;
  }

  function fail(error: unknown): void {
    if (!said) queueMicrotask(() => onError?.(error));
    said = true;
  }

  // React Native and servers have none.
  const { document: page } = globalThis as { document?: Page };
  const shown = () => {
    if (user && page?.visibilityState === "visible") look();
  };
  page?.addEventListener?.("visibilitychange", shown);

  function poll(seconds: number): void {
    cancelPoll = clock.after(seconds * 1000, () => {
      if (user && !live) look();
      poll(seconds);
    });
  }
  // A timer of more than 24 days would fire at once.
  if (pollSeconds) poll(Math.min(Math.max(1, pollSeconds), 2e6));
  follow();

  return {
    follow,
    stop() {
      page?.removeEventListener?.("visibilitychange", shown);
      cancelPoll();
      leave();
      user = undefined;
    },
  };
}
