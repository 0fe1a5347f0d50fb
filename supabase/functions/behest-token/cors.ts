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
].join(", ");

/** Methods of the function, as `Allow` and as CORS name them. */
export const METHODS = "POST, OPTIONS";

/** Seconds that a browser may keep a preflight's answer; Chromium takes no more. */
const MAX_AGE = "7200";

/**
 * Whether an origin is on the list. A request without one comes from no browser page, and CORS has
 * nothing to say about it.
 *
 * @param allowed exact origins, or `https://*.` and a name for one label before it
 */
export function isAllowed(allowed: readonly string[], origin: string | null): boolean {
  return origin === null || allowed.some((entry) => matches(entry, origin));
}

function matches(entry: string, origin: string): boolean {
  const [scheme, parent] = entry.split("*");
  if (parent === undefined) return entry === origin;
  if (!origin.startsWith(scheme) || !origin.endsWith(parent)) return false;
  return /^[a-z0-9-]+$/.test(origin.slice(scheme.length, origin.length - parent.length));
}

/** The headers that let a page of an allowed origin read an answer; none for anyone else. */
export function corsHeaders(
  allowed: readonly string[],
  origin: string | null,
): Record<string, string> {
  if (origin === null || !isAllowed(allowed, origin)) return { "Vary": "Origin" };
  return {
    "Vary": "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "Retry-After, Server-Timing, X-Trace-Id",
  };
}

/** The answer to `OPTIONS`: 204 for everyone, with leave for an allowed origin alone. */
export function preflight(allowed: readonly string[], origin: string | null): Response {
  const headers = {
    ...corsHeaders(allowed, origin),
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": ALLOWED_HEADERS,
    "Access-Control-Max-Age": MAX_AGE,
  };
  return new Response(null, { status: 204, headers });
}
