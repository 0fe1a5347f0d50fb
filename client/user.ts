/** The user who is signed in: whose token it has to be. */

import type { Clock } from "./clock.ts";
import { type BehestError, network, noSession } from "./error.ts";
import type { SessionAnswer, SupabaseLike, SupabaseSession } from "./supabase.ts";

/**
 * How often, and after how many ms, `getSession()` is asked again where it contradicts an event: in
 * Chromium another tab's event may be ahead of what that tab has written. After half a second the
 * storage is another one, and right.
 */
const TRIES = 10;
const ASK_AGAIN = 50;

/** What happens to the user, as far as tokens care. */
export interface UserEvents {
  /** Another user, or none, is certain from now on; `before` is who it was. */
  changed(before: string | undefined): void;
  /** It may or may not be certain now who it is: while it is not, nothing may be handed out. */
  told(): void;
  /** The same user, who has signed up where they were anonymous: the plan may be another. */
  signedUp(): void;
}

/** The user, followed through supabase-js. */
export interface CurrentUser {
  /** `session.user.id`; nothing while nobody is signed in, or before anything is known. */
  id: string | undefined;
  /** Whether `id` is who is signed in now. */
  certain: boolean;
  /** Whom the last word named, certain or not; nothing for nobody. */
  named: string | undefined;
  /**
   * Asks supabase-js, which may have to refresh the session first.
   *
   * @returns the session that a mint is pinned to
   * @throws {BehestError} `no_session`, or `network` while nobody can say
   */
  session(): Promise<SupabaseSession>;
  /** The same with a new session token, for one that the function found expired. */
  refreshed(): Promise<SupabaseSession>;
  /** Begins to hear of auth events. */
  follow(): void;
  /** Hears of no more. */
  close(): void;
}

/**
 * An event is compared, and never believed where it names another user, or none: it may be another
 * tab's, whose storage is not ours, so that `getSession()` decides.
 */
export function makeUser(
  auth: SupabaseLike["auth"],
  clock: Clock,
  events: UserEvents,
): CurrentUser {
  let anonymous = false;
  /** Counts the events that put in doubt what `getSession()` was asked before them. */
  let doubts = 0;
  /** Whether there was such a one since `getSession()` was believed. */
  let heard = false;
  let subscription: { unsubscribe(): void } | undefined;

  const user: CurrentUser = {
    id: undefined,
    certain: false,
    named: undefined,
    session: () => settled(() => auth.getSession()),
    refreshed: () => settled(() => auth.refreshSession()),
    follow: () => ({ subscription } = auth.onAuthStateChange(hear).data),
    close() {
      subscription?.unsubscribe();
      // Nobody waits for what would contradict an event.
      heard = false;
    },
  };

  /** Synchronous on purpose: supabase-js waits for its listeners, some versions under a lock. */
  function hear(_: string, session: SupabaseSession | null): void {
    if (user.certain && session?.user?.id === user.id) return settle(session);
    doubts++;
    user.certain = false;
    user.named = session?.user?.id;
    heard = true;
    events.told();
    // Deferred, as supabase-js may be in the midst of what it tells; who asks next asks again.
    Promise.resolve().then(user.session).catch(() => {});
  }

  async function settled(
    ask: () => Promise<SessionAnswer>,
    tries: number = TRIES,
  ): Promise<SupabaseSession> {
    const asked = doubts;
    const { data: { session }, error } = await Promise.resolve().then(ask)
      .catch((error): SessionAnswer => ({ data: { session: null }, error: error ?? {} }));
    // What was read before an event says nothing of who is there after it.
    if (asked !== doubts) return user.session();
    if (!session && error && !isRefusal(error)) throw network(error);
    if (heard && tries && session?.user?.id !== user.named) {
      await new Promise<void>((resolve) => clock.after(ASK_AGAIN, resolve));
      // Another event has a half second of its own.
      return asked === doubts ? settled(() => auth.getSession(), tries - 1) : user.session();
    }
    settle(session);
    if (!session) throw noSession(error);
    return session;
  }

  function settle(session: SupabaseSession | null): void {
    const { id, certain } = user;
    const wasAnonymous = anonymous;
    user.id = user.named = session?.user?.id;
    anonymous = !!session?.user?.is_anonymous;
    user.certain = true;
    heard = false;
    // It is decided: what was asked before this says nothing any more.
    if (!certain || user.id !== id) doubts++;
    if (user.id !== id) events.changed(id);
    else if (anonymous !== wasAnonymous) events.signedUp();
    else events.told();
  }

  return user;
}

/** The Auth server's own no, such as for a refresh token that is over: supabase-js signs out then. */
function isRefusal({ status }: Partial<BehestError>): boolean {
  return /^4(?!29)/.test(`${status}`);
}
