/** The function's own errors, told from those of whatever else may answer. */
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { member, textOf } from "./json.ts";
import { gatewayCodeOf, named } from "./supabase.ts";

/** What to do about each code where a user's token was asked for. */
const ADVICE = {
  invalid_request: "Deploy this version of the function; the doctor sends it an empty object.",
  missing_token: "Something on the way takes the Authorization header off, such as a proxy.",
  invalid_token:
    "Take a token of this very project. If it is: JWT_SECRET must be this project's or unset (with " +
    "BEHEST_USER_CHECK=claims a project that still signs with it needs it), and JWT_ISSUER and " +
    "JWT_AUDIENCE must fit or be unset.",
  expired_token: "Sign in again and give the new session's access token.",
  not_a_user: "Give the access token of a signed-in user, not an API key.",
  invalid_session: "Sign in again: the Auth server no longer knows this session.",
  quota_exceeded: "Raise the quota in the Behest dashboard, or wait for the next period.",
  origin_forbidden: "Add the page's origin to CORS_ORIGIN.",
  anonymous_forbidden: "Sign in with an account, or set BEHEST_ANONYMOUS=allow.",
  client_forbidden:
    "This is the token of an OAuth client: sign in with the app itself, or list the " +
    "client's id: supabase secrets set BEHEST_OAUTH_CLIENTS=…",
  uid_missing: "Write this user's uid to where BEHEST_UID_CLAIM points in app_metadata (with " +
    "BEHEST_USER_CHECK=claims refresh the session, too); or unset BEHEST_UID_CLAIM.",
  model_forbidden: "Change BEHEST_MODEL_POLICY, or the user's plan.",
  method_not_allowed: "Something on the way changes the method. Look at proxies and redirects.",
  request_too_large: "Something on the way adds to the body. Look at proxies.",
  rate_limited: "Wait a minute and run the doctor again.",
  misconfigured:
    "Compare the function's secrets with supabase/functions/.env.example, or deploy this version.",
  internal: "Read the function's log in the Supabase dashboard; it says more.",
  supabase_rejected:
    "Look at the API keys in the Supabase dashboard: the one that the function sends is disabled or " +
    "another project's. Set SUPABASE_PUBLISHABLE_KEY on a server of your own, else deploy again. If " +
    "the key is good, look for a firewall or proxy before SUPABASE_URL.",
  behest_rejected:
    "Check BEHEST_KEY and BEHEST_BASE_URL: both must be of the same Behest project, " +
    "and the key must not be revoked.",
  auth_unavailable: "Look at the Auth server in the Supabase dashboard, and run the doctor again.",
  plan_unavailable:
    "Look at the database in the Supabase dashboard. To mint without it meanwhile: " +
    "supabase secrets set BEHEST_PLAN_ON_ERROR=default",
  behest_unavailable:
    "Check BEHEST_BASE_URL; if it is right, Behest is down: run the doctor later.",
  auth_timeout: "The Auth server is too slow: look at the project's load in the dashboard.",
  plan_timeout: "The database is too slow: look for an index on BEHEST_PLAN_USER_COLUMN. To mint " +
    "without it meanwhile: supabase secrets set BEHEST_PLAN_ON_ERROR=default",
  behest_timeout: "Check BEHEST_BASE_URL; if it is right, Behest is slow: run the doctor again.",
} as const;

/** One of the function's codes. */
export type Code = keyof typeof ADVICE;

/** The code of the function's own error; `undefined` where somebody else answered. */
export function codeOf({ body }: Reply): Code | undefined {
  const error = member(body, "error");
  const code = textOf(error, "code");
  if (code === undefined || textOf(error, "message") === undefined) return undefined;
  return Object.hasOwn(ADVICE, code) ? code as Code : undefined;
}

/** Every code that is known here. */
export const CODES = Object.keys(ADVICE) as Code[];

/** What the function says to do, in its own words: to be read, and quoted before it is printed. */
export function messageOf({ body }: Reply): string {
  return textOf(member(body, "error"), "message") ?? "";
}

/** Whether a token came. */
export function isMinted(reply: Reply | NoReply): boolean {
  return !isNoReply(reply) && reply.status === 200 && textOf(reply.body, "token") !== undefined;
}

/** What to do about a code. */
export function adviceFor(code: Code): string {
  return ADVICE[code];
}

/** An answer that is not what was hoped for, as a part of a sentence. */
export function describe(reply: Reply | NoReply): string {
  if (isNoReply(reply)) return reply.reason;
  const code = gatewayCodeOf(reply);
  const name = codeOf(reply) ?? (code === undefined ? undefined : named(code));
  return name === undefined ? `status ${reply.status}` : `${reply.status} ${name}`;
}
