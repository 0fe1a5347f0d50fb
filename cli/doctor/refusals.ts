/** Whether the function says no to whom it must. */
import type { Reply, Silence } from "./asker.ts";
import { adviceFor, codeOf, describe, gatewayCodeOf, isMinted, isSilent } from "./codes.ts";
import type { Visit } from "./examine.ts";
import { forge } from "./jwt.ts";

/** A function that gives tokens away has to stop before anything else is looked at. */
const TAKE_DOWN = "Take the function down at once (supabase functions delete), change the Behest " +
  "key, and deploy this version.";

/** Asks with a session that nobody has. */
export async function askForged(
  { order, ask, now }: Visit,
  headers: Record<string, string>,
): Promise<Reply | Silence> {
  const jwks = await ask.ask("Supabase", `${order.url}/auth/v1/.well-known/jwks.json`);
  const token = forge(order.url, isSilent(jwks) ? undefined : jwks.body, now());
  return await ask.ask("the function", order.functionUrl, {
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
  { order, ask, report }: Visit,
  headers: Record<string, string>,
  forged: Reply | Silence,
): Promise<void> {
  const bare = await ask.ask("the function", order.functionUrl, { method: "POST", headers });
  if (isMinted(bare)) {
    report.cross("no_token", "ANYBODY GETS A TOKEN, without any session.", TAKE_DOWN);
  } else if (!isSilent(bare) && bare.status === 401 && codeOf(bare) === "missing_token") {
    report.ok("no_token", "A request without a token is refused (401 missing_token).");
  } else {
    report.cross(
      "no_token",
      `A request without a token should be 401 missing_token, but: ${describe(bare)}.`,
      adviceOn(bare),
    );
  }

  if (isMinted(forged)) {
    report.cross("forged", "A FORGED SESSION GETS A TOKEN: anybody can be any user.", TAKE_DOWN);
  } else if (!isSilent(forged) && forged.status === 401 && codeOf(forged) !== undefined) {
    report.ok("forged", `A forged session is refused (${describe(forged)}).`);
  } else {
    report.cross(
      "forged",
      `A forged session should be 401 invalid_token, but: ${describe(forged)}.`,
      adviceOn(forged),
    );
  }
}

function adviceOn(reply: Reply | Silence): string {
  if (isSilent(reply)) return adviceFor("internal");
  const code = codeOf(reply);
  if (code !== undefined) return adviceFor(code);
  return gatewayCodeOf(reply) === undefined
    ? "Look for a proxy before the function, and deploy this version."
    : "Turn verify_jwt off for the function, and deploy it again.";
}
