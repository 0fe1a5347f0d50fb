/** The user and the plan, each one GET with the caller's own token. */
import type { Candidate } from "../../../pkg/behest_token.js";
import { call, type Recall, type Reply, type Span, type World } from "./upstream.ts";

/** Tries after the first, for both. */
const RETRIES = 1;

/** A public key as its header. */
export function publicHeaders(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { "apikey": key };
}

/** The headers of both questions: the very token that was judged asks, with the public key of the project. */
export function callerHeaders(
  candidate: Candidate,
  key: string | undefined,
): Record<string, string> {
  const headers = publicHeaders(key);
  headers["Authorization"] = candidate.authorization;
  headers["Accept"] = "application/json";
  return headers;
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
 * The plan's question about one user.
 *
 * @param url ends where the user's id belongs
 * @param sub goes in percent-encoded: after `eq.` PostgREST takes every character as it stands
 */
export function withUser(url: string, sub: string): string {
  return url + encodeURIComponent(sub);
}

/** Asks PostgREST for the user's plan, under the table's RLS. */
export function fetchPlan(
  url: string,
  headers: Record<string, string>,
  span: Span,
  recall: Recall,
  world: World,
): Promise<Reply> {
  return call({ url, headers, asksWho: true, retries: RETRIES, span, recall }, world);
}
