/** Whether the Behest gateway can be asked, knows the key, and lets the page chat. */
import type { BehestToken } from "./claims.ts";
import type { CheckContext } from "./context.ts";
import { isPassing, preflightOf, refusedHeaders } from "./cors.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { textOf } from "./json.ts";
import { JudgedOrigin } from "./judged_origin.ts";
import { keysOf } from "./jwt.ts";
import { keyOf, verifies } from "./keys.ts";
import type { Minted } from "./mint.ts";
import { isLoopback } from "./url.ts";

/** What a chat of a page sends. */
const CHAT_HEADERS = ["authorization", "content-type", "x-session-id"];

/** Asks the gateway, wherever it may be asked. */
export type AskGateway = (path: string, init?: RequestInit) => Promise<Reply | NoReply>;

/**
 * The function names the gateway, and the token goes there. So it is judged where that name leads,
 * not how it is spelled; from here on it is asked at the addresses that were judged, and at no other.
 *
 * @returns the gateway, where it may be asked
 */
export async function checkGatewayAddress(
  { options, http, report }: CheckContext,
  { baseUrl }: Minted,
): Promise<JudgedOrigin | undefined> {
  const addresses = await http.addressesOf(baseUrl);
  if (isNoReply(addresses)) {
    report.cross(
      "gateway_address",
      `Where ${baseUrl} leads cannot be found out: ${addresses.reason}.`,
      "Check BEHEST_BASE_URL: it is the project's URL in the Behest dashboard.",
    );
    return undefined;
  }
  const gateway = JudgedOrigin.judge(baseUrl, addresses, isLoopback(new URL(options.url)));
  if (gateway instanceof JudgedOrigin) {
    report.ok("gateway_address", `${baseUrl} leads where a token may be sent.`);
    return gateway;
  }
  report.cross(
    "gateway_address",
    `${baseUrl} ${gateway.refused}, so the token is not sent there.`,
    "Set BEHEST_BASE_URL to the project's URL in the Behest dashboard. If it is that, look whether " +
      "this network answers for names itself (VPN, hosts file, filter). An address on this machine " +
      "is asked only where --url is one, too.",
  );
  return undefined;
}

/** The gateway's key set knows the key, and the signature fits it. */
export async function checkJwks(
  { report }: CheckContext,
  ask: AskGateway,
  token: BehestToken | undefined,
): Promise<void> {
  if (token?.kid === undefined) {
    report.skip("The token names no key.", "jwks");
    return;
  }
  const answer = await ask("/.well-known/jwks.json");
  if (isNoReply(answer) || answer.status !== 200 || keysOf(answer.body).length === 0) {
    const why = isNoReply(answer)
      ? answer.reason
      : answer.isTooLong
      ? "more than 64 KiB are too large to be read"
      : `no keys, status ${answer.status}`;
    report.cross(
      "jwks",
      `The gateway does not show its keys: ${why}.`,
      "Check BEHEST_BASE_URL: it is the project's URL in the Behest dashboard.",
    );
    return;
  }
  const keys = keysOf(answer.body).filter((key) => textOf(key, "kid") === token.kid);
  if (keys.length === 0) {
    report.cross(
      "jwks",
      "The gateway does not know the key that the token is signed with.",
      "Check that BEHEST_KID names a key in the Behest dashboard that is not revoked, and that " +
        "BEHEST_BASE_URL is of the same project. A new key may take some minutes.",
    );
    return;
  }
  const fits = await Promise.all(keys.map((key) => isSignedBy(token, key)));
  if (fits.includes(true)) {
    report.ok("jwks", "The gateway knows the token's key, and the signature fits it.");
  } else {
    report.cross(
      "jwks",
      "The signature does not fit the key that the gateway has under the token's kid.",
      "Check that BEHEST_KEY is the private key of BEHEST_KID.",
    );
  }
}

async function isSignedBy({ jwt }: BehestToken, jwk: unknown): Promise<boolean> {
  const key = await keyOf(jwk, "RS256");
  return key !== undefined && await verifies(jwt, "RS256", key);
}

/** The page may talk to the gateway. */
export async function checkGatewayOrigin(
  { options, report }: CheckContext,
  ask: AskGateway,
): Promise<void> {
  const wish = preflightOf(options.origin, CHAT_HEADERS);
  const answer = await ask("/v1/chat/completions", wish);
  if (isNoReply(answer)) {
    report.cross(
      "gateway_origin",
      `The gateway does not answer: ${answer.reason}.`,
      "Check BEHEST_BASE_URL: it is the project's URL in the Behest dashboard.",
    );
    return;
  }
  const allowed = answer.headers.get("Access-Control-Allow-Origin");
  const refused = refusedHeaders(answer, CHAT_HEADERS);
  if (!isPassing(answer) || (allowed !== options.origin && allowed !== "*")) {
    report.cross(
      "gateway_origin",
      `The gateway does not let a page of ${options.origin} chat (status ${answer.status}).`,
      `Add ${options.origin} to the project's allowed origins in the Behest dashboard.`,
    );
  } else if (refused.length > 0) {
    report.cross(
      "gateway_origin",
      `The gateway's preflight does not allow ${refused.join(", ")}.`,
      "Ask Behest's support, and look for a proxy before the gateway.",
    );
  } else {
    report.ok("gateway_origin", `A page of ${options.origin} may chat.`);
  }
}
