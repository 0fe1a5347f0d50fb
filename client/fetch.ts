/** A fetch that takes the token to Behest, and nowhere else. */

import { BehestError, userChanged } from "./error.ts";
import type { TokenSource } from "./source.ts";
import { type Held, parseUrl } from "./token.ts";

/** As the platform's own. */
export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** What stands for Behest's origin where it is not known yet. */
export const PLACEHOLDER = "https://behest.invalid";

/** In a request's options: the user whose token alone may go with it. */
export const USER: unique symbol = Symbol();
/** Options that may name that user. */
export type WithUser = RequestInit & { [USER]?: string };

/**
 * @param source whose tokens it takes
 * @param baseUrl Behest's, where it is known beforehand
 * @param send what requests go out by
 * @returns a fetch that rejects with a `BehestError` where no token can be had
 */
export function makeFetch(source: TokenSource, baseUrl: string | undefined, send: Fetch): Fetch {
  return async (input, init: WithUser = {}) => {
    const request = input instanceof Request ? input : undefined;
    const asked = request ? request.url : String(input);
    // Before a mint, where that is possible.
    if (baseUrl !== undefined) target(asked, baseUrl);
    const signal = init.signal ?? request?.signal;
    const attempt = async (held: Held) => {
      source.check(held);
      if ((init[USER] ?? held.user) !== held.user) throw userChanged();
      const response = await sendWith(held, send, asked, request, init);
      if (response.status === 401) source.refused(held);
      // Neither a redirect nor a 5xx says that Behest itself has looked at it.
      else if (/^[24]/.test(`${response.status}`)) source.accepted(held);
      return response;
    };

    const held = await source.ready(signal);
    const response = await attempt(held);
    if (response.status !== 401 || !lasts(request, init) || !source.owns(held)) return response;
    const letGo = () => response.body?.cancel().catch(() => {});
    const next = await source.ready(signal).catch((error) => {
      letGo();
      throw error;
    });
    if (next.user !== held.user) return response;
    letGo();
    return attempt(next);
  };
}

/** Sends the request with this token. */
function sendWith(
  { answer }: Held,
  send: Fetch,
  asked: string,
  request: Request | undefined,
  init: RequestInit,
): Promise<Response> {
  const url = target(asked, answer.baseUrl);
  const headers = new Headers(init.headers ?? request?.headers);
  headers.set("Authorization", `Bearer ${answer.token}`);
  if (!headers.has("X-Session-Id")) headers.set("X-Session-Id", answer.sessionId);
  const input = !request ? url : request.url === url ? request : new Request(url, request);
  return send(input, { ...init, headers, redirect: "manual" });
}

/**
 * @returns the URL to send to, which lies under Behest's own
 * @throws {BehestError} `foreign_url`
 */
function target(asked: string, baseUrl: string): string {
  const url = parseUrl(asked, globalThis.location?.href);
  const base = new URL(baseUrl);
  if (url?.origin === PLACEHOLDER) return baseUrl + url.pathname + url.search;
  const path = base.pathname.replace(/\/*$/, "/");
  if (url?.origin === base.origin && `${url.pathname}/`.startsWith(path)) return url.href;
  throw new BehestError(
    "foreign_url",
    `This is not under ${baseUrl}: use another fetch.`,
  );
}

/** Whether a request can be sent a second time: a stream is gone after the first. */
function lasts(request: Request | undefined, { body }: RequestInit): boolean {
  if (body == null) return !request || request.body === null;
  return typeof body === "string" || !("getReader" in body || Symbol.asyncIterator in body);
}
