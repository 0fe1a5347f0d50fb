/**
 * A mint: one call of the function, or two where the session token had expired; and the direct way,
 * which calls nothing, and refreshes where the function would have said so.
 */

import type { Clock } from "./clock.ts";
import { badAnswer, BehestError, network, sessionOver, userChanged } from "./error.ts";
import { asBehestToken, type TokenOptions } from "./session_token.ts";
import type { SupabaseLike, SupabaseSession } from "./supabase.ts";
import { type BehestToken, type Held, hold, readToken } from "./token.ts";
import type { CurrentUser } from "./user.ts";

/** What a mint is made with. */
export interface MintOptions extends TokenOptions {
  readonly functionName: string;
  /** Whether Behest takes the session's own token, and there is no function. */
  readonly direct: boolean;
  /** Whether the session's token is refreshed first, however long it lives. */
  readonly spent: boolean;
  /** Hears that it has been refreshed. */
  renewed(): void;
}

/**
 * Pinned to a session: whoever is signed in when it ends gets nothing of another's.
 *
 * @throws {BehestError} the function's own, `network`, `bad_answer`, or `user_changed`
 */
export async function mint(
  supabase: SupabaseLike,
  user: CurrentUser,
  session: SupabaseSession,
  options: MintOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<Held> {
  const check = (now: SupabaseSession) => {
    if (signal.aborted || now.user.id !== session.user.id) throw userChanged();
    return now;
  };
  const call = async (now: SupabaseSession, renewed = false) => {
    check(now);
    if (options.spent && !renewed) throw sessionOver();
    const answer = options.direct
      ? asBehestToken(now.access_token, options, clock, renewed)
      : await callFunction(supabase, now, options, signal);
    return hold(answer, session.user.id, clock);
  };
  const minted = await call(session).catch(async (error) => {
    if (error.code !== "expired_token") throw error;
    check(session);
    const renewed = await user.refreshed(session).catch((fault) => {
      throw fault.code === "no_session" ? error : fault;
    });
    options.renewed();
    return call(renewed, true);
  });
  if (!user.certain) check(await user.session());
  return minted;
}

async function callFunction(
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
  if (/(Fetch|Relay)Error/.test(`${name}`)) return network(name, status);
  if (!headers) return badAnswer(status);
  const body = await context?.json().catch(() => {});
  const { code, message } = Object(Object(body).error) as Record<"code" | "message", unknown>;
  if (typeof code !== "string" || typeof message !== "string") return badAnswer(status);
  const wait = headers.get("Retry-After") ?? "";
  return new BehestError(code, message, {
    status,
    retryAfter: /^\d+$/.test(wait) ? +wait : undefined,
    traceId: headers.get("X-Trace-Id") ?? undefined,
  });
}
