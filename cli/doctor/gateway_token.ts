/** Whether the Behest gateway takes the token. */
import type { CheckContext } from "./context.ts";
import type { AskGateway } from "./gateway.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { withOtherSignature } from "./jwt.ts";
import type { Finding } from "./supabase.ts";

/** What an answer says of the token; `undefined` where nothing. */
type Judge = (answer: Reply) => Finding | undefined;

/** What a page shows the gateway. */
interface Shown {
  readonly token: string;
  readonly sessionId: string;
}

/** A request that shows whether a token is taken, and costs nothing. */
interface Probe {
  readonly what: string;
  readonly path: string;
  readonly init: RequestInit;
  /** What a taken token is answered with. */
  readonly taken: readonly number[];
  /** Whether it may be served to everybody. */
  readonly isPublic: boolean;
}

/** The list of models; where there is none, a chat with no model and no words, which cannot run. */
const PROBES: readonly Probe[] = [
  {
    what: "GET /v1/models",
    path: "/v1/models",
    init: { method: "GET" },
    taken: [200],
    isPublic: true,
  },
  {
    what: "an empty chat, which no model sees",
    path: "/v1/chat/completions",
    init: { method: "POST", body: "{}" },
    taken: [400, 422],
    isPublic: false,
  },
];

/**
 * Each probe is made with a token first whose signature is none, and with the token itself only
 * where that one is refused: whoever takes anything shows nothing, and is shown nothing.
 *
 * @param judge what a refusal means here; where it says nothing, what it means anywhere
 */
export async function checkGatewayToken(
  { report }: CheckContext,
  ask: AskGateway,
  { token, sessionId }: Shown,
  judge: Judge = refusedMint,
): Promise<void> {
  const cross = ({ meaning, advice }: Finding) => report.cross("gateway_token", meaning, advice);
  let doubt: Finding | undefined;
  for (const { what, path, init, taken, isPublic } of PROBES) {
    const send = (token: string) =>
      ask(path, {
        ...init,
        headers: {
          "Authorization": `Bearer ${token}`,
          "Content-Type": "application/json",
          "X-Session-Id": sessionId,
        },
      });
    const broken = await send(withOtherSignature(token));
    if (isNoReply(broken) || !isRefusal(broken)) {
      const failure = failureOf(broken, judge);
      if (failure) return cross(failure);
      doubt = doubtOf(broken as Reply, isPublic) ?? doubt;
      continue;
    }
    const answer = await send(token);
    const fault = faultOf(answer, judge);
    if (fault) return cross(fault);
    if (!isNoReply(answer) && taken.includes(answer.status)) {
      return report.ok("gateway_token", `The gateway takes the token (${what}; nothing to pay).`);
    }
  }
  if (doubt) return cross(doubt);
  report.skip(
    "The gateway does not show it without a chat, which somebody would pay for.",
    "gateway_token",
  );
}

function isRefusal({ status }: Reply): boolean {
  return status === 401 || status === 403;
}

/** What is wrong with whoever does not refuse a broken token; `undefined` where that is not known. */
function doubtOf({ status }: Reply, isPublic: boolean): Finding | undefined {
  if (status >= 300 && status < 400) {
    return {
      meaning: `The gateway redirects (${status}), and no token is sent after it.`,
      advice: `Name the address itself. ${CHECK}`,
    };
  }
  if (status >= 300 || isPublic) return undefined;
  return {
    meaning:
      `A token with a broken signature is taken, too (${status}): who answers there checks ` +
      "nothing, or is not Behest's gateway.",
    advice: `Send no token there. ${CHECK}`,
  };
}

const CHECK =
  "Check BEHEST_BASE_URL (with --direct: --gateway): it is the project's URL in the Behest dashboard.";

function refusedMint(answer: Reply): Finding | undefined {
  return !isRefusal(answer) ? undefined : {
    meaning: `The gateway refuses the token (${answer.status}).`,
    advice: "Check that BEHEST_TENANT_ID, BEHEST_PROJECT_ID, BEHEST_KID and BEHEST_BASE_URL are " +
      "of one Behest project, and BEHEST_ISSUER and BEHEST_AUDIENCE what Behest asks for.",
  };
}

/** What is wrong with the answer to the token itself; `undefined` where that is no cross. */
function faultOf(answer: Reply | NoReply, judge: Judge): Finding | undefined {
  if (isNoReply(answer)) return failureOf(answer, judge);
  if (isRefusal(answer)) return judge(answer);
  if (answer.status === 402) {
    return {
      meaning: "The gateway takes the token, but the quota is used up (402).",
      advice: "Raise the quota in the Behest dashboard, or wait for the next period.",
    };
  }
  return failureOf(answer, judge);
}

/** The gateway's own, whatever token it was sent. */
function failureOf(answer: Reply | NoReply, judge: Judge): Finding | undefined {
  if (isNoReply(answer)) {
    return {
      meaning: `The gateway does not answer: ${answer.reason}.`,
      advice: "Run the doctor again, and check BEHEST_BASE_URL.",
    };
  }
  const { status } = answer;
  if (status === 429) {
    return {
      meaning: "The gateway takes no more requests for now (429).",
      advice: "Wait a minute and run the doctor again.",
    };
  }
  if (status < 500) return undefined;
  return judge(answer) ?? {
    meaning: `The gateway failed (${status}).`,
    advice: "Run the doctor again, and look at Behest's status page.",
  };
}
