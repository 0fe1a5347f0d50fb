/** Whether the function is there, and complete. */
import { member, type Reply, type Silence, textOf } from "./asker.ts";
import {
  adviceFor,
  codeOf,
  describe,
  gatewayCodeOf,
  isMinted,
  isSilent,
  messageOf,
} from "./codes.ts";
import type { Visit } from "./examine.ts";

/** What Supabase's gateway says where it checks tokens itself. */
const GATEWAY_REFUSALS = /missing authorization header|invalid (jwt|token)|jwt expired/i;

/** Supabase and Cloudflare before it, where a project is paused or its servers do not answer. */
const PAUSED = [521, 522, 523, 530, 540, 544];

/** DNS, TCP, TLS and HTTP: any answer is one. */
export async function checkReachable({ order, ask, report }: Visit): Promise<boolean> {
  const answer = await ask.ask("Supabase", `${order.url}/auth/v1/health`);
  if (isSilent(answer)) {
    report.cross(
      "reachable",
      `${order.url} does not answer: ${answer.silence}.`,
      "Check --url against the project's URL in the Supabase dashboard, and this network. A paused " +
        "project has to be restored there.",
    );
    return false;
  }
  if (PAUSED.includes(answer.status)) {
    report.cross(
      "reachable",
      `${order.url} answers that the project is not running (status ${answer.status}).`,
      "Restore the project in the Supabase dashboard, or wait until it is up.",
    );
    return false;
  }
  report.ok("reachable", `${order.url} answers.`);
  return true;
}

/**
 * Asks as nobody: the function itself has to be who says no.
 *
 * @returns its answer, where it was the function's
 */
export async function checkDeployed({ order, ask, report }: Visit): Promise<Reply | undefined> {
  const { functionName, functionUrl } = order;
  const deploy = `supabase functions deploy ${functionName}`;
  const answer = await ask.ask("the function", functionUrl, {
    method: "POST",
    headers: { "Origin": order.origin },
  });
  if (isSilent(answer)) {
    report.cross(
      "deployed",
      `The function does not answer: ${answer.silence}.`,
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
  if (status === 404) {
    report.cross(
      "deployed",
      code === "NOT_FOUND_FUNCTION_BLOB"
        ? `Supabase knows ${functionName}, but has lost what was deployed (404).`
        : `There is no function ${functionName} in this project (404).`,
      `Run: ${deploy}. Or name the right one with --function.`,
    );
  } else if (status === 401 && isGatewayRefusal(answer, code)) {
    report.cross(
      "deployed",
      `Supabase's gateway refuses the request before the function sees it (verify_jwt is on).`,
      `Set verify_jwt = false under [functions.${functionName}] in supabase/config.toml and run: ` +
        `${deploy}. Or: ${deploy} --no-verify-jwt. The function verifies the token itself.`,
    );
  } else if (status >= 300 && status < 400) {
    report.cross(
      "deployed",
      `The URL redirects elsewhere (${status}), which browsers do not follow in a preflight.`,
      `Give the URL that it redirects to${targetOf(headers, functionUrl)}.`,
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

function isGatewayRefusal({ body }: Reply, code: string | undefined): boolean {
  if (code?.startsWith("UNAUTHORIZED") || member(body, "code") === 401) return true;
  return GATEWAY_REFUSALS.test(textOf(body, "message") ?? textOf(body, "msg") ?? "");
}

/** The origin alone: the rest of a URL may hold what is not to be printed. */
function targetOf(headers: Headers, from: string): string {
  const location = headers.get("Location");
  if (location === null || !URL.canParse(location, from)) return "";
  const { protocol, origin } = new URL(location, from);
  return /^https?:$/.test(protocol) ? ` (${origin})` : "";
}

/**
 * Most faults are told to everyone; the one of a missing key to whoever sends a token.
 *
 * @returns whether the function can work
 */
export function checkSettings({ report }: Visit, answers: readonly (Reply | Silence)[]): boolean {
  const heard = answers.filter((answer): answer is Reply => !isSilent(answer));
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
