/** Where tokens come from: the one at hand while it is good, else one mint, however many ask. */

import type { Clock } from "./clock.ts";
import { badAnswer, BehestError, isFinal, noSession, timedOut, userChanged } from "./error.ts";
import { mint } from "./mint.ts";
import { makePause } from "./pause.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { type Held, isFresh, secondsLeft } from "./token.ts";
import type { SourceOptions, TokenSource } from "./token_source.ts";
import { makeUser } from "./user.ts";
import { begin, reasonOf, untilAborted, type Work } from "./work.ts";

/** A mint under way, made anew for as long as it is invalidated on its way. */
interface Minting {
  promise: Promise<Held>;
  attempt: Work<Held>;
}

/** How often a mint is made anew for what came on its way, before its failure is told. */
const MOST_ROUNDS = 8;

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
  /** Whose faults the pause is for. */
  let latest: string | undefined;
  const user = makeUser(supabase.auth, clock, { changed: leave, told: changed, signedUp: drop });

  function known(): string | undefined {
    return user.certain && !closed ? user.id : undefined;
  }

  function state(): Snapshot {
    const answer = known() ? held?.answer : undefined;
    const error = known() ? pause.last() : undefined;
    return snapshotOf(answer, !!minting, error, user.certain && !user.named);
  }

  async function ready(signal?: AbortSignal | null): Promise<Held> {
    // Sleep is no waiting.
    const begun = clock.tick();
    /** Whose mint it was that ended in doubt. */
    let whose: string | undefined;
    for (;;) {
      if (closed) throw closed;
      if (signal?.aborted) throw reasonOf(signal);
      const id = known();
      if (!id) {
        await untilAborted((asking ??= ask()).promise, signal);
        continue;
      }
      if (whose && whose !== id) throw userChanged();
      const error = pause.waiting();
      // While none can be had, the one at hand serves to its end.
      if (held && isFresh(held, error ? 0 : refreshBefore)) return held;
      if (error) throw error;
      minting ??= start(timeout - (clock.tick() - begun));
      const arrived = await untilAborted(minting.promise, signal);
      if (known() === arrived.user) return arrived;
      if (user.certain) throw closed ?? left();
      whose = id;
    }
  }

  async function own(signal?: AbortSignal | null): Promise<Held> {
    const { id, certain, named, arrivals, decided } = user;
    const { length } = arrivals;
    const told = certain ? id : named ?? id ?? arrivals[length - 1];
    const doubt = decided.length;
    const arrived = await ready(signal);
    // Where nobody was known or told of, it is that of whoever came first.
    const first = told ?? arrivals.find((who, nth) => who && nth >= length);
    if (arrived.user !== id && arrived.user !== first) throw userChanged();
    // Nor that of who comes back after it was decided for another.
    if (arrived.user !== (decided[doubt] ?? arrived.user)) throw userChanged();
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
    const begun = clock.tick();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      let current = generation;
      own.attempt = begin(ms - (clock.tick() - begun), clock, async (signal) => {
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
    return fail(timedOut());
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
    // Who has to wait does so though they sign out and in.
    if (user.id && user.id !== latest) pause.forget();
    latest = user.id ?? latest;
    drop();
    forgiven = generation;
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
      end(closed);
      invalidate();
      user.close();
    },
  };
}
