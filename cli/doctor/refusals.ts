/** Whether the function says no to whom it must. */
import { adviceFor, codeOf, describe, isMinted } from "./codes.ts";
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { askKeys } from "./issuer_keys.ts";
import { forge } from "./jwt.ts";
import { callRefusalOf } from "./supabase.ts";

/** A function that gives tokens away has to stop before anything else is looked at. */
const TAKE_DOWN = "Take the function down at once (supabase functions delete), change the Behest " +
  "key, and deploy this version.";

/** Asks with a session that nobody has. */
export async function askForged(
  context: CheckContext,
  headers: Record<string, string>,
): Promise<Reply | NoReply> {
  const { options, http, now } = context;
  const jwks = await askKeys(context);
  const token = forge(options.issuer, isNoReply(jwks) ? undefined : jwks.body, now());
  return await http.ask("the function", options.functionUrl, {
    method: "POST",
    headers: { ...headers, "Authorization": `Bearer ${token}` },
  });
}

/**
 * No token at all, and a forged one.
 *
 * @param forged the answer to `askForged`
 */
export async function checkRefusals(
  { options, http, report }: CheckContext,
  headers: Record<string, string>,
  forged: Reply | NoReply,
): Promise<void> {
  const bare = await http.ask("the function", options.functionUrl, { method: "POST", headers });
  if (isMinted(bare)) {
    report.cross("no_token", "ANYBODY GETS A TOKEN, without any session.", TAKE_DOWN);
  } else if (!isNoReply(bare) && bare.status === 401 && codeOf(bare) === "missing_token") {
    report.ok("no_token", "A request without a token is refused (401 missing_token).");
  } else {
    report.cross(
      "no_token",
      `A request without a token should be 401 missing_token, but: ${describe(bare)}.`,
      adviceOn(bare, options.functionName),
    );
  }

  if (isMinted(forged)) {
    report.cross("forged", "A FORGED SESSION GETS A TOKEN: anybody can be any user.", TAKE_DOWN);
  } else if (!isNoReply(forged) && forged.status === 401 && codeOf(forged) !== undefined) {
    report.ok("forged", `A forged session is refused (${describe(forged)}).`);
  } else {
    report.cross(
      "forged",
      `A forged session should be 401 invalid_token, but: ${describe(forged)}.`,
      adviceOn(forged, options.functionName),
    );
  }
}

function adviceOn(reply: Reply | NoReply, functionName: string): string {
  if (isNoReply(reply)) return adviceFor("internal");
  const code = codeOf(reply);
  if (code !== undefined) return adviceFor(code);
  const refusal = callRefusalOf(reply, functionName);
  return refusal?.advice ?? "Look for a proxy before the function, and deploy this version.";
}
