/** Where tokens come from: the one at hand while it is good, else one mint, however many ask. */

import type { Clock } from "./clock.ts";
import { badAnswer, BehestError, closedError, isFinal, noSession, userChanged } from "./error.ts";
import { mint } from "./mint.ts";
import { type Generation, type Minting, startMinting } from "./minting.ts";
import { ownersToken } from "./owner.ts";
import { makePause } from "./pause.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { latest } from "./session_token.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { authOf } from "./third_party.ts";
import { type Held, isFresh, secondsLeft } from "./token.ts";
import type { SourceOptions, TokenSource } from "./token_source.ts";
import { makeUser } from "./user.ts";
import { begin, reasonOf, untilAborted, type Work } from "./work.ts";

/** @param changed hears of every change of `state` */
export function makeSource(
  supabase: SupabaseLike,
  options: SourceOptions,
  clock: Clock,
  changed: () => void,
): TokenSource {
  const { functionName = "behest-token", baseUrl, direct = false, timeout = 15_000 } = options;
  const { auth, look } = authOf(supabase, timeout, clock);
  const { refreshBefore = 60 } = options;
  const pause = makePause(clock);
  let held: Held | undefined;
  let { sessionId } = options;
  const generation: Generation = { now: 0, forgiven: 0 };
  /** Whether the session's token is not good any more, however long it lives. */
  let spent = false;
  /** The one mint. */
  let minting: Minting | undefined;
  /** The question who is signed in, before which there is no mint. */
  let asking: Work<SupabaseSession> | undefined;
  let closed: BehestError | undefined;
  /** Whose faults the pause is for. */
  let pausedFor: string | undefined;
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
    const begun = clock.tick();
    // Without events, each use asks who is here.
    if (look && !closed) await look(signal);
    return current(begun, signal);
  }

  /** @param begun the tick since when this is waited for: sleep is no waiting */
  async function current(begun: number, signal?: AbortSignal | null): Promise<Held> {
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

  function own(signal?: AbortSignal | null): Promise<Held> {
    const begun = clock.tick();
    return ownersToken(user, closed ? undefined : look, () => current(begun, signal), signal);
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
    const { id } = user;
    const own = startMinting(ms, clock, generation, {
      keep,
      fail,
      async mint(round, signal) {
        const session = await user.session();
        if (session.user.id !== id) throw userChanged();
        // What was invalidated until here is no matter of this one.
        round.generation = generation.now;
        changed();
        return mint(
          supabase,
          user,
          session,
          {
            ...{ functionName, baseUrl, sessionId, direct },
            // Nobody here can refresh another provider's.
            refreshBefore: look ? undefined : refreshBefore,
            spent: spent && !look,
            renewed: () => spent &&= round.generation !== generation.now,
          },
          clock,
          signal,
        );
      },
    });
    own.promise = own.promise.finally(() => {
      if (minting === own) minting = undefined;
      changed();
    });
    // Whoever waited may have gone.
    own.promise.catch(() => {});
    return own;
  }

  function keep(minted: Held): Held {
    sessionId = minted.answer.sessionId;
    pause.end();
    return held = minted;
  }

  /** @returns the token at hand, where there was no refusal of the function's own */
  function fail(error: unknown): Held {
    if (isFinal(error)) throw error;
    const fault = error instanceof BehestError ? error : badAnswer();
    pause.begin(fault, user.sessionToken);
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
    if (user.id && user.id !== pausedFor) pause.forget();
    pausedFor = user.id ?? pausedFor;
    replace();
    generation.forgiven = generation.now;
    spent = false;
  }

  function told(): void {
    // Whoever was to sign in again has done so.
    const { certain, sessionToken } = user;
    pause.heard(sessionToken);
    if (direct && certain && sessionToken && held && sessionToken !== held.answer.token) {
      // What another provider gives is it, whatever was given before.
      held = look ? undefined : latest(held, sessionToken, clock);
    }
    changed();
  }

  function end(error: BehestError): void {
    minting?.end(error);
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
    generation.now++;
    held = undefined;
    changed();
  }

  function invalidate(): void {
    pause.forget();
    drop();
    generation.forgiven = generation.now;
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
      closed ??= closedError();
      end(closed);
      invalidate();
      user.close();
    },
  };
}
