/** Where tokens come from: the one at hand while it is good, else one mint, however many ask. */

import type { Clock } from "./clock.ts";
import { badAnswer, BehestError, isFinal, noSession, timedOut, userChanged } from "./error.ts";
import { mint } from "./mint.ts";
import { ownersToken } from "./owner.ts";
import { makePause } from "./pause.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { authOf } from "./third_party.ts";
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
  const { functionName = "behest-token", baseUrl, direct = false, timeout = 15_000 } = options;
  const { auth, look } = authOf(supabase, timeout, clock);
  // Another provider refreshes in its own time, and has no other token until then.
  const refreshBefore = direct && look ? 0 : options.refreshBefore ?? 60;
  const pause = makePause(clock);
  let held: Held | undefined;
  let { sessionId } = options;
  /** Counts what makes the result of a mint under way worthless, whose user is still here. */
  let generation = 0;
  /** Whether the session's token is not good any more, however long it lives. */
  let spent = false;
  /** The generation of the last `invalidate()`: what was sent before it may fail unheard. */
  let forgiven = 0;
  /** The one mint: whoever asks waits for it, and whoever leaves ends it. */
  let minting: Minting | undefined;
  /** The question who is signed in, before which there is no mint. */
  let asking: Work<SupabaseSession> | undefined;
  let closed: BehestError | undefined;
  /** Whose faults the pause is for. */
  let latest: string | undefined;
  /** The session token that was last refused. */
  let over: string | undefined;
  const user = makeUser(auth, clock, { changed: leave, told, signedUp: drop });

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
    // Without events, each use asks who is here.
    if (look) await look(signal);
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
      if (held && (error ? isFresh(held, 0) : isGood(held))) return held;
      if (error) throw error;
      minting ??= start(timeout - (clock.tick() - begun));
      const arrived = await untilAborted(minting.promise, signal);
      if (known() === arrived.user) return arrived;
      if (user.certain) throw closed ?? left();
      whose = id;
    }
  }

  /** A session's own token is good for as long as it is the session's. */
  function isGood(held: Held): boolean {
    return isFresh(held, refreshBefore) && !(direct && held.answer.token !== user.sessionToken);
  }

  async function own(signal?: AbortSignal | null): Promise<Held> {
    if (look) await look(signal);
    return ownersToken(user, () => ready(signal));
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
        const request = { functionName, baseUrl, sessionId, direct, refreshBefore, spent };
        return mint(supabase, user, session, request, clock, signal);
      });
      const [minted, error] = await own.attempt.promise.then(
        (minted): [Held?, unknown?] => [minted],
        (error) => [undefined, error],
      );
      // It may have been ended in this very moment.
      if (own !== minting) throw closed ?? left();
      if (minted && current === generation) return keep(minted);
      if (!minted && (isFinal(error) || forgiven <= current)) return fail(error);
    }
    return fail(timedOut());
  }

  function keep(minted: Held): Held {
    sessionId = minted.answer.sessionId;
    spent = false;
    pause.end();
    return held = minted;
  }

  /** @returns the token at hand, where there was no refusal of the function's own */
  function fail(error: unknown): Held {
    if (isFinal(error)) throw error;
    const fault = error instanceof BehestError ? error : badAnswer();
    pause.begin(fault);
    over = user.sessionToken;
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
    replace();
    forgiven = generation;
    spent = false;
  }

  function told(): void {
    // Whoever was to sign in again has done so.
    if (pause.last()?.code === "expired_token" && user.sessionToken !== over) pause.forget();
    changed();
  }

  function end(error: BehestError): void {
    minting?.attempt.end(error);
    minting = undefined;
    // Who asks while somebody signs in hears of them.
    if (!user.named || closed) asking?.end(error);
  }

  /** What the tokens at hand were made by is not so any more. */
  function drop(renew = false): void {
    spent ||= direct || renew;
    replace();
  }

  /** The token at hand, and the one that is being made, are not to be used any more. */
  function replace(): void {
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
    spent ||= direct;
    pause.refused(token);
    changed();
  }

  return {
    follow: user.follow,
    user: known,
    whose: (signal) => !look && known() || own(signal).then(({ user }) => user),
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
      replace();
    },
    close() {
      closed ??= new BehestError("closed", "This client is closed.");
      end(closed);
      invalidate();
      user.close();
    },
  };
}
