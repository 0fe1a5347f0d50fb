/** What an application may show of its token, and hear changes of. */

import type { BehestError } from "./error.ts";
import type { BehestToken } from "./token.ts";

/** Never has the token itself. */
export interface Snapshot {
  /**
   * `idle`: nothing is at hand now, and no mint is under way. `failed`: the last mint did, and `error` says
   * why. `ready` may have an `error` too: the token at hand serves while a new one cannot be had.
   */
  readonly status: "signed-out" | "ready" | "minting" | "failed" | "idle";
  readonly tier?: number | undefined;
  /** Unix seconds. */
  readonly expiresAt?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly error?: BehestError | undefined;
}

/** What there is to show, by what matters most. */
export function snapshotOf(
  answer: BehestToken | undefined,
  minting: boolean,
  error: BehestError | undefined,
  signedOut: boolean,
): Snapshot {
  const { tier, expiresAt, sessionId } = answer ?? {};
  const status = minting
    ? "minting"
    : answer
    ? "ready"
    : error
    ? "failed"
    : signedOut
    ? "signed-out"
    : "idle";
  return { status, tier, expiresAt, sessionId, error };
}

/** The last snapshot, and who hears of the next. */
export interface SnapshotStore {
  /** The same object until something in it changes. */
  get(): Snapshot;
  set(next: Snapshot): void;
  /** @returns what ends it, once or twice */
  subscribe(listener: () => void): () => void;
  /** Lets go of every listener. */
  clear(): void;
}

/** A store for `useSyncExternalStore` and its like. */
export function makeStore(): SnapshotStore {
  let current: Snapshot = { status: "idle" };
  const listeners: Set<() => void> = new Set();
  return {
    get: () => current,
    set(next) {
      const fields = Object.keys(next) as (keyof Snapshot)[];
      if (fields.every((field) => next[field] === current[field])) return;
      current = Object.freeze(next);
      for (const listener of listeners) {
        // Later, and each on its own: what a listener does or throws is no business of a mint's.
        queueMicrotask(() => listeners.has(listener) && listener());
      }
    },
    subscribe(listener) {
      // Who subscribes twice hears twice, until either is ended.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    clear: () => listeners.clear(),
  };
}
