/** The last failure, and the wait for it, so that no fault makes a storm of mints. */

import { type Clock, stopwatch } from "./clock.ts";
import type { BehestError } from "./error.ts";

/** Seconds between a failed mint and the next, where the function does not say; doubled each time. */
const FIRST = 1;
const LONGEST = 30;

/** What failed, until something succeeds. */
export interface Pause {
  /** Why the last mint failed. */
  last(): BehestError | undefined;
  /** The same, while the next mint has to wait. */
  waiting(): BehestError | undefined;
  /**
   * Something has failed.
   *
   * @param seconds that the next mint waits; by default as the error says, or longer each time
   */
  begin(error: BehestError, seconds?: number): void;
  /** A mint went well; `forget` where that says that what made the others fail is over, too. */
  end(forget: boolean): void;
}

/** Judged when somebody asks: a timer of many days would fire at once, and one in sleep too late. */
export function makePause(clock: Clock): Pause {
  let failure: { error: BehestError; seconds: number; age: () => number } | undefined;
  let failures = 0;
  return {
    last: () => failure?.error,
    waiting: () => failure && failure.age() < failure.seconds ? failure.error : undefined,
    begin(
      error,
      seconds = error.retryAfter || Math.min(LONGEST, FIRST * 2 ** failures++),
    ) {
      failure = { error, seconds, age: stopwatch(clock) };
    },
    end(forget) {
      failure = undefined;
      if (forget) failures = 0;
    },
  };
}
