/** How much time has passed, on devices whose date jumps and that sleep. */

/** What a platform has of time. */
export interface Clock {
  /** The date in ms since 1970, which users and time servers change. */
  now(): number;
  /** Ms since some moment, which never go back, and on most platforms stand still in sleep. */
  tick(): number;
  /** Runs something after so many ms; what it gives takes that back. */
  after(ms: number, run: () => void): () => void;
}

/** The platform's own, looked up at each use. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  tick: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * @returns how many seconds have passed since this call, each time it is asked: the greater of what
 * the two clocks say, as the one jumps and the other sleeps
 */
export function stopwatch({ now, tick }: Clock): () => number {
  const [date, ticks] = [now(), tick()];
  return () => Math.max(now() - date, tick() - ticks) / 1000;
}
