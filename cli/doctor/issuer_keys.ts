/** Whether whoever is to verify sessions finds the keys for it. */
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import type { Issuer } from "./issuer.ts";
import { member } from "./json.ts";
import { keysOf } from "./jwt.ts";
import { type Algorithm, isSecret, type PublicKey, usableKeys } from "./keys.ts";
import type { Finding } from "./supabase.ts";

/** The steps that a project lacks whose sessions its secret signs, and that has no key yet. */
const MIGRATE =
  "Supabase dashboard > Settings > JWT keys: migrate the JWT secret, then rotate keys, so " +
  "that a key signs and no longer the secret. Then sign in again.";

/** Asks as a stranger does, with no API key. */
export async function askKeys({ options, http }: CheckContext): Promise<Reply | NoReply> {
  const { jwksUrl, isThirdParty } = options.issuer;
  return await http.ask(isThirdParty ? "the issuer" : "Supabase", jwksUrl);
}

/**
 * @param algorithms those that the verifier takes
 * @returns the keys that it can use, where all is well with them
 */
export async function checkIssuerKeys(
  context: CheckContext,
  algorithms: readonly Algorithm[],
): Promise<PublicKey[] | undefined> {
  const { options, report } = context;
  const answer = await askKeys(context);
  const refusal = refusalOf(answer, options.issuer);
  if (refusal || isNoReply(answer)) {
    report.cross("issuer_keys", refusal?.meaning ?? "", refusal?.advice ?? "");
    return undefined;
  }
  const keys = keysOf(answer.body);
  const usable = await usableKeys(keys, algorithms);
  if (usable.length === 0) {
    report.cross(
      "issuer_keys",
      `Of the ${keys.length} keys that are shown none has a kid and is good for ` +
        `${algorithms.join(" or ")}.`,
      options.issuer.isThirdParty ? "Check JWT_JWKS_URL." : MIGRATE,
    );
    return undefined;
  }
  const names = [...new Set(usable.map(({ alg }) => alg))].join(", ");
  report.ok("issuer_keys", `The key set shows ${usable.length} that can be used (${names}).`);
  return usable;
}

/** `undefined` for a set with keys in it, and nothing but public ones. */
function refusalOf(
  answer: Reply | NoReply,
  { jwksUrl, isThirdParty }: Issuer,
): Finding | undefined {
  const check = isThirdParty
    ? "Check JWT_JWKS_URL against the provider's own page."
    : "Check --url, and look for a proxy or firewall before it.";
  if (isNoReply(answer)) {
    return { meaning: `${jwksUrl} does not answer: ${answer.reason}.`, advice: check };
  }
  const { status, body, isTooLong } = answer;
  if (status === 401 || status === 403) {
    return {
      meaning: `The key set is not open to everybody (${status}): it is fetched with no key.`,
      advice: `The set's path must need no API key. ${check}`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      meaning: `The key set is elsewhere (redirect, ${status}), and nobody follows there.`,
      advice: `Name the address itself. ${check}`,
    };
  }
  if (status === 200 && isTooLong) {
    return {
      meaning: `${jwksUrl} shows more than 64 KiB, which is too large to be read as a key set.`,
      advice: `Take the keys out that sign no more. ${check}`,
    };
  }
  if (status !== 200 || !Array.isArray(member(body, "keys"))) {
    return { meaning: `${jwksUrl} shows no key set (status ${status}).`, advice: check };
  }
  const keys = keysOf(body);
  if (keys.some(isSecret)) {
    return {
      meaning: "A SECRET KEY IS SHOWN TO EVERYBODY: with it anybody signs in as anybody.",
      advice: "Take that key back at once, and make another one.",
    };
  }
  if (keys.length > 0) return undefined;
  return isThirdParty ? { meaning: "The key set is empty.", advice: check } : {
    meaning: 'The project shows no key ({"keys":[]}): its secret signs the sessions (HS256), and ' +
      "nobody else can verify them.",
    advice: MIGRATE,
  };
}
