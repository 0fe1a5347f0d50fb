/** Work that can be ended, and waits for it that can be ended on their own. */

import type { Clock } from "./clock.ts";
import { timedOut } from "./error.ts";

/** Something under way that several may wait for. */
export interface Work<T> {
  readonly promise: Promise<T>;
  /** Ends it for everybody who waits. */
  end(error: unknown): void;
}

/**
 * Begins at once, though not before it can be ended.
 *
 * @param ms that it may take, also where it hears of no signal
 */
export function begin<T>(
  ms: number,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Work<T> {
  const controller = new AbortController();
  let end!: Work<T>["end"];
  const promise = new Promise<T>((resolve, reject) => {
    end = (error) => {
      reject(error);
      controller.abort();
    };
    Promise.resolve(controller.signal).then(work).then(resolve, reject);
  });
  // A timer of more than 24 days would fire at once.
  const stop = clock.after(Math.min(ms, 2 ** 31 - 1), () => end(timedOut()));
  // Whoever waited may have gone.
  promise.catch(() => {}).finally(stop);
  return { promise, end };
}

/** Why a signal was aborted; React Native's does not say. */
export function reasonOf({ reason }: AbortSignal): unknown {
  return reason ?? Object.assign(new Error("Aborted"), { name: "AbortError" });
}

/** One's own wait for what others may go on waiting for. */
export function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
