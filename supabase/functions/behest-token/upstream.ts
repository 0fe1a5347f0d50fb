/** One upstream call: each try in its time, retries, no redirect. Every fetch goes through here. */
import type { Answer } from "../../../pkg/behest_token.js";

/** What time it is, and how to wait. */
export interface Clock {
  /** Unix seconds. */
  now(): number;
  /** Milliseconds that only go forward. */
  tick(): number;
  /** Calls back after some milliseconds; gives a function that calls it off. */
  after(ms: number, then: () => void): () => void;
}

// By names of our own: Deno 2.1 walks the stack at each look at a global that Node has its own of, and
// that takes it longer than what is then called.
const { performance } = globalThis;

/** The timers by theirs, looked up when the first is set: Deno 2.9 loads them at the first look, for 5 ms. */
let timers: { readonly set: typeof setTimeout; readonly clear: typeof clearTimeout } | undefined;

/** The platform's time. */
export const systemClock: Clock = {
  now: () => Math.floor(Date.now() / 1000),
  tick: () => performance.now(),
  after: (ms, then) => {
    const { set, clear } = timers ??= { set: setTimeout, clear: clearTimeout };
    const timer = set(then, ms);
    return () => clear(timer);
  },
};

/** What a call needs of the world. */
export interface World {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** When a call begins, and when whoever waits for it must be answered, in ticks. */
export interface Span {
  readonly start: number;
  readonly deadline: number;
}

/** A call. */
export interface Call {
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Sent with POST; without one the call is a GET. */
  readonly body?: string;
  /** Whether it counts who refused, and not only that somebody did. */
  readonly asksWho?: boolean;
  /** Tries after the first. */
  readonly retries: number;
  readonly span: Span;
  readonly recall?: Recall;
}

/** Ends a call before its time, when nobody waits for it any more. */
export class Recall {
  /** Whether it was recalled. */
  done = false;
  /** Ends the try under way. */
  endTry = () => {};

  now(): void {
    this.done = true;
    this.endTry();
  }
}

/** An answer, with what its headers say. */
export interface Reply extends Answer {
  readonly headers?: Headers;
}

/** Milliseconds that one try may take, the reading of its body included. */
const TRY_MS = 5_000;
/** Milliseconds before the first retry, on average; doubled for the next. */
const BACKOFF_MS = 100;
/** Longest body that is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
/** Longest body of a refusal that is read, in bytes: no server's own is longer. */
const MAX_REFUSAL_BYTES = 4 * 1024;
/** Read at a time, in bytes: most bodies at once. */
const CHUNK_BYTES = 2 * 1024;
/** Read after the first time, in bytes, when mostly the end alone is left. */
const END_BYTES = 256;
/** A body that is not there. */
export const NOTHING = new Uint8Array();

/** Calls an upstream. Never rejects: an answer that did not come is an answer too. */
export async function call(call: Call, world: World): Promise<Reply> {
  const { start, deadline } = call.span;
  let left = deadline - start;
  for (let tried = 0;; tried++) {
    const reply = await attempt(call, left, world);
    const failed = reply.status === undefined || reply.status >= 500;
    if (!failed || tried === call.retries || call.recall?.done) return reply;
    // Jitter, so that callers that failed together do not come back together.
    const pause = BACKOFF_MS * 2 ** tried * (0.5 + Math.random());
    if (world.clock.tick() + pause >= deadline) return reply;
    await new Promise<void>((resolve) => world.clock.after(pause, resolve));
    if (call.recall?.done) return reply;
    left = deadline - world.clock.tick();
  }
}

/** @param left milliseconds until the deadline */
async function attempt(call: Call, left: number, { fetch, clock }: World): Promise<Reply> {
  if (left <= 0) return { timedOut: true };
  const abort = new AbortController();
  let timedOut = false;
  let stopTimer = () => {};
  if (call.recall) call.recall.endTry = () => abort.abort();
  try {
    const answered = fetch(call.url, {
      method: call.body === undefined ? "GET" : "POST",
      headers: call.headers,
      body: call.body,
      redirect: "manual",
      signal: abort.signal,
    });
    // After the call: the first timer of an isolate takes Deno 2.9 3 to 8 ms, and the call is on its way.
    stopTimer = clock.after(Math.min(TRY_MS, left), () => {
      timedOut = true;
      abort.abort();
    });
    const response = await answered;
    const { status, headers, body } = response;
    if (response.ok) {
      const bytes = body === null ? NOTHING : await boundedBytes(body, MAX_BODY_BYTES);
      return { status, headers, body: bytes };
    }
    const reply: Reply = {
      status,
      headers,
      retryAfter: retryAfter(headers.get("Retry-After"), clock.now()),
      errorCode: headers.get("x-sb-error-code") || undefined,
      proxyStatus: headers.get("Proxy-Status") || undefined,
    };
    // What an upstream says of its errors is never passed on. It is read where nothing else tells who
    // spoke; a refusal stays one where its words break off.
    const isRefusal = status >= 400 && status < 500 && status !== 429;
    if (body === null || !call.asksWho || !isRefusal || reply.errorCode !== undefined) {
      body?.cancel().catch(() => {});
      return reply;
    }
    const words = await boundedBytes(body, MAX_REFUSAL_BYTES).catch(() => undefined);
    return { ...reply, body: words };
  } catch {
    return { timedOut };
  } finally {
    stopTimer();
  }
}

/**
 * Reads a body up to a limit in bytes, and no further. Gives nothing where it is longer.
 *
 * @param late ends the reading early, with what has come until then
 */
export async function boundedBytes(
  body: ReadableStream<Uint8Array>,
  limit: number,
  late?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const reader = readerOf(body);
  const cancel = () => void reader.cancel().catch(() => {});
  late?.addEventListener("abort", cancel, { once: true });
  let bytes = NOTHING;
  let length = 0;
  let buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const { done, value } = await reader.read(buffer);
    if (done) return bytes.subarray(0, length);
    const end = length + value.byteLength;
    if (end > limit) {
      cancel();
      return undefined;
    }
    if (length === 0) {
      // Mostly this is all, and what is left to read is the end.
      bytes = value;
      length = end;
      buffer = new Uint8Array(END_BYTES);
      continue;
    }
    if (end > bytes.length) {
      const wider = new Uint8Array(Math.min(limit, Math.max(end, 2 * bytes.length, CHUNK_BYTES)));
      wider.set(bytes);
      bytes = wider;
    }
    bytes.set(value, length);
    length = end;
    // The reader took the buffer and gives it back. One for each chunk would let a body that comes
    // byte by byte hold a thousand times its length.
    const isSmall = value.buffer.byteLength < CHUNK_BYTES;
    if (buffer.length === 0) {
      buffer = isSmall ? new Uint8Array(CHUNK_BYTES) : new Uint8Array(value.buffer);
    }
  }
}

/**
 * A reader that takes the buffer to read into. Without one, Deno makes 64 KiB for each chunk, which
 * costs more than the rest of a call. Only a byte stream has such a reader; of another one, whose
 * chunks are there already, the buffer is passed over.
 */
function readerOf(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return body.getReader() as unknown as ReadableStreamBYOBReader;
  }
}

/** `Retry-After` in whole seconds (RFC 9110 section 10.2.3), up to a day; nothing for nonsense. */
function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d{1,9}$/.test(value)
    ? Number(value)
    : / GMT$/.test(value)
    ? Math.ceil(Date.parse(value) / 1000 - now)
    : NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), 86_400);
}
