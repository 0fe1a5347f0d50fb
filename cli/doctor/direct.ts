/** The checks where Behest trusts the project's own sessions, and no function is asked. */
import type { CheckContext } from "./context.ts";
import { checkReachable } from "./deployment.ts";
import { type AskGateway, checkGatewayOrigin } from "./gateway.ts";
import { checkGatewayToken } from "./gateway_token.ts";
import type { Reply } from "./http.ts";
import { checkIssuerKeys } from "./issuer_keys.ts";
import { member, textOf } from "./json.ts";
import { decode, type Jwt } from "./jwt.ts";
import type { Algorithm } from "./keys.ts";
import { openSession, type Session } from "./session.ts";
import { checkSessionClaims, checkSessionPlan } from "./session_claims.ts";
import { checkSignature } from "./signature.ts";
import type { Finding } from "./supabase.ts";

/** What Behest takes. */
const ALGORITHMS: Algorithm[] = ["ES256", "RS256"];

/** Makes every check that can be made. */
export async function examineDirect(context: CheckContext): Promise<void> {
  const { options, http, report } = context;
  if (!await checkReachable(context)) return report.skipRest("Supabase cannot be reached.");
  const session = await checkSession(context);
  const { gateway } = options;
  if (gateway === undefined) {
    return report.skipRest("Give --gateway, or BEHEST_BASE_URL, to go on from here.");
  }
  const ask: AskGateway = (path, init) => http.ask("the gateway", gateway + path, init);
  await checkGatewayOrigin(context, ask);
  if (!session) return report.skipRest("There is no session that is good to be shown.");
  const shown = { token: session.token, sessionId: crypto.randomUUID() };
  await checkGatewayToken(context, ask, shown, (reply) => refusalOf(context, reply));
}

/** @returns the session, where it is as it has to be */
async function checkSession(context: CheckContext): Promise<Session | undefined> {
  const { report } = context;
  const keys = await checkIssuerKeys(context, ALGORITHMS);
  const session = await openSession(context);
  if (!session) {
    report.skip("There is no session.", "session_signature", "session_claims", "session_plan");
    return undefined;
  }
  const jwt = decode(session.token) ?? NO_TOKEN;
  if (keys === undefined) report.skip("There is no key for it.", "session_signature");
  const isSigned = keys && await checkSignature(context, jwt, keys, ALGORITHMS);
  const isSound = checkSessionClaims(context, jwt);
  checkSessionPlan(context, jwt);
  return isSigned && isSound ? session : undefined;
}

/** What signing in gave, where that is no token. */
const NO_TOKEN: Jwt = {
  header: undefined,
  payload: undefined,
  signed: new Uint8Array(),
  signature: new Uint8Array(),
};

/** In the gateway's own words: it alone knows what it was told of the issuer. */
function refusalOf({ secrets }: CheckContext, { status, body }: Reply): Finding | undefined {
  if (status !== 401 && status !== 403 && status < 500) return undefined;
  const said = textOf(member(body, "error"), "message");
  const words = said === undefined ? "." : `, and says: ${secrets.quote(said)}`;
  if (status >= 500) {
    return {
      meaning: `The gateway fails (${status})${words}`,
      advice:
        "Run the doctor again. Where it is the key set that Behest cannot fetch, compare the " +
        "JWKS URL there with the one below; else look at Behest's status page.",
    };
  }
  return {
    meaning: `The gateway refuses the session (${status})${words}`,
    advice:
      "Compare the trusted issuer in Behest, letter by letter, with what is printed below. After " +
      "a rotation it may be some minutes before the gateway knows the new key.",
  };
}
