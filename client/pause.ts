/** The last failure, and the wait for it, so that no fault makes a storm of mints. */

import { type Clock, stopwatch } from "./clock.ts";
import type { BehestError } from "./error.ts";

/** Seconds between a failed mint and the next, where the function does not say: 1, doubled, to this. */
const LONGEST = 30;

/** What failed, until something succeeds. */
export interface Pause {
  /** Why the last mint failed. */
  last(): BehestError | undefined;
  /** The same, while the next mint has to wait. */
  waiting(): BehestError | undefined;
  /** A mint has failed. While one is waited for already, nothing changes. */
  begin(error: BehestError): void;
  /** A mint went well; `forget` where that says that what made the others fail is over, too. */
  end(forget: boolean): void;
}

/** Judged when somebody asks: a timer of many days would fire at once, and one in sleep too late. */
export function makePause(clock: Clock): Pause {
  let failure: { error: BehestError; seconds: number; age: () => number } | undefined;
  let failures = 0;
  const waiting = () => failure && failure.age() < failure.seconds ? failure.error : undefined;
  return {
    last: () => failure?.error,
    waiting,
    begin(error) {
      if (waiting()) return;
      const seconds = error.retryAfter || Math.min(LONGEST, 2 ** failures++);
      failure = { error, seconds, age: stopwatch(clock) };
    },
    end(forget) {
      failure = undefined;
      if (forget) failures = 0;
    },
  };
}
