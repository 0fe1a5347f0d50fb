/** Whether the Behest gateway takes the token, from the page. */
import type { BehestToken } from "./claims.ts";
import type { CheckContext } from "./context.ts";
import { isPassing, preflightOf, refusedHeaders } from "./cors.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { textOf } from "./json.ts";
import { JudgedOrigin } from "./judged_origin.ts";
import { keysOf } from "./jwt.ts";
import { keyOf, verifies } from "./keys.ts";
import type { Minted } from "./mint.ts";
import type { Finding } from "./supabase.ts";
import { isLoopback } from "./url.ts";

/** What a chat of a page sends. */
const CHAT_HEADERS = ["authorization", "content-type", "x-session-id"];

/** Asks the gateway, wherever it may be asked. */
export type AskGateway = (path: string, init?: RequestInit) => Promise<Reply | NoReply>;

/** What an answer says of the token; `undefined` where nothing. */
type Judge = (answer: Reply) => Finding | undefined;

/** What a page shows the gateway. */
interface Shown {
  readonly token: string;
  readonly sessionId: string;
}

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
    const why = isNoReply(answer) ? answer.reason : `no keys, status ${answer.status}`;
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

/** A request that shows whether a token is taken, and costs nothing. */
interface Probe {
  readonly what: string;
  readonly path: string;
  readonly init: RequestInit;
  /** What a taken token is answered with. */
  readonly taken: readonly number[];
}

/** The list of models; where there is none, a chat with no model and no words, which cannot run. */
const PROBES: readonly Probe[] = [
  { what: "GET /v1/models", path: "/v1/models", init: { method: "GET" }, taken: [200] },
  {
    what: "an empty chat, which no model sees",
    path: "/v1/chat/completions",
    init: { method: "POST", body: "{}" },
    taken: [400, 422],
  },
];

/**
 * The gateway takes the token. Each probe is made once more with a token that is broken: one that
 * is answered alike shows nothing.
 *
 * @param judge what a refusal means here; where it says nothing, what it means anywhere
 */
export async function checkGatewayToken(
  { report }: CheckContext,
  ask: AskGateway,
  { token, sessionId }: Shown,
  judge: Judge = refusedMint,
): Promise<void> {
  for (const { what, path, init, taken } of PROBES) {
    const send = (token: string) =>
      ask(path, {
        ...init,
        headers: {
          "Authorization": `Bearer ${token}`,
          "Content-Type": "application/json",
          "X-Session-Id": sessionId,
        },
      });
    const answer = await send(token);
    const fault = faultOf(answer, judge);
    if (fault) {
      report.cross("gateway_token", fault.meaning, fault.advice);
      return;
    }
    if (isNoReply(answer) || !taken.includes(answer.status)) continue;
    const broken = await send(breakSignature(token));
    if (!isNoReply(broken) && (broken.status === 401 || broken.status === 403)) {
      report.ok("gateway_token", `The gateway takes the token (${what}; nothing to pay).`);
      return;
    }
  }
  report.skip(
    "The gateway does not show it without a chat, which somebody would pay for.",
    "gateway_token",
  );
}

function refusedMint({ status }: Reply): Finding | undefined {
  return status !== 401 && status !== 403 ? undefined : {
    meaning: `The gateway refuses the token (${status}).`,
    advice: "Check that BEHEST_TENANT_ID, BEHEST_PROJECT_ID, BEHEST_KID and BEHEST_BASE_URL are " +
      "of one Behest project, and BEHEST_ISSUER and BEHEST_AUDIENCE what Behest asks for.",
  };
}

/** `undefined` where the answer is no cross. */
function faultOf(answer: Reply | NoReply, judge: Judge): Finding | undefined {
  if (isNoReply(answer)) {
    return {
      meaning: `The gateway does not answer: ${answer.reason}.`,
      advice: "Run the doctor again, and check BEHEST_BASE_URL.",
    };
  }
  const found = judge(answer);
  if (found) return found;
  const { status } = answer;
  if (status === 402) {
    return {
      meaning: "The gateway takes the token, but the quota is used up (402).",
      advice: "Raise the quota in the Behest dashboard, or wait for the next period.",
    };
  }
  if (status === 429) {
    return {
      meaning: "The gateway takes no more requests for now (429).",
      advice: "Wait a minute and run the doctor again.",
    };
  }
  if (status >= 500) {
    return {
      meaning: `The gateway failed (${status}).`,
      advice: "Run the doctor again, and look at Behest's status page.",
    };
  }
  return undefined;
}

/** Another letter in the middle of the signature: at its end a few bits do not count. */
function breakSignature(token: string): string {
  const middle = token.length - 20;
  const letter = token[middle] === "A" ? "B" : "A";
  return token.slice(0, middle) + letter + token.slice(middle + 1);
}
