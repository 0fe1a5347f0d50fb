/** The checks, from the outside in. */
import type { Asker } from "./asker.ts";
import { checkClock } from "./clock.ts";
import { checkDeployed, checkReachable, checkSettings } from "./deployment.ts";
import { checkOrigin, checkPreflight } from "./cors.ts";
import { checkGatewayOrigin, checkGatewayToken, checkJwks } from "./gateway.ts";
import { checkClaims, checkMint } from "./mint.ts";
import type { Order } from "./order.ts";
import { askForged, checkRefusals } from "./refusals.ts";
import type { Report } from "./report.ts";
import type { Secrets } from "./secrets.ts";
import { openSession } from "./session.ts";

/** What every check has at hand. */
export interface Visit {
  readonly order: Order;
  readonly ask: Asker;
  readonly report: Report;
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes every check that can be made. */
export async function examine(visit: Visit): Promise<void> {
  const { login, publishableKey } = visit.order;
  visit.secrets.add(publishableKey);
  if (login) visit.secrets.add("token" in login ? login.token : login.password);
  const iatAhead = await examineAll(visit);
  checkClock(visit, iatAhead);
}

/** @returns how far the token's `iat` was ahead of this clock, in ms, where there is a token */
async function examineAll(visit: Visit): Promise<number | undefined> {
  const { report } = visit;
  if (!await checkReachable(visit)) {
    report.skipRest("Supabase cannot be reached.");
    return undefined;
  }
  const bare = await checkDeployed(visit);
  if (!bare) {
    report.skipRest("Requests do not reach the function.");
    return undefined;
  }
  const leave = await checkPreflight(visit);
  const originAllowed = await checkOrigin(visit, leave, bare);
  // A refused origin hides everything behind it, so from here on the caller is no browser.
  const headers: Record<string, string> = originAllowed ? { "Origin": visit.order.origin } : {};
  const forged = await askForged(visit, headers);
  if (!checkSettings(visit, [bare, forged])) {
    report.skipRest("The function cannot work before its settings are complete.");
    return undefined;
  }
  await checkRefusals(visit, headers, forged);
  const session = await openSession(visit);
  if (!session) {
    report.skipRest("There is no session to mint for.");
    return undefined;
  }
  const minted = await checkMint(visit, session, headers);
  if (!minted) {
    report.skipRest("There is no Behest token to look at.");
    return undefined;
  }
  const token = checkClaims(visit, session, minted);
  await checkJwks(visit, minted, token);
  await checkGatewayOrigin(visit, minted);
  if (token?.isSound) await checkGatewayToken(visit, minted);
  else report.skip("The token is none to show to anybody.", "gateway_token");
  return token?.iat === undefined ? undefined : token.iat * 1000 + 500 - minted.at;
}
