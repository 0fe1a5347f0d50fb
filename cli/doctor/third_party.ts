/** The session of a project whose users sign in elsewhere: Clerk, Auth0 and their like. */
import type { CheckContext } from "./context.ts";
import { checkIssuerKeys } from "./issuer_keys.ts";
import { decode } from "./jwt.ts";
import type { Algorithm } from "./keys.ts";
import { openSession, type Session } from "./session.ts";
import { checkSessionClaims } from "./session_claims.ts";
import { checkSignature } from "./signature.ts";

/** What the function takes. */
const ALGORITHMS: Algorithm[] = ["ES256", "RS256", "EdDSA"];

/**
 * The Auth server knows none of these users, so the token is judged here before the function gets it.
 *
 * @returns the session, where it is as the function has to find it
 */
export async function openThirdPartySession(context: CheckContext): Promise<Session | undefined> {
  const { report } = context;
  const keys = await checkIssuerKeys(context, ALGORITHMS);
  const session = await openSession(context);
  const jwt = session && decode(session.token);
  if (jwt === undefined) return undefined;
  if (keys === undefined) report.skip("There is no key for it.", "session_signature");
  const isSigned = keys && await checkSignature(context, jwt, keys, ALGORITHMS);
  return checkSessionClaims(context, jwt) && isSigned ? session : undefined;
}
