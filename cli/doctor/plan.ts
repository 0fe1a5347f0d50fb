/** Whether the plan can be read by its user, and not written. */
import type { CheckContext } from "./context.ts";
import { isNoReply, type NoReply, type Reply } from "./http.ts";
import { member, textOf } from "./json.ts";
import type { PlanPlace } from "./options.ts";
import { doubtOf } from "./plan_doubt.ts";
import type { Session } from "./session.ts";
import { keyRefusalOf } from "./supabase.ts";
import { isPlan } from "./tiers.ts";

const MIGRATE =
  "npx behest-token init --migration, then: supabase db push. It takes the right from users, and keeps " +
  "what else they may edit.";

/**
 * Reads the user's plan as the function does, then tries to write it where no row can be met.
 *
 * @param tier what the token was minted for
 */
export async function checkPlan(
  context: CheckContext,
  session: Session,
  tier: number,
): Promise<void> {
  const { options, report } = context;
  const { plan: place } = options;
  if (session.sub === undefined) {
    return report.skip("The session names no user.", "plan_column", "plan_rights");
  }
  const row = `${place.userColumn}=eq.${encodeURIComponent(session.sub)}`;
  const read = await ask(context, session, `select=${place.column}&${row}`);
  const rows = !isNoReply(read) && read.status === 200 && Array.isArray(read.body)
    ? read.body
    : undefined;
  if (rows === undefined) {
    unread(context, read);
    return report.skip("The plan's column was not found to be there.", "plan_rights");
  }
  const plan = member(rows[0], place.column);
  const words = wordsOf(context, rows.length, plan);
  const doubt = doubtOf(context, session, plan, tier);
  if (doubt) report.warn("plan_column", `${words} ${doubt.meaning}`, doubt.advice);
  else report.ok("plan_column", words);

  // No row is this user's and nobody's at once. And if one were: it would get the plan that it has.
  const none = `${row}&${place.userColumn}=is.null`;
  const write = await ask(context, session, none, { [place.column]: plan ?? null });
  const name = nameOf(place);
  if (isNoReply(write) || write.status >= 300 && codeOf(write) !== "42501") {
    report.skip(`Whether users may write ${name} is not known: ${told(write)}.`, "plan_rights");
  } else if (write.status >= 300) {
    report.ok("plan_rights", `A user's update of ${name} is refused (${told(write)}).`);
  } else {
    report.cross(
      "plan_rights",
      `Users have the right to update ${name}: an update that meets no row was let through. ` +
        "Whether one of their own row would be is left to policies and triggers, which cannot be " +
        "seen from here.",
      place.isDefault
        ? MIGRATE
        : `Take the right from users: revoke insert, update on ${place.table} from public, anon, ` +
          "authenticated; then grant both for the columns that they may edit.",
    );
  }
}

function ask(
  { options, http }: CheckContext,
  session: Session,
  query: string,
  body?: unknown,
): Promise<Reply | NoReply> {
  const key = options.publishableKey;
  return http.ask("Supabase", `${options.url}/rest/v1/${options.plan.table}?${query}`, {
    method: body === undefined ? "GET" : "PATCH",
    headers: {
      "Authorization": `Bearer ${session.token}`,
      ...(key === undefined ? {} : { "apikey": key }),
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/json", "Prefer": "return=minimal" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function wordsOf({ options, secrets }: CheckContext, rows: number, plan: unknown): string {
  const name = nameOf(options.plan);
  if (rows === 0) {
    return `${name} is there; no row of this user can be read, so BEHEST_TIER counts.`;
  }
  if (plan === null) return `${name} is there, and null for this user, so BEHEST_TIER counts.`;
  if (!isPlan(plan) && plan !== "") {
    return `${name} is of a type that no plan has, so BEHEST_TIER counts.`;
  }
  return `${name} is ${secrets.quote(String(plan))}.`;
}

/** Projects without plans are well, too, unless somebody has said where theirs are. */
function unread({ options, report }: CheckContext, read: Reply | NoReply): void {
  const { plan: place } = options;
  const name = nameOf(place);
  const code = isNoReply(read) ? undefined : codeOf(read);
  if (code === "42501") {
    return report.cross(
      "plan_column",
      `Users may not read ${name} (${told(read)}), so everybody is on BEHEST_TIER.`,
      `grant select (${place.userColumn}, ${place.column}) on ${place.table} to authenticated`,
    );
  }
  const isMissing = code !== undefined && ["PGRST205", "42P01", "42703"].includes(code);
  if (!isMissing) {
    const refusal = isNoReply(read) ? undefined : keyRefusalOf(read);
    const why = refusal === undefined ? told(read) : `${refusal.meaning}. ${refusal.advice}`;
    return report.skip(`Whether ${name} can be read is not known: ${why}`, "plan_column");
  }
  if (place.isDefault) {
    return report.skip(
      `There is no ${name} (${
        told(read)
      }): without BEHEST_PLAN_CLAIM everybody is on BEHEST_TIER. ` +
        `For plans: ${MIGRATE}`,
      "plan_column",
    );
  }
  report.cross(
    "plan_column",
    `There is no ${name} with ${place.userColumn} (${told(read)}).`,
    "Compare BEHEST_PLAN_TABLE, BEHEST_PLAN_COLUMN and BEHEST_PLAN_USER_COLUMN with the table.",
  );
}

function nameOf({ table, column }: PlanPlace): string {
  return `${table}.${column}`;
}

/** PostgREST's own code; nobody else's answer says anything of the table. */
function codeOf({ body }: Reply): string | undefined {
  return /^[A-Z0-9]{5,8}$/.exec(textOf(body, "code") ?? "")?.[0];
}

function told(reply: Reply | NoReply): string {
  if (isNoReply(reply)) return reply.reason;
  return [reply.status, codeOf(reply)].filter((part) => part !== undefined).join(" ");
}
