/** The session that a Behest token is asked for. */
import { describe } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type Reply } from "./http.ts";
import { member, textOf } from "./json.ts";
import { decode } from "./jwt.ts";
import { type Finding, keyRefusalOf } from "./supabase.ts";
import { isLoopback } from "./url.ts";

/** A user's session, as far as the doctor needs it. */
export interface Session {
  readonly token: string;
  /** The user's id. */
  readonly sub?: string;
  readonly appMetadata: unknown;
}

/** Takes the given token, or signs in. */
export async function openSession(context: CheckContext): Promise<Session | undefined> {
  const { options, report } = context;
  const { login } = options;
  if (login === undefined) {
    report.skip("Give --email and --password, or --token, to go on from here.", "session");
    return undefined;
  }
  if ("email" in login) return await signIn(context, login.email, login.password);
  const jwt = decode(login.token);
  if (jwt === undefined) {
    report.cross(
      "session",
      "What was given is no session token: it has not the form of a JWT.",
      "Give session.access_token of supabase-js, not an API key.",
    );
    return undefined;
  }
  const stranger = strangerIn(context, textOf(jwt.payload, "iss"));
  if (stranger) {
    report.cross("session", stranger.meaning, stranger.advice);
    return undefined;
  }
  report.ok("session", "The given token has the form of one.");
  const sub = textOf(jwt.payload, "sub");
  return { token: login.token, sub, appMetadata: member(jwt.payload, "app_metadata") };
}

/** A token of somebody else, which is sent nowhere. */
function strangerIn(
  { options, secrets }: CheckContext,
  iss: string | undefined,
): Finding | undefined {
  const { issuer, isThirdParty } = options.issuer;
  if (!isThirdParty) {
    return iss === undefined || isOf(new URL(options.url), iss) ? undefined : {
      meaning: "The given token is another project's, so it is sent nowhere.",
      advice:
        "Give --url as the token's issuer names it, or a token of this project. Where a third " +
        "party signs the sessions, give JWT_JWKS_URL and JWT_ISSUER as the function has them.",
    };
  }
  if (iss === issuer) return undefined;
  if (iss === undefined) {
    return {
      meaning: "The given token names no issuer (iss), so it is sent nowhere.",
      advice: "Give a session's token of the provider that JWT_ISSUER names.",
    };
  }
  if (bare(iss) === bare(issuer)) {
    return {
      meaning: `The token's iss is ${
        secrets.quote(iss)
      }: JWT_ISSUER differs by the slash at the end.`,
      advice:
        "Write JWT_ISSUER as the token has it, for the function, too: Auth0's iss ends with a " +
        "slash.",
    };
  }
  return {
    meaning: `The token's iss is ${secrets.quote(iss)}, and not JWT_ISSUER: it is sent nowhere.`,
    advice: "Compare the two letter by letter; or give a token of the issuer that is named.",
  };
}

function bare(issuer: string): string {
  return issuer.replace(/\/+$/, "");
}

/** Whether the issuer is the project; on this machine addresses have many names. */
function isOf(project: URL, issuer: string): boolean {
  if (isLoopback(project)) return true;
  return URL.canParse(issuer) && new URL(issuer).origin === project.origin;
}

async function signIn(
  { options, http, report, secrets }: CheckContext,
  email: string,
  password: string,
): Promise<Session | undefined> {
  const answer = await http.ask("Supabase", `${options.url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { "apikey": options.publishableKey ?? "", "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const body = isNoReply(answer) ? undefined : answer.body;
  const token = textOf(body, "access_token");
  secrets.add(textOf(body, "refresh_token"));
  secrets.addSession(token);
  if (isNoReply(answer) || answer.status !== 200 || token === undefined) {
    const { meaning, advice } = isNoReply(answer)
      ? { meaning: answer.reason, advice: LOOK }
      : refusalOf(answer);
    report.cross("session", `Signing in failed: ${meaning}.`, advice);
    return undefined;
  }
  report.ok("session", "Signed in.");
  const user = member(body, "user");
  const sub = textOf(user, "id") ?? textOf(decode(token)?.payload, "sub");
  return { token, sub, appMetadata: member(user, "app_metadata") };
}

const LOOK = "Look at the Auth server in the Supabase dashboard, and run the doctor again.";

const CREDENTIALS =
  "Check --email and --password; a user without a password needs --token instead.";

/** What to do about the Auth server's own codes. */
const ADVICE = {
  captcha_failed:
    "A captcha protects signing in. Give --token with a session's access token instead.",
  email_not_confirmed: "Confirm the user's e-mail address first.",
  email_provider_disabled:
    "Signing in by e-mail is switched off. Give --token with a session's access token instead.",
  invalid_credentials: CREDENTIALS,
  invalid_grant: CREDENTIALS,
  over_request_rate_limit: "Wait a minute and run the doctor again.",
  request_timeout: LOOK,
  unexpected_failure:
    "Read the Auth server's log in the Supabase dashboard. Where an access token " +
    "hook is on, look at it first: any fault of it fails the sign-in.",
  user_banned: "Take another user: this one is banned.",
  validation_failed: CREDENTIALS,
} as const;

function refusalOf(answer: Reply): Finding {
  const refusal = keyRefusalOf(answer);
  if (refusal) return { ...refusal, meaning: `${answer.status}. ${refusal.meaning}` };
  const code = authCodeOf(answer);
  if (code !== undefined && isKnown(code)) {
    return { meaning: `${answer.status} ${code}`, advice: ADVICE[code] };
  }
  // A code that nobody here has heard of is the server's word.
  const meaning = code === undefined ? describe(answer) : `${answer.status} "${code}"`;
  if (answer.status === 429) return { meaning, advice: ADVICE.over_request_rate_limit };
  if (!isAuthServers(answer)) {
    return {
      meaning: `${meaning}, and not the Auth server's`,
      advice: "Look for a firewall or proxy before Supabase, and check --url.",
    };
  }
  return { meaning, advice: answer.status === 400 ? CREDENTIALS : LOOK };
}

/** The Auth server's own code; where it stands has changed over time. */
function authCodeOf({ headers, body }: Reply): string | undefined {
  const code = headers.get("x-sb-error-code") ?? textOf(body, "error_code") ??
    textOf(body, "error") ?? textOf(body, "code");
  return code && /^[a-z_]{1,60}$/.test(code) ? code : undefined;
}

function isKnown(code: string): code is keyof typeof ADVICE {
  return Object.hasOwn(ADVICE, code);
}

/** Whether the answer bears a mark of the Auth server's: its header, or a body of its form. */
function isAuthServers(answer: Reply): boolean {
  if (authCodeOf(answer) !== undefined || answer.headers.has("x-sb-error-code")) return true;
  return typeof member(answer.body, "code") === "number" &&
    textOf(answer.body, "msg") !== undefined;
}
