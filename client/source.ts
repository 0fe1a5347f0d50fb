/** Where tokens come from: the one at hand while it is good, else one mint, however many ask. */

import type { Clock } from "./clock.ts";
import { BehestError, isFinal, network, noSession, userChanged } from "./error.ts";
import { mint, type MintOptions } from "./mint.ts";
import { makePause } from "./pause.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { SupabaseLike } from "./supabase.ts";
import { type Held, secondsLeft } from "./token.ts";
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
  /** What an application may show. */
  state(): Snapshot;
  /**
   * @returns the token at hand, or a new one
   * @throws {BehestError} why there is none; the signal's own reason, where it ends the wait
   */
  ready(signal?: AbortSignal | null): Promise<Held>;
  /** Whether a token is that of who is signed in. */
  owns(held: Pick<Held, "user">): boolean;
  /**
   * Asked at the last moment before a token goes out.
   *
   * @throws {BehestError} where it is not that of who is signed in, why
   */
  check(held: Pick<Held, "user">): void;
  /** Behest has taken this token. */
  accepted(held: Held): void;
  /** Behest has answered 401 to this token: it is replaced, unless it was already. */
  refused(held: Held): void;
  /** The application knows better: the next use mints, and waits for no pause. */
  invalidate(): void;
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

/** What a 401 of Behest's counts: a token that it never took is as bad as three that it did. */
const STRIKES_IN_DOUBT = 3;
/** Seconds after which the 401 of a token that Behest has taken has nothing to do with others. */
const SETTLED = 30;

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
  let strikes = 0;
  /** Counts what makes the result of a mint under way worthless, though its user is still here. */
  let generation = 0;
  /** The last one that the application asked for: a failure of before is forgiven, too. */
  let forgiven = 0;
  /** The mint for who is signed in. */
  let minting: Minting | undefined;
  /** The one that first makes certain who that is. */
  let asking: Minting | undefined;
  let closed: BehestError | undefined;
  const user = makeUser(supabase.auth, clock, { changed: leave, told: changed, signedUp: drop });

  function state(): Snapshot {
    const answer = user.certain ? held?.answer : undefined;
    return snapshotOf(answer, !!minting, pause.last(), user.certain && !user.named);
  }

  async function ready(signal?: AbortSignal | null): Promise<Held> {
    if (closed) throw closed;
    if (signal?.aborted) throw reasonOf(signal);
    let work: Minting;
    if (user.certain && user.id) {
      const good = atHand();
      if (good) return good;
      work = minting ??= start();
    } else {
      work = asking ??= start();
    }
    const arrived = await untilAborted(work.promise, signal);
    check(arrived);
    return arrived;
  }

  function owns(held: Pick<Held, "user">): boolean {
    return !closed && user.certain && user.id === held.user;
  }

  function check(held: Pick<Held, "user">): void {
    if (!owns(held)) throw closed ?? left();
  }

  /** What is said to who waited for somebody who is not here any more. */
  function left(): BehestError {
    return user.named ? userChanged() : noSession();
  }

  /** @throws {BehestError} the last failure, where it has to be waited out */
  function atHand(): Held | undefined {
    const error = pause.waiting();
    if (held) {
      const left = secondsLeft(held);
      // While none can be had, the one at hand serves to its end.
      const enough = error ? 0 : Math.min(refreshBefore, held.answer.ttl / 2);
      if (left > 0 && left >= enough) return held;
    }
    if (error) throw error;
    return undefined;
  }

  function start(): Minting {
    const own = {} as Minting;
    own.promise = mintLatest(own).finally(() => {
      if (minting === own) minting = undefined;
      if (asking === own) asking = undefined;
      changed();
    });
    // Whoever waited may have gone.
    own.promise.catch(() => {});
    return own;
  }

  async function mintLatest(own: Minting): Promise<Held> {
    for (;;) {
      let current = generation;
      own.attempt = begin(timeout, clock, async (signal) => {
        const session = await user.session();
        // What was invalidated until here is no matter of this one.
        current = generation;
        if (own === asking) {
          asking = undefined;
          const good = atHand() ?? await minting?.promise;
          if (good) return good;
          minting = own;
        }
        changed();
        const request = { functionName, baseUrl, sessionId };
        return mint(supabase, user, session, request, clock, signal);
      });
      try {
        const minted = await own.attempt.promise;
        if (current === generation) return keep(minted);
      } catch (error) {
        if (isFinal(error) || forgiven <= current) return fail(error);
      }
    }
  }

  function keep(minted: Held): Held {
    if (minted === held) return held;
    held = minted;
    sessionId = minted.answer.sessionId;
    // While Behest refuses what is minted, that a mint went well says little.
    pause.end(strikes <= STRIKES_IN_DOUBT);
    return minted;
  }

  /** @returns the token at hand, where there was no refusal of the function's own */
  function fail(error: unknown): Held {
    if (isFinal(error) || error === pause.last()) throw error;
    const fault = error instanceof BehestError ? error : network(error);
    pause.begin(fault);
    const refused = /^40[123]/.test(`${fault.status}`) && fault.code !== "bad_answer";
    if (held && (refused || secondsLeft(held) <= 0)) held = undefined;
    if (held && owns(held)) return held;
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
    if (!user.named || closed) asking?.attempt.end(error);
  }

  /** The token at hand, and the one that is being made, are not to be used any more. */
  function drop(): void {
    generation++;
    held = undefined;
    changed();
  }

  function invalidate(): void {
    pause.end(true);
    strikes = 0;
    drop();
    forgiven = generation;
  }

  function refused(refused: Held): void {
    if (refused !== held) return;
    if (held.accepted && held.age() >= SETTLED) strikes = 0;
    strikes += held.accepted ? 1 : STRIKES_IN_DOUBT;
    held = undefined;
    if (strikes > STRIKES_IN_DOUBT) {
      const message = "Behest refuses the function's tokens: see `npx behest-token doctor`.";
      pause.begin(new BehestError("behest_rejected", message, { status: 401 }));
    }
    changed();
  }

  return {
    follow: user.follow,
    state,
    ready,
    owns,
    check,
    accepted: (held) => void (held.accepted = true),
    refused,
    invalidate,
    newSession() {
      sessionId = undefined;
      drop();
    },
    close() {
      closed ??= new BehestError("closed", "This client is closed: make a new one.");
      user.close();
      end(closed);
      sessionId = undefined;
      invalidate();
    },
  };
}
