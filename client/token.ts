/** A Behest token, from the function's answer to its last second. */

import { type Clock, stopwatch } from "./clock.ts";
import { badAnswer } from "./error.ts";

/** What the function answers (openapi.yaml). */
export interface BehestToken {
  /** The Behest JWT: for `Authorization`, and for nothing else. */
  readonly token: string;
  /** The Behest session, for `X-Session-Id`. */
  readonly sessionId: string;
  /** The token's life in seconds, from its making on. */
  readonly ttl: number;
  /** Unix seconds, by the server's clock. */
  readonly expiresAt: number;
  /** Behest's own URL, without `/v1` and without a slash at its end. */
  readonly baseUrl: string;
  readonly tier?: number | undefined;
}

/** A token at hand, and what is known of it. */
export interface Held {
  readonly answer: BehestToken;
  /** Whose it is: `session.user.id`. */
  readonly user: string;
  /** Seconds since the answer arrived: its age never counts from the server's date. */
  age(): number;
  /** Whether Behest has taken it yet. */
  accepted: boolean;
}

/** https, or http to this machine, where there is nobody on the way; and nothing after the path. */
const SAFE_URL =
  /^(https:\/\/|http:\/\/(([\w.-]+\.)?localhost|127(\.\d+){3}|\[::1\])(?=[:/]|$))[^@?#\s\\]*$/;

/**
 * @param url Behest's URL as somebody gave it
 * @returns it without a slash at its end; nothing unless it is https or this machine's own
 */
export function readBaseUrl(url: unknown): string | undefined {
  if (!SAFE_URL.test(`${url}`) || !parseUrl(`${url}`)) return undefined;
  return `${url}`.replace(/\/+$/, "");
}

/** `URL.parse`, which browsers of 2024 do not have yet. */
export function parseUrl(url: string, base?: string): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/**
 * @param data what came with status 200
 * @param baseUrl the one that counts, where the application has set one
 * @throws {BehestError} `bad_answer`, for a field that is missing or wrong
 */
export function readToken(data: unknown, baseUrl: string | undefined): BehestToken {
  const { token, sessionId, ttl, expiresAt, tier, baseUrl: told } = Object(data) as {
    [Field in keyof BehestToken]?: unknown;
  };
  const url = baseUrl ?? readBaseUrl(told);
  if (
    isPlain(token) && isPlain(sessionId) && isAmount(ttl) && isAmount(expiresAt) &&
    url && (tier == null || Number.isInteger(tier))
  ) {
    // One object for everybody who asks.
    return Object.freeze({
      token,
      sessionId,
      ttl,
      expiresAt,
      baseUrl: url,
      tier: (tier ?? undefined) as number | undefined,
    });
  }
  throw badAnswer(200);
}

/** Text that a header can carry as it stands. */
function isPlain(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 1;
}

/** A token that has just arrived. */
export function hold(answer: BehestToken, user: string, clock: Clock): Held {
  return { answer, user, age: stopwatch(clock), accepted: false };
}

/** Seconds that are left of a token's life; at its end 0 or less. */
export function secondsLeft({ answer, age }: Held): number {
  return answer.ttl - age();
}

/**
 * @param least seconds of life that are enough; at most half a token's `ttl` counts
 * @returns whether a token may be used as it is
 */
export function isFresh(held: Held, least: number): boolean {
  const left = secondsLeft(held);
  return left > 0 && !(left < Math.min(least, held.answer.ttl / 2));
}
