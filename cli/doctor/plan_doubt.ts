/** Whether the tier that was minted is the one of the plan in the table. */
import type { CheckContext } from "./context.ts";
import { member } from "./json.ts";
import { decode } from "./jwt.ts";
import type { Session } from "./session.ts";
import type { Finding } from "./supabase.ts";
import { isPlan, tierOf } from "./tiers.ts";

/** Where the access token hook puts it. */
const HOOKED = "app_metadata.plan";

/**
 * A function with BEHEST_PLAN_CLAIM reads no table: a session without the plan is one on BEHEST_TIER,
 * whatever somebody has paid for. The function's settings cannot be seen from here, so this is never
 * more than a doubt.
 *
 * @param plan what the table has
 * @param tier what was minted
 */
export function doubtOf(
  { options, secrets }: CheckContext,
  session: Session,
  plan: unknown,
  tier: number,
): Finding | undefined {
  const { claim, tiers } = options.plan;
  if (!isPlan(plan)) return undefined;
  const due = tierOf(plan, tiers);
  const path = claim ?? HOOKED;
  const held = path.split(".").reduce<unknown>(member, decode(session.token)?.payload);
  const isOther = due !== undefined && due !== tier;
  const isUnsaid = claim !== undefined && !isPlan(held);
  if (!isOther && !isUnsaid) return undefined;
  const said = isPlan(held)
    ? `the session's ${path} is ${secrets.quote(String(held))}`
    : `the session has no ${path}`;
  const other = `the token was minted for tier ${tier}, and that plan is tier ${due}`;
  return {
    meaning: isOther ? `But ${other}; ${said}.` : `But ${said}, which BEHEST_PLAN_CLAIM names.`,
    advice: "With BEHEST_PLAN_CLAIM the session's plan counts, and not the table's: see whether " +
      (options.issuer.isThirdParty
        ? "the provider writes it into its tokens"
        : "the access token hook is on (npx behest-token init --hook; docs/hook.md)") +
      ", then sign in anew. Without it, give the doctor BEHEST_PLAN_TIERS as the function has it.",
  };
}
