/** Whether the function has its settings. */
import { adviceFor, codeOf, messageOf } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";

/**
 * Most faults are told to everyone; the one of a missing key to whoever sends a token.
 *
 * @returns whether the function can work
 */
export function checkSettings(
  { report }: CheckContext,
  answers: readonly (Reply | NoReply)[],
): boolean {
  const heard = answers.filter((answer): answer is Reply => !isNoReply(answer));
  const faulty = heard.find((answer) => codeOf(answer) === "misconfigured");
  if (faulty) {
    const message = messageOf(faulty);
    report.cross("settings", message, adviceOnSettings(message));
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

/** The variables that a message of the function names; a colon follows those at fault. */
export function namesIn(message: string): string[] {
  const names = message.match(/\b(?:BEHEST|SUPABASE|JWT|CORS)_[A-Z][A-Z0-9_]*\b:?/g) ?? [];
  const faulty = names.filter((name) => name.endsWith(":")).map((name) => name.slice(0, -1));
  return [...new Set(faulty.length > 0 ? faulty : names)];
}
