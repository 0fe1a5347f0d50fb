/** Asks a server, and believes nothing of the answer. */
import type { Answer, FetchAt, Resolve } from "./fetch_at.ts";
import type { JudgedOrigin } from "./judged_origin.ts";

/** Longest answer that is read, in bytes. */
const MAX_BYTES = 64 * 1024;

/** Whom was asked. */
export type Party = "Supabase" | "the issuer" | "the function" | "the gateway";

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; `undefined` where it is no JSON, or too long. */
  readonly body: unknown;
  /** Whether it was too long to be read: over 64 KiB. */
  readonly isTooLong: boolean;
}

/** No answer, and why: a part of a sentence. */
export interface NoReply {
  readonly reason: string;
}

/** Whether nothing came back. */
export function isNoReply(reply: object): reply is NoReply {
  return "reason" in reply;
}

/** What an `HttpClient` needs of the world. */
export interface HttpWorld {
  /** For what the user named. */
  readonly fetch: typeof fetch;
  /** For what a server named. */
  readonly fetchAt: FetchAt;
  readonly resolve: Resolve;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds for a whole answer. */
  readonly limitMs: number;
}

/** Sends every request of a run. */
export class HttpClient {
  /** How far each party's clock is ahead of this one, in ms; the least that was seen. */
  readonly ahead = new Map<Party, number>();
  readonly #world: HttpWorld;

  constructor(world: HttpWorld) {
    this.#world = world;
  }

  /** Asks a server that the user named, once. */
  ask(party: Party, url: string, init: RequestInit = {}): Promise<Reply | NoReply> {
    return this.#send(party, (limited) => this.#world.fetch(url, { ...init, ...limited }));
  }

  /** Asks the gateway that the function named, once, where it was found to be. */
  askGateway(
    { origin, addresses }: JudgedOrigin,
    path: string,
    init: RequestInit = {},
  ): Promise<Reply | NoReply> {
    const send = (limited: RequestInit) =>
      this.#world.fetchAt(origin + path, { ...init, ...limited }, addresses);
    return this.#send("the gateway", send);
  }

  /** Every address that the origin's host has now. */
  async addressesOf(origin: string): Promise<readonly string[] | NoReply> {
    const { hostname } = new URL(origin);
    return await this.#within(() => this.#world.resolve(hostname));
  }

  #send(
    party: Party,
    send: (init: RequestInit) => Promise<Answer>,
  ): Promise<Reply | NoReply> {
    return this.#within(async (signal) => {
      // Redirects are not followed: a token must not travel elsewhere.
      const { status, headers, body } = await send({ redirect: "manual", signal });
      this.#noteClock(party, headers);
      const text = await boundedText(body);
      return { status, headers, body: parse(text), isTooLong: text === undefined };
    });
  }

  async #within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | NoReply> {
    const { limitMs } = this.#world;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), limitMs);
    // Not everything can be called off: the system's resolver cannot.
    const ended = new Promise<never>((_, reject) => {
      late.signal.addEventListener("abort", () => reject(late.signal.reason));
    });
    try {
      return await Promise.race([work(late.signal), ended]);
    } catch (error) {
      // The error's own words may hold the URL, and are not made for users.
      if (late.signal.aborted) return { reason: `no answer within ${limitMs / 1000} s` };
      return { reason: reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  #noteClock(party: Party, headers: Headers): void {
    // What a cache kept has the time at which it was made.
    if (Number(headers.get("Age") ?? 0) > 0) return;
    const date = Date.parse(headers.get("Date") ?? "");
    if (Number.isNaN(date)) return;
    // The header leaves out the fraction: on average half a second.
    const ahead = date + 500 - this.#world.now();
    const known = this.ahead.get(party);
    if (known === undefined || Math.abs(ahead) < Math.abs(known)) this.ahead.set(party, ahead);
  }
}

async function boundedText(body: ReadableStream<Uint8Array> | null): Promise<string | undefined> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_BYTES) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Node tells by codes in the chain of causes, Deno by words. */
function reasonOf(error: unknown): string {
  const words: string[] = [];
  for (let cause = error; cause instanceof Error && words.length < 20; cause = cause.cause) {
    words.push(cause.message, String((cause as { code?: unknown }).code ?? ""));
  }
  const text = words.join(" ");
  if (/ENOTFOUND|EAI_AGAIN|dns error/i.test(text)) return "the host name is not known (DNS)";
  if (/ECONNREFUSED|connection refused/i.test(text)) return "the connection was refused";
  if (/CERT|certificate|\bTLS\b|\bSSL\b/i.test(text)) return "the TLS certificate is not accepted";
  if (/ECONNRESET|UND_ERR_SOCKET|reset|closed/i.test(text)) return "the connection broke off";
  return "no connection came about";
}
