/** What Supabase's gateways say themselves, before a function or a server behind them is asked. */
import type { Reply } from "./http.ts";
import { member, textOf } from "./json.ts";

/** What was found, and what to do about it. */
export interface Finding {
  readonly meaning: string;
  readonly advice: string;
}

/** Why the functions gateway refuses a token where verify_jwt is on: it tells by the `alg` alone. */
const UNAUTHORIZED = {
  UNAUTHORIZED_NO_AUTH_HEADER: "It found no Authorization header",
  UNAUTHORIZED_INVALID_JWT_FORMAT:
    "What it found has not the form of a JWT, as an sb_publishable_ key has not",
  UNAUTHORIZED_LEGACY_JWT:
    "It does not take the signature of an HS256 token: the legacy JWT secret is another one, or is " +
    "no longer trusted",
  UNAUTHORIZED_ASYMMETRIC_JWT:
    "It does not take the signature of an ES256 or RS256 token, which many a good session has",
  UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: "It does not check tokens of this algorithm",
} as const;

/** Its words from before it had codes. */
const WORDS = /missing authorization header|invalid (jwt|token)|jwt expired/i;

/** How the platform says why it did not run a function. */
const CODES = [
  "BOOT_ERROR",
  "NOT_FOUND",
  "NOT_FOUND_FUNCTION_BLOB",
  "WORKER_ERROR",
  "WORKER_LIMIT",
  "WORKER_RESOURCE_LIMIT",
  ...Object.keys(UNAUTHORIZED),
];

/** Why the API gateway refuses a key. */
const KEYS: readonly (readonly [words: RegExp, finding: Finding])[] = [
  [/legacy api keys are disabled/i, {
    meaning: "The project no longer takes legacy API keys (anon, service_role)",
    advice: "Give its sb_publishable_… key with --publishable-key, and use that in the page, too.",
  }],
  [/no api key found/i, {
    meaning: "Supabase's gateway found no API key",
    advice: "Give --publishable-key. If you did, something on the way takes the apikey header off.",
  }],
  [/(invalid|unregistered) api key|invalid authentication credentials/i, {
    meaning: "Supabase's gateway does not know this API key: it is another project's, or deleted",
    advice: "Check --publishable-key: it must be a key of this very project.",
  }],
];

/** The gateway's refusal of the API key, in any form; `undefined` where it is none. */
export function keyRefusalOf(reply: Reply): Finding | undefined {
  if (reply.status !== 401 && reply.status !== 403) return undefined;
  const words = wordsOf(reply);
  return KEYS.find(([refusal]) => refusal.test(words))?.[1];
}

/** A gateway's refusal of a call of the function; `undefined` where it is none. */
export function callRefusalOf(reply: Reply, functionName: string): Finding | undefined {
  return keyRefusalOf(reply) ?? tokenRefusalOf(reply, functionName);
}

function tokenRefusalOf(reply: Reply, functionName: string): Finding | undefined {
  const code = gatewayCodeOf(reply);
  const hasCode = code?.startsWith("UNAUTHORIZED") || member(reply.body, "code") === 401;
  if (reply.status !== 401) return undefined;
  if (!hasCode && !WORDS.test(wordsOf(reply))) return undefined;
  const deploy = `supabase functions deploy ${functionName}`;
  return {
    meaning: "Supabase's gateway refuses the request before the function sees it (verify_jwt is " +
      `on).${reasonOf(code)}`,
    advice:
      `Set verify_jwt = false under [functions.${functionName}] in supabase/config.toml and run: ` +
      `${deploy}. Or: ${deploy} --no-verify-jwt. The function verifies the token itself.`,
  };
}

function reasonOf(code: string | undefined): string {
  if (!code?.startsWith("UNAUTHORIZED")) return "";
  if (!Object.hasOwn(UNAUTHORIZED, code)) return ` Its reason is new here: ${named(code)}.`;
  return ` ${UNAUTHORIZED[code as keyof typeof UNAUTHORIZED]} (${code}).`;
}

/** How a gateway names its fault; where it does so has changed. */
export function gatewayCodeOf({ headers, body }: Reply): string | undefined {
  const code = headers.get("sb-error-code") ?? textOf(body, "code");
  return code && /^[A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
}

/** A code for people; one that nobody here has heard of is a server's word, and quoted. */
export function named(code: string): string {
  return CODES.includes(code) ? code : `"${code}"`;
}

function wordsOf({ body }: Reply): string {
  return textOf(body, "message") ?? textOf(body, "msg") ?? "";
}
