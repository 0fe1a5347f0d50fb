/** A Supabase session token, as far as it is read here; nobody verifies it on this side. */

import type { Clock } from "./clock.ts";
import { sessionOver } from "./error.ts";
import { type BehestToken, readToken } from "./token.ts";

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
  /** On the direct way: seconds of life under which the session is refreshed. */
  readonly refreshBefore: number;
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
  const { iat = NaN, exp = NaN, app_metadata } = readClaims(token);
  const life = exp - iat;
  const left = renewed ? life : Math.min(life, Math.floor(exp - clock.now() / 1000));
  if (left <= 0 || !renewed && left < Math.min(refreshBefore, life / 2)) throw sessionOver();
  const tier = app_metadata?.tier;
  return readToken({
    token,
    // Browsers have it for https and this machine alone; it is no secret.
    sessionId: sessionId ?? globalThis.crypto?.randomUUID?.() ?? `${Math.random()}`,
    ttl: left,
    expiresAt: exp,
    tier: Number.isInteger(tier) ? tier : undefined,
  }, baseUrl);
}
