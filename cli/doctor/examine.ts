/** The checks, from the outside in. */
import { checkClock } from "./clock.ts";
import type { CheckContext } from "./context.ts";
import { checkDeployed, checkReachable } from "./deployment.ts";
import { checkOrigin, checkPreflight } from "./cors.ts";
import { type AskGateway, checkGatewayAddress, checkGatewayOrigin, checkJwks } from "./gateway.ts";
import { checkClaims } from "./claims.ts";
import { examineDirect } from "./direct.ts";
import { checkGatewayToken } from "./gateway_token.ts";
import { checkMint } from "./mint.ts";
import { checkPlan } from "./plan.ts";
import { askForged, checkRefusals } from "./refusals.ts";
import { openSession } from "./session.ts";
import { checkSettings } from "./settings.ts";
import { openThirdPartySession } from "./third_party.ts";

/** Makes every check that can be made. */
export async function examine(context: CheckContext): Promise<void> {
  const { login, publishableKey, direct } = context.options;
  context.secrets.add(publishableKey);
  if (login && "token" in login) context.secrets.addSession(login.token);
  else if (login) {
    context.secrets.add(login.password);
    context.secrets.addEmail(login.email);
  }
  let iatAhead: number | undefined;
  if (direct) await examineDirect(context);
  else iatAhead = await examineDeployed(context);
  checkClock(context, iatAhead);
}

/** @returns how far the token's `iat` was ahead of this clock, in ms, where there is a token */
async function examineDeployed(context: CheckContext): Promise<number | undefined> {
  const { report } = context;
  if (!await checkReachable(context)) {
    report.skipRest("Supabase cannot be reached.");
    return undefined;
  }
  const bare = await checkDeployed(context);
  if (!bare) {
    report.skipRest("Requests do not reach the function.");
    return undefined;
  }
  const leave = await checkPreflight(context);
  const originAllowed = await checkOrigin(context, leave, bare);
  // A refused origin hides everything behind it, so from here on the caller is no browser.
  const headers: Record<string, string> = originAllowed ? { "Origin": context.options.origin } : {};
  const forged = await askForged(context, headers);
  if (!checkSettings(context, [bare, forged])) {
    report.skipRest("The function cannot work before its settings are complete.");
    return undefined;
  }
  await checkRefusals(context, headers, forged);
  const session = context.options.issuer.isThirdParty
    ? await openThirdPartySession(context)
    : await openSession(context);
  if (!session) {
    report.skipRest("There is no session to mint for.");
    return undefined;
  }
  const minted = await checkMint(context, session, headers);
  if (!minted) {
    report.skipRest("There is no Behest token to look at.");
    return undefined;
  }
  const token = checkClaims(context, session, minted);
  await checkPlan(context, session, minted.tier);
  const iatAhead = token?.iat === undefined ? undefined : token.iat * 1000 + 500 - minted.at;
  const gateway = await checkGatewayAddress(context, minted);
  if (!gateway) {
    report.skipRest("Nothing is sent to the gateway's address.");
    return iatAhead;
  }
  const ask: AskGateway = (path, init) => context.http.askGateway(gateway, path, init);
  await checkJwks(context, ask, token);
  await checkGatewayOrigin(context, ask);
  if (token?.isSound) await checkGatewayToken(context, ask, minted);
  else report.skip("The token is none to show to anybody.", "gateway_token");
  return iatAhead;
}
