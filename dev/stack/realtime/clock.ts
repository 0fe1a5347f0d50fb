/** Time as this double has it. */

export interface Clock {
  /** Ms since 1970. */
  now(): number;
  /** Runs something after so many ms; what it gives takes that back. */
  after(ms: number, run: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
