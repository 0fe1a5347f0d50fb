/** Whether the function is there, and complete. */
import { codeOf, describe, isMinted } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type Reply } from "./http.ts";
import { textOf } from "./json.ts";
import { callRefusalOf, gatewayCodeOf } from "./supabase.ts";

/** Supabase and Cloudflare before it, where a project is paused or its servers do not answer. */
const PAUSED = [521, 522, 523, 530, 540, 544];

/** DNS, TCP, TLS and HTTP: any answer is one. */
export async function checkReachable({ options, http, report }: CheckContext): Promise<boolean> {
  const answer = await http.ask("Supabase", `${options.url}/auth/v1/health`);
  if (isNoReply(answer)) {
    report.cross(
      "reachable",
      `${options.url} does not answer: ${answer.reason}.`,
      "Check --url against the project's URL in the Supabase dashboard, and this network. A paused " +
        "project has to be restored there.",
    );
    return false;
  }
  if (PAUSED.includes(answer.status)) {
    report.cross(
      "reachable",
      `${options.url} answers that the project is not running (status ${answer.status}).`,
      "Restore the project in the Supabase dashboard, or wait until it is up.",
    );
    return false;
  }
  report.ok("reachable", `${options.url} answers.`);
  return true;
}

/**
 * Asks as nobody: the function itself has to be who says no.
 *
 * @returns its answer, where it was the function's
 */
export async function checkDeployed(
  { options, http, report, secrets }: CheckContext,
): Promise<Reply | undefined> {
  const { functionName, functionUrl } = options;
  const deploy = `supabase functions deploy ${functionName}`;
  const answer = await http.ask("the function", functionUrl, {
    method: "POST",
    headers: { "Origin": options.origin },
  });
  if (isNoReply(answer)) {
    report.cross(
      "deployed",
      `The function does not answer: ${answer.reason}.`,
      "Read the function's log in the Supabase dashboard, and deploy it again.",
    );
    return undefined;
  }
  const { status, headers, body } = answer;
  if (codeOf(answer) !== undefined || isMinted(answer)) {
    report.ok("deployed", "The function itself answers, so verify_jwt is off.");
    return answer;
  }
  const code = gatewayCodeOf(answer);
  const refusal = callRefusalOf(answer, functionName);
  if (status === 404) {
    report.cross(
      "deployed",
      code === "NOT_FOUND_FUNCTION_BLOB"
        ? `Supabase knows ${functionName}, but has lost what was deployed (404).`
        : `There is no function ${functionName} in this project (404).`,
      `Run: ${deploy}. Or name the right one with --function.`,
    );
  } else if (refusal) {
    report.cross("deployed", refusal.meaning, refusal.advice);
  } else if (status >= 300 && status < 400) {
    const target = targetOf(headers, functionUrl);
    const where = target === undefined ? "elsewhere" : `to ${secrets.quote(target)}`;
    report.cross(
      "deployed",
      `The URL redirects ${where} (${status}), which browsers do not follow in a preflight.`,
      "Give --url as the Supabase dashboard shows it, or the custom domain that is yours.",
    );
  } else if (status >= 500) {
    report.cross(
      "deployed",
      `The function does not start or does not answer (${describe(answer)}).`,
      `Read its log in the Supabase dashboard, and run: ${deploy}`,
    );
  } else {
    report.cross(
      "deployed",
      `What answers at ${functionUrl} is not behest-token (status ${status}${
        textOf(body, "error") === undefined ? "" : ", an error of another form"
      }).`,
      `Name the right function with --function, or run: ${deploy}`,
    );
  }
  return undefined;
}

/** The origin alone: the rest of a URL may hold what is not to be printed. */
function targetOf(headers: Headers, from: string): string | undefined {
  const location = headers.get("Location");
  if (location === null || !URL.canParse(location, from)) return undefined;
  const { protocol, origin } = new URL(location, from);
  return /^https?:$/.test(protocol) ? origin : undefined;
}
