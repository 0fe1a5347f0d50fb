/** The user who is signed in: whose token it has to be. */

import type { Clock } from "./clock.ts";
import { type BehestError, network, noSession } from "./error.ts";
import { readClaims } from "./session_token.ts";
import type { SessionAnswer, SupabaseLike, SupabaseSession } from "./supabase.ts";

/**
 * How often, and after how many ms, `getSession()` is asked again where it contradicts an event: in
 * Chromium another tab's event may be ahead of what that tab has written. After half a second the
 * storage is another one, and right.
 */
const TRIES = 10;
const ASK_AGAIN = 50;
/** Ms at the most before a question in doubt, where each one makes supabase-js tell something. */
const LONGEST_WAIT = 10_000;

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
  /** Their session token, as far as was told. */
  sessionToken: string | undefined;
  /** Whom the last word named, certain or not; nothing for nobody. */
  named: string | undefined;
  /** Everybody who was told of or found to be there, in their order; nothing for nobody. */
  readonly arrivals: (string | undefined)[];
  /** Everybody who was found to be there after a doubt, or where another had been, in their order. */
  readonly decided: (string | undefined)[];
  /**
   * Asks supabase-js, which may have to refresh the session first.
   *
   * @returns the session that a mint is pinned to
   * @throws {BehestError} `no_session`, or `network` while nobody can say
   */
  session(): Promise<SupabaseSession>;
  /**
   * The same after a refresh.
   *
   * @param old the session whose token the function found expired
   * @throws {BehestError} `no_session` where there is no other
   */
  refreshed(old: SupabaseSession): Promise<SupabaseSession>;
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
  /** Counts every event. */
  let words = 0;
  /** The session token of the last one, and how often it was another than before. */
  let told: string | undefined;
  let switches = 0;
  /** Questions that are not answered yet. */
  let open = 0;
  /** How many questions in a row had events come while they were answered. */
  let talkative = 0;
  /** The one that is still to be asked then. */
  let waiting: Promise<SupabaseSession> | undefined;
  let subscription: { unsubscribe(): void } | undefined;
  /** What ends each wait. */
  const waits: Set<() => void> = new Set();

  const user: CurrentUser = {
    id: undefined,
    certain: false,
    sessionToken: undefined,
    named: undefined,
    arrivals: [],
    decided: [],
    session() {
      open++;
      return paced(TRIES).finally(() => open--);
    },
    async refreshed(old) {
      const [, error] = await answerOf(() => auth.refreshSession());
      if (error && !isRefusal(error)) throw network(error);
      // A refusal signs nobody out: another tab may have been faster. And no other user is taken from
      // an answer that the storage does not have.
      const session = await user.session();
      if (session.access_token === old.access_token) throw noSession(error);
      return session;
    },
    follow: () => ({ subscription } = auth.onAuthStateChange(hear).data),
    close() {
      // Nobody waits for what would contradict an event.
      heard = false;
      waits.forEach((stop) => stop());
      subscription?.unsubscribe();
    },
  };

  /** Synchronous on purpose: supabase-js waits for its listeners, some versions under a lock. */
  function hear(_: string, session: SupabaseSession | null): void {
    const id = idOf(session);
    words++;
    if (session?.access_token !== told) switches++;
    told = session?.access_token;
    if (user.certain && id === user.id && (id || !session)) return settle(id, session);
    // `getSession()` itself may refresh, and tell: what it then answers is no older.
    if (heard && id === user.named && open) return;
    doubts++;
    user.certain = false;
    user.named = id;
    heard = true;
    if (id) arrive(id);
    events.told();
    // Deferred, as supabase-js may be in the midst of what it tells; who asks next asks again.
    Promise.resolve().then(user.session).catch(() => {});
  }

  /**
   * Where a session looks over as soon as it is there, each question refreshes, and tells other tabs:
   * those of two users would ask one another without end. So one question waits, for all who ask.
   */
  function paced(tries: number): Promise<SupabaseSession> {
    const ms = ASK_AGAIN * 2 ** (talkative - 6);
    if (user.certain || ms < ASK_AGAIN) return settled(tries);
    // The half of it is chance, or the tabs would ask in the same moment, again and again.
    const late = Math.min(LONGEST_WAIT, ms) * (1 + Math.random()) / 2;
    return waiting ??= wait(late).then(() => {
      waiting = undefined;
      return settled(tries);
    });
  }

  async function settled(tries: number): Promise<SupabaseSession> {
    const [asked, word, switched] = [doubts, words, switches];
    const [session, error] = await answerOf(() => auth.getSession());
    const id = idOf(session);
    talkative = word === words ? 0 : talkative + 1;
    // What was read before an event says nothing of who is there after it, but where that, and nothing
    // else, told of this very session: the question itself has refreshed it.
    const itself = session && session.access_token === told && switches - switched < 2;
    if (
      asked !== doubts && !itself ||
      heard && id !== user.named && word !== words
    ) return user.session();
    if (!session && error && !isRefusal(error)) throw network(error);
    if (tries && (heard ? id !== user.named : session && !id)) {
      await wait(ASK_AGAIN);
      // Another event has a half second of its own.
      return asked === doubts ? paced(tries - 1) : user.session();
    }
    settle(id, session);
    if (!session || !id) throw noSession(error);
    return session;
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = clock.after(ms, () => {
        waits.delete(stop);
        resolve();
      });
      waits.add(stop);
    });
  }

  function settle(id: string | undefined, session: SupabaseSession | null): void {
    const { id: before, certain } = user;
    const wasAnonymous = anonymous;
    user.id = user.named = id;
    user.sessionToken = session?.access_token;
    anonymous = !!(id && session?.user.is_anonymous);
    user.certain = true;
    heard = false;
    arrive(id);
    // It is decided: what was asked before this says nothing any more.
    if (!certain || id !== before) {
      doubts++;
      user.decided.push(id);
    }
    if (id !== before) events.changed(before);
    else if (anonymous !== wasAnonymous) events.signedUp();
    else events.told();
  }

  function arrive(id: string | undefined): void {
    const { arrivals } = user;
    if (id !== arrivals[arrivals.length - 1]) arrivals.push(id);
  }

  return user;
}

/** What supabase-js answers, or throws, whatever it is. */
function answerOf(
  ask: () => Promise<SessionAnswer>,
): Promise<readonly [SupabaseSession | null, unknown]> {
  return Promise.resolve().then(ask)
    .then(({ data, error }) => [data.session, error] as const)
    .catch((error) => [null, error ?? {}] as const);
}

/**
 * Whose session it is. Nobody's, where it has no user, or where its token is another's: a storage that
 * keeps them apart is written in two steps, and what goes out is the token.
 */
function idOf(session: SupabaseSession | null): string | undefined {
  try {
    const { user, access_token } = session!;
    const { sub } = readClaims(access_token);
    return sub && sub !== user.id ? undefined : user.id;
  } catch {
    // There is none, or it has no user.
    return undefined;
  }
}

/** The Auth server's own no, such as for a refresh token that is over: supabase-js signs out then. */
function isRefusal(error: unknown): boolean {
  return /^4(?!29)/.test(`${(error as Partial<BehestError>).status}`);
}
