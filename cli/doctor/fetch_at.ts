/** Sends a request to addresses that were judged, whatever the URL's name leads to by now. */
import { lookup } from "node:dns/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";

/** What is read of an answer; a `Response` is one. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** `fetch`, to one of these addresses. It follows no redirect. */
export type FetchAt = (
  url: string,
  init: RequestInit,
  addresses: readonly string[],
) => Promise<Answer>;

/** Every address that a host name leads to, as the system's resolver says. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export const resolve: Resolve = async (hostname) => {
  // An IPv6 address has brackets in a URL alone.
  const found = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true });
  return found.map(({ address }) => address);
};

/**
 * The platform's `fetch` looks names up by itself, so this is `node:http`. TLS still asks for a
 * certificate of the URL's name.
 */
export const fetchAt: FetchAt = (url, { method, headers, body, signal }, addresses) => {
  if (body && typeof body !== "string") throw new TypeError("Only text is sent here.");
  const { request } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      signal: signal ?? undefined,
      lookup: answering(addresses),
      // A connection of its own: none that was opened for another name, and none that stays.
      agent: false,
    });
    sent.on("response", (message) => resolve(answerOf(message)));
    sent.on("error", reject);
    sent.on("close", () => reject(new Error("connection closed")));
    sent.end(body ?? undefined);
  });
};

/** A resolver that knows these addresses alone. */
function answering(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, { all }, done) => {
    if (all) done(null, found);
    else done(null, found[0].address, found[0].family);
  };
}

function answerOf(message: IncomingMessage): Answer {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return {
    status: message.statusCode ?? 0,
    headers,
    body: Readable.toWeb(message) as ReadableStream<Uint8Array>,
  };
}
