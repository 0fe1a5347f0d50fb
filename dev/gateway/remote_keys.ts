/** An issuer's public keys, fetched from where it shows them. */

import { createLocalJWKSet } from "jose";
import type { CryptoKey, JWSHeaderParameters } from "jose";
import { GatewayFault } from "./fault.ts";

/** How long a set is good, in ms: a key that was taken out of it is trusted no longer than this. */
const MAX_AGE = 600_000;

/** Least time in ms from one fetch to another that is made for a key alone that is not known. */
const COOLDOWN = 30_000;

/** Milliseconds for a whole answer. */
const TIMEOUT = 5_000;

/** Finds the key of a token's header; `undefined` where the issuer shows none that fits. */
export type KeyFor = (header: JWSHeaderParameters) => Promise<CryptoKey | undefined>;

type KeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * The set is fetched when a first token asks for a key, and again for a key that is not in it: so
 * a rotation needs nobody's hand.
 *
 * @param url where the set is
 * @param now clock, in milliseconds since the epoch
 * @param after aborts when so many milliseconds are over
 * @returns a function that throws a {@linkcode GatewayFault} of 503 where the set cannot be had
 */
export function makeRemoteKeys(
  url: string,
  now: () => number,
  after: (ms: number) => AbortSignal = AbortSignal.timeout,
): KeyFor {
  let set: KeySet | undefined;
  let fetchedAt = -Infinity;
  let askedAt = -Infinity;
  let pending: Promise<KeySet> | undefined;

  /** One fetch at a time, however many wait for it. */
  const fetched = () =>
    pending ??= (async () => {
      const at = askedAt = now();
      try {
        set = await fetchSet(url, after(TIMEOUT));
        fetchedAt = at;
        return set;
      } finally {
        pending = undefined;
      }
    })();

  return async (header) => {
    const kept = now() - fetchedAt < MAX_AGE ? set! : await fetched();
    const known = await keyIn(kept, header);
    if (known) return known;
    if (now() - askedAt >= COOLDOWN) return await keyIn(await fetched(), header);
    // Whether the key is known by now cannot be said where the last fetch failed.
    if (askedAt > fetchedAt) throw unavailable();
    return undefined;
  };
}

/** @throws {GatewayFault} 503 */
async function fetchSet(url: string, signal: AbortSignal): Promise<KeySet> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal });
    const body = await answer.text();
    if (answer.status === 200) return createLocalJWKSet(JSON.parse(body));
  } catch {
    // Nobody there, too late, or no key set.
  }
  throw unavailable();
}

/** That keys cannot be had is no fault of the token: a 401 would sign its user out. */
function unavailable(): GatewayFault {
  const message =
    "The key set of the token's issuer cannot be fetched: check the JWKS URL of the " +
    "trusted issuer.";
  return new GatewayFault(503, "server_error", message, {}, 1);
}

/** Its type, `alg`, `kid` and `use` must agree with the header; of two that do, none is taken. */
async function keyIn(set: KeySet, header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
  return await set(header).catch(() => undefined);
}
