/** Whether the function has its settings. */
import { adviceFor, codeOf, messageOf } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";

/** Every setting of the function, as supabase/functions/.env.example has them. */
export const SETTINGS = [
  "BEHEST_KEY",
  "BEHEST_API_KEY",
  "BEHEST_BASE_URL",
  "BEHEST_KID",
  "BEHEST_TENANT_ID",
  "BEHEST_PROJECT_ID",
  "BEHEST_TTL",
  "BEHEST_ISSUER",
  "BEHEST_AUDIENCE",
  "CORS_ORIGIN",
  "BEHEST_USER_CHECK",
  "BEHEST_ANONYMOUS",
  "BEHEST_OAUTH_CLIENTS",
  "BEHEST_UID_CLAIM",
  "BEHEST_PLAN_TABLE",
  "BEHEST_PLAN_COLUMN",
  "BEHEST_PLAN_USER_COLUMN",
  "BEHEST_PLAN_CLAIM",
  "BEHEST_PLAN_TIERS",
  "BEHEST_TIER",
  "BEHEST_PLAN_ON_ERROR",
  "BEHEST_MODEL_POLICY",
  "JWT_SECRET",
  "JWT_AUDIENCE",
  "JWT_ISSUER",
  "JWT_JWKS_URL",
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_PUBLISHABLE_KEY",
  "SUPABASE_ANON_KEY",
  "SUPABASE_JWKS",
  "SUPABASE_JWT_SECRET",
] as const;

/** One of them. */
export type Setting = typeof SETTINGS[number];

/**
 * Most faults are told to everyone; the one of a missing key to whoever sends a token.
 *
 * @returns whether the function can work
 */
export function checkSettings(
  { report, secrets }: CheckContext,
  answers: readonly (Reply | NoReply)[],
): boolean {
  const heard = answers.filter((answer): answer is Reply => !isNoReply(answer));
  const faulty = heard.find((answer) => codeOf(answer) === "misconfigured");
  if (faulty) {
    const message = messageOf(faulty);
    const meaning = `The function says: ${secrets.quote(message)}`;
    report.cross("settings", meaning, adviceOnSettings(message));
    return false;
  }
  if (heard.some((answer) => codeOf(answer) === "internal")) {
    report.cross("settings", "The function breaks before it needs them.", adviceFor("internal"));
    return false;
  }
  report.ok("settings", "The function has every setting it needs.");
  return true;
}

/** Which of the variables to set, and where. */
export function adviceOnSettings(message: string): string {
  const names = namesIn(message);
  const own = names.filter((name) => !name.startsWith("SUPABASE_"));
  const given = names.filter((name) => name.startsWith("SUPABASE_"));
  const parts: string[] = [];
  if (own.length > 0) {
    parts.push(`supabase secrets set ${own.map((name) => `${name}=…`).join(" ")}`);
  }
  if (given.length > 0) {
    parts.push(`${given.join(", ")} is Supabase's to set; on a server of your own, set it there.`);
  }
  return parts.length > 0 ? parts.join("  ") : adviceFor("misconfigured");
}

/**
 * The settings that a message of the function names; a colon follows those at fault. Of its words no
 * other goes into an advice, which people paste into a shell.
 */
export function namesIn(message: string): Setting[] {
  const names = message.match(/\b(?:BEHEST|SUPABASE|JWT|CORS)_[A-Z][A-Z0-9_]*\b:?/g) ?? [];
  const faulty = names.filter((name) => name.endsWith(":")).map((name) => name.slice(0, -1));
  const told = faulty.length > 0 ? faulty : names;
  return SETTINGS.filter((name) => told.includes(name));
}
