/** The last failure, and the wait for it, so that no fault makes a storm of mints. */

import { type Clock, stopwatch } from "./clock.ts";
import { BehestError } from "./error.ts";
import type { Held } from "./token.ts";

/** Each 401 is a strike, or this many for a token that Behest never took; beyond, a failed mint. */
const STRIKES_IN_DOUBT = 3;
/** Seconds after which the 401 of a token that Behest has taken has nothing to do with others. */
const SETTLED = 30;

/** Seconds between a failed mint and the next, where the function does not say: 1, doubled, to this. */
const LONGEST = 30;

/** What failed, until something succeeds. */
export interface Pause {
  /** Why the last mint failed. */
  last(): BehestError | undefined;
  /** The same, while the next mint has to wait. */
  waiting(): BehestError | undefined;
  /**
   * A mint has failed. While one is waited for already, nothing changes.
   *
   * @param session token that it was made by
   */
  begin(error: BehestError, session?: string): void;
  /**
   * The session has this token: where it was over, whoever was to sign in again may have done so. That
   * is believed once until something succeeds: each tab's refresh is told to all.
   */
  heard(session: string | undefined): void;
  /** Behest has answered 401 to this token, which counts as a failed mint before long. */
  refused(token: Held): void;
  /** A mint went well, which says little while Behest refuses what is minted. */
  end(): void;
  /** Nothing has failed yet. */
  forget(): void;
}

/** Judged when somebody asks: a timer of many days would fire at once, and one in sleep too late. */
export function makePause(clock: Clock): Pause {
  let failure: { error: BehestError; seconds: number; age: () => number } | undefined;
  let failures = 0;
  let strikes = 0;
  const waiting = () => failure && failure.age() < failure.seconds ? failure.error : undefined;
  let over: string | undefined;
  let believed = false;
  const begin = (error: BehestError, session?: string) => {
    over = session;
    if (waiting()) return;
    const seconds = error.retryAfter || Math.min(LONGEST, 2 ** failures++);
    failure = { error, seconds, age: stopwatch(clock) };
  };
  const forget = () => {
    failure = undefined;
    failures = strikes = 0;
    believed = false;
  };
  return {
    last: () => failure?.error,
    waiting,
    begin,
    refused({ accepted, age }) {
      if (accepted && age() >= SETTLED) strikes = 0;
      strikes += accepted ? 1 : STRIKES_IN_DOUBT;
      if (strikes <= STRIKES_IN_DOUBT) return;
      const message = "Behest refuses these tokens: see `npx behest-token doctor`.";
      begin(new BehestError("behest_rejected", message, { status: 401 }));
    },
    end() {
      failure = undefined;
      believed = false;
      if (strikes <= STRIKES_IN_DOUBT) failures = 0;
    },
    forget,
    heard(session) {
      const { code, retryAfter } = failure?.error ?? {};
      if (code !== "expired_token" || retryAfter || believed || session === over) return;
      failure = undefined;
      believed = true;
    },
  };
}
