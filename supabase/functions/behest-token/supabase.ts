/** The user and the plan, each one GET with the caller's own token. */
import type { Setup } from "../../../pkg/behest_token.js";
import { call, type Reply, type Span, type World } from "./upstream.ts";

/** Tries after the first, for both. */
const RETRIES = 1;

/** The headers that Supabase wants of everyone. */
export function publicHeaders({ supabaseKey }: Setup): Record<string, string> {
  return supabaseKey === undefined ? {} : { "apikey": supabaseKey };
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
