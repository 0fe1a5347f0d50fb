/** Whether the session says what whoever takes it reads. */
import type { CheckContext } from "./context.ts";
import { member, textOf } from "./json.ts";
import type { Jwt } from "./jwt.ts";
import type { Finding } from "./supabase.ts";
import { isPlan, tierOf, TIERS } from "./tiers.ts";

/** Ids that Behest keeps for itself. */
const RESERVED = ["admin", "system", "dashboard-service"];

/** What each claim has to be, each with its own words. */
export function checkSessionClaims(context: CheckContext, { payload }: Jwt): boolean {
  const { report, now } = context;
  const faults = [
    issuerFault(context, textOf(payload, "iss")),
    audienceFault(context, member(payload, "aud")),
    roleFault(context, member(payload, "role")),
    subjectFault(textOf(payload, "sub")),
    expiryFault(member(payload, "exp"), now()),
  ].filter((fault) => fault !== undefined);
  if (faults.length === 0) {
    report.ok("session_claims", "iss, aud, role, sub and exp are as they should be.");
    return true;
  }
  report.cross(
    "session_claims",
    `${faults.map(({ meaning }) => meaning).join("; ")}.`,
    [...new Set(faults.map(({ advice }) => advice))].join(" "),
  );
  return false;
}

/** It is compared to the letter, by the function and by Behest. */
function issuerFault(
  { options, secrets }: CheckContext,
  iss: string | undefined,
): Finding | undefined {
  const { issuer } = options.issuer;
  if (iss === issuer) return undefined;
  if (iss === undefined) {
    return {
      meaning: "iss is missing",
      advice: "Nobody can tell whose token this is: bring the Auth server up to date.",
    };
  }
  return {
    meaning: `iss is ${secrets.quote(iss)}, and not ${issuer}`,
    advice: "Give --url as the token's iss has it, without /auth/v1.",
  };
}

function audienceFault({ options, secrets }: CheckContext, aud: unknown): Finding | undefined {
  const { audience, isThirdParty } = options.issuer;
  const held = Array.isArray(aud) ? aud : [aud];
  if (audience === undefined || held.includes(audience)) return undefined;
  if (!isThirdParty) return { meaning: `aud is not ${audience}`, advice: NO_USER };
  if (aud === undefined) {
    return {
      meaning: "aud is missing, as it is in Clerk's tokens",
      advice: "For a provider that sets none: JWT_AUDIENCE=*, for the function, too.",
    };
  }
  const shown = held.filter((each) => typeof each === "string").join(", ");
  return {
    meaning: `aud is ${secrets.quote(shown)}, and JWT_AUDIENCE another one`,
    advice:
      "Set JWT_AUDIENCE to what your own app's tokens have (Firebase: the project's id), for " +
      "the function, too. If it is that, the token is another app's.",
  };
}

const NO_USER = "Give session.access_token of a signed-in user, and no API key.";

function roleFault({ options, secrets }: CheckContext, role: unknown): Finding | undefined {
  if (role === "authenticated") return undefined;
  const meaning = typeof role === "string"
    ? `role is ${secrets.quote(role)}, and not authenticated`
    : "role is missing, and should be authenticated";
  if (!options.issuer.isThirdParty) return { meaning, advice: NO_USER };
  return {
    meaning,
    advice: "Supabase wants role: authenticated in the provider's token. Clerk: the Supabase " +
      "integration sets it; WorkOS has a role of its own there: overrule it in the JWT template; " +
      "Auth0: an Action; Firebase: a custom claim; Cognito: a trigger before token generation.",
  };
}

function subjectFault(sub: string | undefined): Finding | undefined {
  if (sub !== undefined && sub !== "" && sub.length <= 255 && !RESERVED.includes(sub)) {
    return undefined;
  }
  return { meaning: "sub is missing, or no id that a user may have", advice: NO_USER };
}

function expiryFault(exp: unknown, now: number): Finding | undefined {
  if (typeof exp === "number" && exp * 1000 > now) return undefined;
  return {
    meaning: exp === undefined ? "exp is missing" : "exp has passed",
    advice: "Sign in again and give the new session's access token.",
  };
}

/** The claim that becomes the tier. Without it all is well, and everybody on the lowest one. */
export function checkSessionPlan(
  { options, report, secrets }: CheckContext,
  { payload }: Jwt,
): void {
  const plan = member(member(payload, "app_metadata"), "plan");
  if (!isPlan(plan)) {
    const isMissing = plan === undefined || plan === null || plan === "";
    const meaning = isMissing
      ? "The session has no app_metadata.plan"
      : `The session's app_metadata.plan is ${typeOf(plan)}, which is no plan`;
    const source = options.issuer.isThirdParty
      ? "let the provider write app_metadata.plan into its tokens"
      : "switch the access token hook on (npx behest-token init --hook), and sign in again";
    report.warn(
      "session_plan",
      `${meaning}: Behest's default tier counts for this user.`,
      isMissing
        ? `For plans in sessions, ${source}. Without plans, leave it.`
        : "Write it as a text, such as pro, where the user's app_metadata is kept.",
    );
    return;
  }
  const shown = secrets.quote(String(plan));
  if (tierOf(plan, TIERS) !== undefined) {
    report.ok("session_plan", `app_metadata.plan is ${shown}, which Behest maps to a tier.`);
    return;
  }
  report.warn(
    "session_plan",
    `app_metadata.plan is ${shown}, none of ${
      Object.keys(TIERS).join(", ")
    }: Behest's default tier ` +
      "counts for this user, unless Behest was told of more plans.",
    "Compare the plan's name with the plans that Behest was told of.",
  );
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : "an object";
}
