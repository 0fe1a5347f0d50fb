/** The session that a Behest token is asked for. */
import { describe } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { member, textOf } from "./json.ts";
import { decode } from "./jwt.ts";
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
  const issuer = textOf(jwt.payload, "iss");
  if (issuer !== undefined && !isOf(new URL(options.url), issuer)) {
    report.cross(
      "session",
      "The given token is another project's, so it is sent nowhere.",
      "Give --url as the token's issuer names it, or a token of this project.",
    );
    return undefined;
  }
  report.ok("session", "The given token has the form of one.");
  const sub = textOf(jwt.payload, "sub");
  return { token: login.token, sub, appMetadata: member(jwt.payload, "app_metadata") };
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
  secrets.add(token, textOf(body, "refresh_token"));
  if (isNoReply(answer) || answer.status !== 200 || token === undefined) {
    const why = isNoReply(answer) ? answer.reason : causeOf(answer);
    report.cross("session", `Signing in failed: ${why}.`, adviceOn(answer));
    return undefined;
  }
  report.ok("session", "Signed in.");
  const user = member(body, "user");
  const sub = textOf(user, "id") ?? textOf(decode(token)?.payload, "sub");
  return { token, sub, appMetadata: member(user, "app_metadata") };
}

/** The Auth server's own code, whose name has changed over time. */
function authCodeOf({ body }: Reply): string | undefined {
  const code = textOf(body, "error_code") ?? textOf(body, "error") ?? textOf(body, "code");
  return code && /^[a-z_]{1,60}$/.test(code) ? code : undefined;
}

function causeOf(answer: Reply): string {
  return `${answer.status} ${authCodeOf(answer) ?? ""}`.trim();
}

function adviceOn(answer: Reply | NoReply): string {
  if (isNoReply(answer)) return "Look at the Auth server in the Supabase dashboard, and run again.";
  const code = authCodeOf(answer);
  if (code === "email_not_confirmed") return "Confirm the user's e-mail address first.";
  if (code === "captcha_failed") {
    return "A captcha protects signing in. Give --token with a session's access token instead.";
  }
  if (answer.status === 429) return "Wait a minute and run the doctor again.";
  if (code === "invalid_credentials" || code === "invalid_grant" || answer.status === 400) {
    return "Check --email and --password; a user without a password needs --token instead.";
  }
  if (answer.status === 401 || answer.status === 403) {
    return "Check --publishable-key: it must be a key of this very project.";
  }
  return `Look at the Auth server in the Supabase dashboard (${describe(answer)}).`;
}
