/** Whether the session is signed with a key that its issuer shows. */
import type { CheckContext } from "./context.ts";
import { textOf } from "./json.ts";
import type { Jwt } from "./jwt.ts";
import { type Algorithm, type PublicKey, verifies } from "./keys.ts";
import type { Finding } from "./supabase.ts";

/** @param keys those that the issuer shows, of these algorithms */
export async function checkSignature(
  context: CheckContext,
  jwt: Jwt,
  keys: readonly PublicKey[],
  algorithms: readonly Algorithm[],
): Promise<boolean> {
  const { report } = context;
  const fault = await faultOf(context, jwt, keys, algorithms);
  if (fault) report.cross("session_signature", fault.meaning, fault.advice);
  else {
    const alg = textOf(jwt.header, "alg");
    report.ok("session_signature", `A key of the set has signed the session (${alg}).`);
  }
  return fault === undefined;
}

async function faultOf(
  { options, secrets }: CheckContext,
  jwt: Jwt,
  keys: readonly PublicKey[],
  algorithms: readonly Algorithm[],
): Promise<Finding | undefined> {
  const { isThirdParty } = options.issuer;
  const [alg = "", kid] = [textOf(jwt.header, "alg"), textOf(jwt.header, "kid")];
  if (alg === "HS256") {
    return {
      meaning: "A secret has signed the session (HS256), so nobody else can verify it.",
      advice: isThirdParty
        ? "Let the provider sign with a key pair (RS256 or ES256), and sign in again."
        : "A key is there, but does not sign yet: rotate keys (Supabase dashboard > Settings > JWT " +
          "keys). If it does, this session is from before. Then sign in again.",
    };
  }
  if (!algorithms.some((known) => known === alg)) {
    return {
      meaning: `The session is signed with ${secrets.quote(alg)}, and that is not taken.`,
      advice: `Let a key of ${algorithms.join(" or ")} sign, and sign in again.`,
    };
  }
  const fitting = keys.filter((key) => key.kid === kid && key.alg === alg);
  if (fitting.length === 0) {
    return {
      meaning: kid === undefined
        ? "The session names no key (kid)."
        : "The session's key is not in the set: it has rotated away, or is another project's.",
      advice: isThirdParty
        ? "Sign in again. If that does not help, JWT_JWKS_URL is another issuer's."
        : "Sign in again, at this very project.",
    };
  }
  const fits = await Promise.all(fitting.map((each) => verifies(jwt, each.alg, each.key)));
  return fits.includes(true) ? undefined : {
    meaning: "The session's signature does not fit the key that it names.",
    advice: "Give the token as supabase-js has it, every letter of it.",
  };
}
