/** Where tokens come from: the one at hand while it is good, else one mint, however many ask. */

import { type Clock, stopwatch } from "./clock.ts";
import { badAnswer, BehestError, isFinal, noSession, userChanged } from "./error.ts";
import { mint, type MintOptions } from "./mint.ts";
import { makePause } from "./pause.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { type Held, isFresh, secondsLeft } from "./token.ts";
import { makeUser } from "./user.ts";
import { begin, reasonOf, untilAborted, type Work } from "./work.ts";

/** How tokens are got: what an application may set (`BehestOptions`). */
export type SourceOptions =
  & { readonly [Name in keyof MintOptions]?: MintOptions[Name] | undefined }
  & { readonly [Name in "refreshBefore" | "timeout"]?: number | undefined };

/** The token of who is signed in, and never another's. */
export interface TokenSource {
  /** Begins to hear of who is signed in. */
  follow(): void;
  /** Who is signed in, where that is certain. */
  user(): string | undefined;
  /** What an application may show. */
  state(): Snapshot;
  /**
   * @returns the token at hand, or a new one
   * @throws {BehestError} why there is none; the signal's own reason, where it ends the wait
   */
  ready(signal?: AbortSignal | null): Promise<Held>;
  /**
   * The same for a request, which is that of who was here when it was made, or was told to have come.
   *
   * @throws {BehestError} `user_changed` where it is another by now
   */
  own(signal?: AbortSignal | null): Promise<Held>;
  /** Whether this user is still here, as far as is known: an event may have put it in doubt. */
  has(user: string): boolean;
  /**
   * Asked at the last moment before a token goes out.
   *
   * @throws {BehestError} where it is not that of who is signed in, why
   */
  check(held: Held): void;
  /** Behest has answered 401 to this token: it is replaced, unless it was already. */
  refused(held: Held): void;
  /** The application knows better: the next use mints, and waits for no pause. */
  invalidate(): void;
  /** What the tokens of now were made by has changed; faults and their pauses go on. */
  drop(): void;
  /** The next token begins another Behest session. */
  newSession(): void;
  /** Ends every wait, and hands out nothing more. */
  close(): void;
}

/** A mint under way, made anew for as long as it is invalidated on its way. */
interface Minting {
  promise: Promise<Held>;
  attempt: Work<Held>;
}

