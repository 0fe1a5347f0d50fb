/** How much a user may ask for: requests a minute by tier, and a quota. */

import { GatewayFault } from "./fault.ts";
import type { Caller } from "./tokens.ts";

/** Both are counted for each user. */
export interface Limits {
  /** Tier to requests a minute; a tier that is not named has those of the next lower one. */
  requestsPerMinute: Record<number, number>;
  /** Requests a user has in all before the gateway answers 402. */
  quota: number;
}

/** Far above what a person at a keyboard does. */
export const DEFAULT_LIMITS: Limits = {
  requestsPerMinute: { 1: 20, 2: 60, 3: 300 },
  quota: 10_000,
};

/**
 * Counts in whole minutes of `now`, in milliseconds since the epoch.
 * @returns a function that counts one request, or throws a
 *   {@linkcode GatewayFault} of 429 or 402
 */
export function makeLimiter(
  limits: Limits,
  now: () => number,
): (caller: Caller) => void {
  const windows = new Map<string, { minute: number; count: number }>();
  const totals = new Map<string, number>();

  return ({ uid, tier }) => {
    const total = (totals.get(uid) ?? 0) + 1;
    if (total > limits.quota) {
      throw new GatewayFault(
        402,
        "quota_exceeded",
        "The quota of this user is used up.",
      );
    }
    const minute = Math.floor(now() / 60_000);
    const last = windows.get(uid);
    const count = last?.minute === minute ? last.count + 1 : 1;
    if (count > allowed(limits.requestsPerMinute, tier)) {
      const seconds = Math.ceil(((minute + 1) * 60_000 - now()) / 1000);
      throw new GatewayFault(
        429,
        "rate_limited",
        `Tier ${tier} has no request left in this minute.`,
        {},
        seconds,
      );
    }
    windows.set(uid, { minute, count });
    totals.set(uid, total);
  };
}

function allowed(
  requestsPerMinute: Limits["requestsPerMinute"],
  tier: number,
): number {
  const known = Object.keys(requestsPerMinute).map(Number).sort((a, b) => a - b);
  const nearest = known.findLast((candidate) => candidate <= tier) ?? known[0];
  return requestsPerMinute[nearest];
}
