/** The user and the plan, each one GET with the caller's own token. */
import { call, type Reply, type Span, type World } from "./upstream.ts";

/** Tries after the first, for both. */
const RETRIES = 1;

/** A public key as its header. */
export function publicHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { "apikey": key };
}

/** Asks the Auth server whether the session still stands (Supabase Auth, `GET /user`). */
export function fetchUser(
  url: string,
  headers: Record<string, string>,
  span: Span,
  world: World,
): Promise<Reply> {
  return call({ url, headers, asksWho: true, retries: RETRIES, span }, world);
}

/**
 * Asks PostgREST for the user's plan, under the table's RLS.
 *
 * @param sub goes in percent-encoded: after `eq.` PostgREST takes every character as it stands
 */
export function fetchPlan(
  url: string,
  sub: string,
  headers: Record<string, string>,
  span: Span,
  signal: AbortSignal,
  world: World,
): Promise<Reply> {
  return call({
    url: url + encodeURIComponent(sub),
    headers: { ...headers, "Accept": "application/json" },
    asksWho: true,
    retries: RETRIES,
    span,
    signal,
  }, world);
}