/** @param changed hears of every change of `state` */
export function makeSource(
  supabase: SupabaseLike,
  options: SourceOptions,
  clock: Clock,
  changed: () => void,
): TokenSource {
  const { functionName = "behest-token", baseUrl, refreshBefore = 60, timeout = 15_000 } = options;
  const pause = makePause(clock);
  let held: Held | undefined;
  let { sessionId } = options;
  /** Counts what makes the result of a mint under way worthless, though its user is still here. */
  let generation = 0;
  /** The generation of the last `invalidate()`: what was sent before it may fail unheard. */
  let forgiven = 0;
  /** The one mint: whoever asks waits for it, and whoever leaves ends it. */
  let minting: Minting | undefined;
  /** The question who is signed in, before which there is no mint. */
  let asking: Work<SupabaseSession> | undefined;
  let closed: BehestError | undefined;
  const user = makeUser(supabase.auth, clock, { changed: leave, told: changed, signedUp: drop });

  function known(): string | undefined {
    return user.certain && !closed ? user.id : undefined;
  }

  function state(): Snapshot {
    const answer = known() ? held?.answer : undefined;
    return snapshotOf(answer, !!minting, pause.last(), user.certain && !user.named);
  }

  async function ready(signal?: AbortSignal | null): Promise<Held> {
    const waited = stopwatch(clock);
    for (;;) {
      if (closed) throw closed;
      if (signal?.aborted) throw reasonOf(signal);
      const error = pause.waiting();
      // While none can be had, the one at hand serves to its end.
      if (known() && held && isFresh(held, error ? 0 : refreshBefore)) return held;
      if (error) throw error;
      if (known()) break;
      await untilAborted((asking ??= ask()).promise, signal);
    }
    minting ??= start(timeout - waited() * 1000);
    const arrived = await untilAborted(minting.promise, signal);
    check(arrived);
    return arrived;
  }

  async function own(signal?: AbortSignal | null): Promise<Held> {
    const { id, named = id } = user;
    const arrived = await ready(signal);
    // Where nobody was known or told of, it is that of whoever comes.
    if (named && arrived.user !== named && arrived.user !== id) throw userChanged();
    return arrived;
  }

  function check(held: Held): void {
    if (known() !== held.user) throw closed ?? left();
  }

  /** What is said to who waited for somebody who is not here any more. */
  function left(): BehestError {
    return user.named ? userChanged() : noSession();
  }

  function ask(): Work<SupabaseSession> {
    const own = begin(timeout, clock, user.session);
    own.promise.catch(() => {}).finally(() => asking = undefined);
    return own;
  }

  function start(ms: number): Minting {
    const own = {} as Minting;
    own.promise = mintLatest(own, ms).finally(() => {
      if (minting === own) minting = undefined;
      changed();
    });
    // Whoever waited may have gone.
    own.promise.catch(() => {});
    return own;
  }

  async function mintLatest(own: Minting, ms: number): Promise<Held> {
    const { id } = user;
    for (;;) {
      let current = generation;
      own.attempt = begin(ms, clock, async (signal) => {
        const session = await user.session();
        if (session.user.id !== id) throw userChanged();
        // What was invalidated until here is no matter of this one.
        current = generation;
        changed();
        const request = { functionName, baseUrl, sessionId };
        return mint(supabase, user, session, request, clock, signal);
      });
      const [minted, error] = await own.attempt.promise.then(
        (minted): [Held?, unknown?] => [minted],
        (error) => [undefined, error],
      );
      // It may have been ended in this very moment.
      if (own !== minting) throw closed ?? left();
      if (minted) {
        if (current === generation) return keep(minted);
      } else if (isFinal(error) || forgiven <= current) {
        return fail(error);
      }
    }
  }

  function keep(minted: Held): Held {
    held = minted;
    sessionId = minted.answer.sessionId;
    pause.end();
    return minted;
  }

  /** @returns the token at hand, where there was no refusal of the function's own */
  function fail(error: unknown): Held {
    if (isFinal(error)) throw error;
    const fault = error instanceof BehestError ? error : badAnswer();
    pause.begin(fault);
    const refused = /^40[123]/.test(`${fault.status}`) && fault.code !== "bad_answer";
    if (held && (refused || secondsLeft(held) <= 0)) held = undefined;
    if (held) return held;
    throw fault;
  }

  /** Whatever the user had goes with them, and so does what is under way for them. */
  function leave(before: string | undefined): void {
    if (before) sessionId = undefined;
    end(left());
    invalidate();
  }

  function end(error: BehestError): void {
    minting?.attempt.end(error);
    minting = undefined;
    // Who asks while somebody signs in hears of them.
    if (!user.named || closed) asking?.end(error);
  }

  /** The token at hand, and the one that is being made, are not to be used any more. */
  function drop(): void {
    generation++;
    held = undefined;
    changed();
  }

  function invalidate(): void {
    pause.forget();
    drop();
    forgiven = generation;
  }

  function refused(token: Held): void {
    if (token !== held) return;
    held = undefined;
    pause.refused(token);
    changed();
  }

  return {
    follow: user.follow,
    user: known,
    state,
    ready,
    own,
    has: (id) => user.id === id,
    check,
    refused,
    invalidate,
    drop,
    newSession() {
      sessionId = undefined;
      drop();
    },
    close() {
      closed ??= new BehestError("closed", "This client is closed.");
      user.close();
      end(closed);
      invalidate();
    },
  };
}
