/** A Supabase session token, as far as it is read here; nobody verifies it on this side. */

import type { Clock } from "./clock.ts";
import { sessionOver } from "./error.ts";
import { type BehestToken, type Held, hold, readToken, secondsLeft } from "./token.ts";

/** What is read of one. */
export interface SessionClaims {
  /** Whose it is. */
  readonly sub?: string | undefined;
  /** Unix seconds of its making and of its end. */
  readonly iat?: number | undefined;
  readonly exp?: number | undefined;
  /** What the project says of its user. */
  readonly app_metadata?: { readonly tier?: unknown } | null | undefined;
}

/** What Behest's token is made with, whether or not there is a function. */
export interface TokenOptions {
  /** Behest's URL, where the application has set it. */
  readonly baseUrl: string | undefined;
  /** The Behest session to stay in. */
  readonly sessionId: string | undefined;
  /**
   * On the direct way: seconds of life under which the session is refreshed; nothing where it is
   * another provider's, who refreshes in their own time: it is sent as it is given.
   */
  readonly refreshBefore: number | undefined;
}

/** @returns nothing for a text that is no JWT: whoever gets it judges it */
export function readClaims(token: string | undefined): SessionClaims {
  try {
    const payload = token!.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    return Object(JSON.parse(atob(payload)));
  } catch {
    return {};
  }
}

/**
 * The direct way: Behest trusts the token itself, so that this takes the place of a mint.
 *
 * @param renewed whether it has just been made: then it has all of its life, whatever this device
 *   takes the date for
 * @throws {BehestError} `expired_token` where it has to be refreshed first; `bad_answer`
 */
export function asBehestToken(
  token: string,
  { baseUrl, sessionId, refreshBefore }: TokenOptions,
  clock: Clock,
  renewed: boolean,
): BehestToken {
  const { iat = NaN, exp = NaN } = readClaims(token);
  const life = exp - iat;
  const left = renewed ? life : Math.min(life, Math.floor(exp - clock.now() / 1000));
  const least = Math.min(refreshBefore ?? 0, life / 2);
  if (refreshBefore !== undefined && (left <= 0 || !renewed && left < least)) throw sessionOver();
  // Browsers have it for https and this machine alone; it is no secret.
  const id = sessionId ?? globalThis.crypto?.randomUUID?.() ?? `${Math.random()}`;
  return answer(token, id, Math.max(1, left), baseUrl);
}

/**
 * The session has another token than the one at hand, which is used where it lives longer. How long,
 * both say by one clock, the server's: what this device takes the date for does not matter.
 *
 * @returns the one to use
 */
export function latest(held: Held, token: string, clock: Clock): Held {
  const { exp = NaN, iat = NaN } = readClaims(token);
  const { expiresAt, sessionId, baseUrl } = held.answer;
  const longer = exp - expiresAt;
  const left = Math.min(exp - iat, Math.floor(secondsLeft(held) + longer));
  try {
    return longer < 0 ? held : hold(answer(token, sessionId, left, baseUrl), held.user, clock);
  } catch {
    // It cannot be used: its turn may come, and then it is said.
    return held;
  }
}

/** @throws {BehestError} `bad_answer` */
function answer(
  token: string,
  sessionId: string,
  ttl: number,
  baseUrl: string | undefined,
): BehestToken {
  const { exp, app_metadata } = readClaims(token);
  const tier = app_metadata?.tier;
  const known = Number.isInteger(tier) ? tier : undefined;
  return readToken({ token, sessionId, ttl, expiresAt: exp, tier: known }, baseUrl);
}
