/** A fetch that takes the token to Behest, and nowhere else. */

import { BehestError, userChanged } from "./error.ts";
import type { TokenSource } from "./token_source.ts";
import { type Held, parseUrl } from "./token.ts";

/** As the platform's own. */
export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** What stands for Behest's origin where it is not known yet. */
export const PLACEHOLDER = "https://behest.invalid";

/** In a request's options: the user whose token alone may go with it. */
export const USER: unique symbol = Symbol();
/** Options that may name that user. */
export type WithUser = RequestInit & { [USER]?: string | undefined };

/**
 * @param source whose tokens it takes
 * @param baseUrl Behest's, where it is known beforehand
 * @param send what requests go out by
 * @returns a fetch that rejects with a `BehestError` where no token can be had
 */
export function makeFetch(source: TokenSource, baseUrl: string | undefined, send: Fetch): Fetch {
  return async (input, given: WithUser = {}) => {
    const request = input instanceof Request ? input : undefined;
    const asked = request ? request.url : `${input}`;
    // As they are now: whoever made them may change them while this waits.
    const init = { ...given, headers: new Headers(given.headers ?? request?.headers) };
    // Before a mint, where that is possible.
    if (baseUrl) target(asked, baseUrl);
    const signal = init.signal ?? request?.signal;
    const attempt = async (held: Held) => {
      // An event may have come this very moment.
      if (!source.user()) held = await source.ready(signal);
      source.check(held);
      if (init[USER] !== held.user) throw userChanged();
      const response = await sendWith(held, send, asked, request, init);
      if (response.status === 401) source.refused(held);
      // Neither a redirect nor a 5xx says that Behest itself has looked at it.
      else if (/^[24]/.test(`${response.status}`)) held.accepted = true;
      return response;
    };

    const held = await source.own(signal);
    // A request is one user's, from its first try to its last.
    init[USER] ??= held.user;
    const response = await attempt(held);
    if (response.status !== 401 || !lasts(request, init) || !source.has(held.user)) return response;
    response.body?.cancel?.().catch(() => {});
    return attempt(await source.ready(signal));
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
  const headers = new Headers(init.headers);
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
  const base = new URL(baseUrl);
  let url = parseUrl(asked, globalThis.location?.href);
  if (url?.origin === PLACEHOLDER) url = parseUrl(baseUrl + url.pathname + url.search);
  const path = base.pathname.replace(/\/*$/, "/");
  if (url?.origin === base.origin && `${url.pathname}/`.startsWith(path)) return url.href;
  throw new BehestError("foreign_url", `This is not under ${baseUrl}.`);
}

/** Whether a request can be sent a second time: a stream is gone after the first. */
function lasts(request: Request | undefined, { body }: RequestInit): boolean {
  if (body == null) return !request || request.body === null;
  const sent = Object(body);
  return !("getReader" in sent || Symbol.asyncIterator in sent);
}
