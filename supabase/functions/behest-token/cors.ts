/** Which pages may ask (Fetch Standard, "CORS protocol"). */

/** Every header that supabase-js sends, and what its functions client may add. */
const ALLOWED_HEADERS = [
  "authorization",
  "apikey",
  "content-type",
  "x-client-info",
  "x-region",
  "x-retry-count",
  "x-supabase-api-version",
  "traceparent",
  "tracestate",
  "baggage",
];
/** How many more a preflight may ask for. */
const MAX_ASKED = 64;
/** How long what it asks for may be, in characters. */
const MAX_ASKED_LENGTH = 2 * 1024;
/** A header's name (RFC 9110 section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Methods of the function, as `Allow` and as CORS name them. */
export const METHODS = "POST, OPTIONS";

/** Seconds that a browser may keep a preflight's answer; Chromium takes no more. */
const MAX_AGE = "7200";

/**
 * Whether an origin is on the list. A request without one comes from no browser page, and CORS has
 * nothing to say about it.
 *
 * @param allowed exact origins, or such with one `*`, which stands for a part of a label
 */
export function isAllowed(allowed: readonly string[], origin: string | null): boolean {
  return origin === null || allowed.some((entry) => matches(entry, origin));
}

function matches(entry: string, origin: string): boolean {
  const star = entry.indexOf("*");
  if (star < 0) return entry === origin;
  const [before, after] = [entry.slice(0, star), entry.slice(star + 1)];
  if (!origin.startsWith(before) || !origin.endsWith(after)) return false;
  return /^[a-z0-9-]+$/.test(origin.slice(before.length, origin.length - after.length));
}

/**
 * The headers that let a page read an answer.
 *
 * @param mayAsk whether the origin is on the list
 */
export function corsHeaders(mayAsk: boolean, origin: string | null): Record<string, string> {
  if (origin === null || !mayAsk) return { "Vary": "Origin" };
  return {
    "Vary": "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "Retry-After, Server-Timing, X-Trace-Id",
  };
}

/**
 * The answer to `OPTIONS`: 204 for everyone, with leave for an allowed origin alone.
 *
 * @param mayAsk whether the origin is on the list
 * @param asked `Access-Control-Request-Headers`
 */
export function preflight(
  mayAsk: boolean,
  origin: string | null,
  asked: string | null,
): Response {
  const more = mayAsk ? namesIn(asked) : [];
  const headers = {
    ...corsHeaders(mayAsk, origin),
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": [...new Set([...ALLOWED_HEADERS, ...more])].join(", "),
    "Access-Control-Max-Age": MAX_AGE,
  };
  return new Response(null, { status: 204, headers });
}

/**
 * The headers that a preflight asks for. Whatever tracing and apps add is allowed: no header decides
 * anything here but those that a page may send anyway.
 */
function namesIn(asked: string | null): string[] {
  if (asked === null) return [];
  const cut = asked.length > MAX_ASKED_LENGTH;
  const names = asked.slice(0, MAX_ASKED_LENGTH).split(",").map((name) => name.trim());
  // The last one may be cut in two.
  if (cut) names.pop();
  return names.filter((name) => TOKEN.test(name)).slice(0, MAX_ASKED)
    .map((name) => name.toLowerCase());
}
