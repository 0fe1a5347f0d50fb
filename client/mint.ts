/** One call of the function. */

import { badAnswer, BehestError, network } from "./error.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { type BehestToken, readToken } from "./token.ts";

/** What a mint is made with. */
export interface MintOptions {
  readonly functionName: string;
  /** Behest's URL, where the application has set it. */
  readonly baseUrl: string | undefined;
  /** The Behest session to stay in. */
  readonly sessionId: string | undefined;
}

/** The longest wait that is believed, in seconds: the function passes on no longer one. */
const LONGEST_RETRY_AFTER = 86_400;

/**
 * @param session whose access token is sent, whoever is signed in by then
 * @throws {BehestError} the function's own, `network`, or `bad_answer`
 */
export async function mint(
  { functions }: SupabaseLike,
  session: SupabaseSession,
  { functionName, baseUrl, sessionId }: MintOptions,
  signal: AbortSignal,
): Promise<BehestToken> {
  const { data, error, response } = await functions.invoke(functionName, {
    method: "POST",
    headers: { Authorization: `Bearer ${session.access_token}` },
    // What is undefined is not in the JSON.
    body: { sessionId },
    signal,
  });
  if (error) throw await readError(error);
  if (response && response.status !== 200) throw badAnswer(response.status);
  return readToken(data, baseUrl);
}

/** What supabase-js made of an answer that is no success, by the names of its errors. */
async function readError(error: unknown): Promise<BehestError> {
  const { name, context } = error as { name?: string; context?: Response };
  const { status, headers } = Object(context) as Response;
  if (/^Functions(Fetch|Relay)Error$/.test(`${name}`)) return network(error, status);
  if (!headers) return badAnswer(status, error);
  const body = await context?.json().catch(() => {});
  const { code, message } = Object(Object(body).error) as Record<"code" | "message", unknown>;
  if (typeof code !== "string" || typeof message !== "string") return badAnswer(status);
  const wait = headers.get("Retry-After");
  return new BehestError(code, message, {
    status,
    retryAfter: wait && /^\d+$/.test(wait) ? Math.min(+wait, LONGEST_RETRY_AFTER) : undefined,
    traceId: headers.get("X-Trace-Id") ?? undefined,
  });
}
