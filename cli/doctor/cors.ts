/** What a browser would let the page do. */
import { codeOf, describe, messageOf } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { namesIn } from "./settings.ts";

/** What supabase-js sends with every call of a function. */
const SUPABASE_HEADERS = ["authorization", "apikey", "content-type", "x-client-info"];

/** What tracing adds to every call: one header of many that a page may send. */
const MORE = "traceparent";

const ALLOW_ORIGIN = "Access-Control-Allow-Origin";

/** Asks for leave, as a browser does before a page's POST with these headers. */
export function preflightOf(origin: string, headers: readonly string[]): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      "Origin": origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": headers.join(","),
    },
  };
}

/** The headers that an answer gives no leave for. `*` never covers Authorization (Fetch Standard). */
export function refusedHeaders(answer: Reply, wanted: readonly string[]): string[] {
  const listed = (answer.headers.get("Access-Control-Allow-Headers") ?? "").toLowerCase();
  const allowed = listed.split(",").map((name) => name.trim());
  return wanted.filter((name) =>
    !allowed.includes(name) && (name === "authorization" || !allowed.includes("*"))
  );
}

/** Whether a browser goes on after this preflight. */
export function isPassing({ status }: Reply): boolean {
  return status >= 200 && status < 300;
}

/** The preflight, but for the origin: that is the next check. */
export async function checkPreflight(
  { options, http, report }: CheckContext,
): Promise<Reply | NoReply> {
  const wish = preflightOf(options.origin, [...SUPABASE_HEADERS, MORE]);
  const answer = await http.ask("the function", options.functionUrl, wish);
  const deploy = `Deploy this version of the function: supabase functions deploy ` +
    options.functionName;
  if (isNoReply(answer) || !isPassing(answer)) {
    report.cross(
      "preflight",
      `Browsers give up at the preflight (OPTIONS): ${describe(answer)}.`,
      `Turn verify_jwt off for the function, look at proxies before it, or: ${deploy}`,
    );
    return answer;
  }
  const refused = refusedHeaders(answer, SUPABASE_HEADERS);
  const echoed = answer.headers.get(ALLOW_ORIGIN);
  if (echoed === null && refused.length === SUPABASE_HEADERS.length) {
    report.ok("preflight", "It is answered; what it allows, it tells pages of CORS_ORIGIN alone.");
  } else if (refused.length > 0) {
    report.cross(
      "preflight",
      `Browsers block supabase-js: the preflight does not allow ${refused.join(", ")}.`,
      deploy,
    );
  } else if (echoed === "*") {
    report.cross("preflight", "Every page on the web is allowed (*), with no credentials.", deploy);
  } else if (
    echoed !== null && answer.headers.get("Access-Control-Allow-Credentials") !== "true"
  ) {
    report.cross("preflight", "The preflight does not allow credentials.", deploy);
  } else {
    const more = refusedHeaders(answer, [MORE]).length === 0
      ? ""
      : ` It does not allow ${MORE}, which pages with tracing send; this version does.`;
    report.ok("preflight", `It allows every header that supabase-js sends.${more}`);
  }
  return answer;
}

/**
 * @param leave the answer to the preflight
 * @param bare the answer to a POST of this origin
 */
export async function checkOrigin(
  context: CheckContext,
  leave: Reply | NoReply,
  bare: Reply,
): Promise<boolean> {
  const { options: { origin, originWasCut }, report } = context;
  if (codeOf(bare) === "misconfigured" && namesIn(messageOf(bare)).includes("CORS_ORIGIN")) {
    report.skip("CORS_ORIGIN itself is at fault; see the settings.", "origin");
    return false;
  }
  const answers = isNoReply(leave) || !isPassing(leave) ? [bare] : [leave, bare];
  const allowing = answers.filter(({ headers }) => allows(headers, origin));
  const cut = originWasCut ? " An origin ends before the path, so this is what a page sends." : "";
  if (codeOf(bare) !== "origin_forbidden" && allowing.length === answers.length) {
    report.ok("origin", `A page of ${origin} may ask.${cut}`);
    return true;
  }
  if (codeOf(bare) !== "origin_forbidden" && allowing.length > 0) {
    report.cross(
      "origin",
      `Only one of preflight and answer allows ${origin}, so browsers hide the answer.`,
      "Look for a proxy that changes headers, and deploy this version of the function.",
    );
    return false;
  }
  const why = codeOf(bare) === "origin_forbidden" ? describe(bare) : "the preflight says no";
  const near = await nearOrigin(context);
  const hint = near === undefined
    ? ""
    : ` CORS_ORIGIN does allow ${near}: scheme, host and port must all be the same.`;
  report.cross(
    "origin",
    `A page of ${origin} may not ask (${why}).${cut}${hint}`,
    `supabase secrets set CORS_ORIGIN=${origin}  (It replaces the list: name the others, too, with ` +
      "commas between.)",
  );
  return false;
}

function allows(headers: Headers, origin: string): boolean {
  const allowed = headers.get(ALLOW_ORIGIN);
  return allowed === origin || allowed === "*";
}

/** An origin that is allowed and easily taken for this one. */
async function nearOrigin({ options, http }: CheckContext): Promise<string | undefined> {
  const origins = neighbours(options.origin);
  const answers = await Promise.all(
    origins.map((origin) =>
      http.ask("the function", options.functionUrl, preflightOf(origin, SUPABASE_HEADERS))
    ),
  );
  return origins.find((origin, index) => {
    const answer = answers[index];
    return !isNoReply(answer) && answer.headers.get(ALLOW_ORIGIN) === origin;
  });
}

/** The same page with another scheme, with or without `www.`, on another usual port. */
export function neighbours(origin: string): string[] {
  if (!/^https?:/.test(origin)) return [];
  const { protocol, hostname, port } = new URL(origin);
  const other = protocol === "https:" ? "http:" : "https:";
  const twin = hostname === "localhost"
    ? "127.0.0.1"
    : hostname === "127.0.0.1"
    ? "localhost"
    : hostname.startsWith("www.")
    ? hostname.slice(4)
    : `www.${hostname}`;
  const end = port === "" ? "" : `:${port}`;
  const ports = ["", "3000", "5173", "8080"].map((usual) => usual && `:${usual}`);
  const found = [
    `${other}//${hostname}${end}`,
    `${protocol}//${twin}${end}`,
    `${other}//${twin}${end}`,
    ...ports.map((usual) => `${protocol}//${hostname}${usual}`),
  ];
  return [...new Set(found)].filter((found) => found !== origin);
}
