/** Calls that doubles hear, which are answered at once or by hand. */
import { setImmediate } from "node:timers";

/** Waits as a fetch does: what a signal aborts is over at once. */
export function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
    promise.then(resolve, reject);
  });
}

/** One call, and the way to answer it. */
export class Held<T> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => {});
  }

  answer(value: T): void {
    this.#resolve(value);
  }

  fail(reason: unknown): void {
    this.#reject(reason);
  }
}

/** Gives microtasks so many turns. */
export async function microtasks(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await undefined;
}

/** Lets everything run that waits for no clock. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((done) => setImmediate(done));
}

/** Lets things run until something has happened, such as another tab's message. */
export async function until(what: string, happened: () => boolean): Promise<void> {
  for (let turn = 0; !happened(); turn++) {
    if (turn > 20_000) throw new Error(`this never happens: ${what}`);
    await settle(1);
  }
  await settle();
}

/** What came of a promise, or that nothing has yet. */
export type Outcome<T> = { value: T } | { error: unknown } | undefined;

/** Watches a promise without waiting for it. */
export function watch<T>(promise: Promise<T>): { outcome: Outcome<T> } {
  const watched: { outcome: Outcome<T> } = { outcome: undefined };
  promise.then((value) => watched.outcome = { value }, (error) => watched.outcome = { error });
  return watched;
}

/** A generator of the same numbers for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** @returns the code of the error that ended a watched promise, if one did */
export function codeOf({ outcome }: { outcome: Outcome<unknown> }): unknown {
  const error = outcome && "error" in outcome ? outcome.error : undefined;
  return (error as { code?: unknown } | undefined)?.code;
}

/** @returns what a watched promise gave, if it has */
export function valueOf<T>({ outcome }: { outcome: Outcome<T> }): T | undefined {
  return outcome && "value" in outcome ? outcome.value : undefined;
}
