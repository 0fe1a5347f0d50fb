/** Whether a Behest token comes. */
import { adviceFor, codeOf, describe, messageOf } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type Reply } from "./http.ts";
import { textOf, wholeOf } from "./json.ts";
import type { Session } from "./session.ts";
import { adviceOnSettings } from "./settings.ts";
import { callRefusalOf, type Finding } from "./supabase.ts";
import { isPlain, isSafe } from "./url.ts";

/** The body of a 200, each part in the form that it has to have. */
export interface Minted {
  readonly token: string;
  readonly sessionId: string;
  readonly ttl: number;
  readonly expiresAt: number;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly tier: number;
  /** When it came, by this clock, in ms. */
  readonly at: number;
}

/** Asks as the user. */
export async function checkMint(
  context: CheckContext,
  session: Session,
  headers: Record<string, string>,
): Promise<Minted | undefined> {
  const { options, http, report, secrets, now } = context;
  const answer = await http.ask("the function", options.functionUrl, {
    method: "POST",
    headers: {
      ...headers,
      "Authorization": `Bearer ${session.token}`,
      "Content-Type": "application/json",
      ...(options.publishableKey === undefined ? {} : { "apikey": options.publishableKey }),
    },
    body: "{}",
  });
  if (isNoReply(answer)) {
    report.cross("mints", `No token came: ${answer.reason}.`, adviceFor("internal"));
    return undefined;
  }
  secrets.add(textOf(answer.body, "token"));
  if (answer.status !== 200) {
    const { meaning, advice } = refusalOf(context, answer);
    report.cross("mints", `No token came: ${meaning}`, advice);
    return undefined;
  }
  const at = now();
  const { minted, faults } = read(answer, at);
  if (minted?.token === session.token) {
    report.cross(
      "mints",
      "What came back is the session token itself, and no Behest token.",
      `Deploy this version: supabase functions deploy ${options.functionName}`,
    );
    return undefined;
  }
  if (minted === undefined) {
    report.cross(
      "mints",
      `An answer came, but not as clients need it: ${faults.join(", ")}.`,
      `Deploy this version: supabase functions deploy ${options.functionName}`,
    );
    return undefined;
  }
  report.ok("mints", `A token for ${minted.ttl} s, for ${minted.baseUrl}.`);
  return minted;
}

function refusalOf({ options, secrets }: CheckContext, answer: Reply): Finding {
  const code = codeOf(answer);
  if (code === undefined) {
    const refusal = callRefusalOf(answer, options.functionName);
    return {
      meaning: `${describe(answer)}. ${refusal?.meaning ?? ""}`.trim(),
      advice: refusal?.advice ??
        "Read the function's log in the Supabase dashboard, and deploy this version.",
    };
  }
  const message = messageOf(answer);
  return {
    meaning: `${describe(answer)}. The function says: ${secrets.quote(message)}`,
    advice: code === "misconfigured" ? adviceOnSettings(message) : adviceFor(code),
  };
}

function read({ body }: Reply, at: number): { minted?: Minted; faults: string[] } {
  const token = textOf(body, "token");
  const sessionId = /^[\w.:-]{1,128}$/.exec(textOf(body, "sessionId") ?? "")?.[0];
  const ttl = wholeOf(body, "ttl");
  const expiresAt = wholeOf(body, "expiresAt");
  const baseUrl = originOf(textOf(body, "baseUrl"));
  const tier = wholeOf(body, "tier");
  const parts = { token, sessionId, ttl, expiresAt, baseUrl, tier };
  const faults = Object.entries(parts)
    .filter(([, value]) => value === undefined || value === "")
    .map(([name]) => `${name} is missing or wrong`);
  return faults.length > 0 ? { faults } : { minted: { ...parts, at } as Minted, faults };
}

/** An origin where nobody listens in on the way; where it leads is judged before it is asked. */
function originOf(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isOrigin = [url.origin, `${url.origin}/`].includes(text);
  return isOrigin && isSafe(url) && isPlain(url) ? url.origin : undefined;
}
