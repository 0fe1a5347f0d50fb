/** Whether a Behest token comes. */
import { adviceFor, codeOf, describe, messageOf } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type Reply } from "./http.ts";
import { textOf, wholeOf } from "./json.ts";
import type { Session } from "./session.ts";
import { adviceOnSettings } from "./settings.ts";
import { isLoopback, isSafe } from "./url.ts";

/** The body of a 200. */
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
  { options, http, report, secrets, now }: CheckContext,
  session: Session,
  headers: Record<string, string>,
): Promise<Minted | undefined> {
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
    const code = codeOf(answer);
    const message = code === undefined ? "" : ` ${messageOf(answer)}`;
    report.cross(
      "mints",
      `No token came: ${describe(answer)}.${message}`,
      code === undefined
        ? "Read the function's log in the Supabase dashboard, and deploy this version."
        : code === "misconfigured"
        ? adviceOnSettings(message)
        : adviceFor(code),
    );
    return undefined;
  }
  const at = now();
  const { minted, faults } = read(answer, at, new URL(options.url));
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

function read({ body }: Reply, at: number, asked: URL): { minted?: Minted; faults: string[] } {
  const token = textOf(body, "token");
  const sessionId = /^[\w.:-]{1,128}$/.exec(textOf(body, "sessionId") ?? "")?.[0];
  const ttl = wholeOf(body, "ttl");
  const expiresAt = wholeOf(body, "expiresAt");
  const baseUrl = safeUrl(textOf(body, "baseUrl"), asked);
  const tier = wholeOf(body, "tier");
  const parts = { token, sessionId, ttl, expiresAt, baseUrl, tier };
  const faults = Object.entries(parts)
    .filter(([, value]) => value === undefined || value === "")
    .map(([name]) => `${name} is missing or wrong`);
  return faults.length > 0 ? { faults } : { minted: { ...parts, at } as Minted, faults };
}

/**
 * The token goes there, so it has to be where nobody listens in; and where a server elsewhere cannot
 * point at what runs on this machine.
 */
function safeUrl(text: string | undefined, asked: URL): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isOrigin = [url.origin, `${url.origin}/`].includes(text);
  if (!isOrigin || !isSafe(url) || (isLoopback(url) && !isLoopback(asked))) return undefined;
  return url.origin;
}
