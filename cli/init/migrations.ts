/** What is added to the project's migrations: whatever is there already, it is made for that; and once. */
import { readFile } from "node:fs/promises";
import type { InitOptions } from "./options.ts";
import type { Change, Project } from "./project.ts";

const MIGRATIONS = "supabase/migrations";

/** By its text, since somebody may have given it another name; what it makes is told by that, too. */
const HAS_PLANS = /create or replace function public\.set_plan\(user_id uuid, plan text\)/;
const HAS_HOOK = /create or replace function public\.behest_access_token_hook\(event jsonb\)/;

/** A migration that is there. */
interface Migration {
  readonly name: string;
  readonly text: string;
}

export async function migrationsIn(project: Project): Promise<Migration[]> {
  const names = await project.list(MIGRATIONS);
  const read = async (name: string) => ({
    name,
    text: await project.read(`${MIGRATIONS}/${name}`) ?? "",
  });
  return await Promise.all(names.filter((name) => name.endsWith(".sql")).map(read));
}

/** The migrations to add to those that are there, in their order. */
export async function migrationsToAdd(
  there: readonly Migration[],
  wanted: Pick<InitOptions, "migration" | "hook">,
  assets: URL,
): Promise<Change[]> {
  const has = (what: RegExp) => there.some(({ text }) => what.test(text));
  const changes: Change[] = [];
  const add = async (asset: string, what: string) => {
    const after = await readFile(new URL(asset, assets), "utf8");
    changes.push({ path: `${MIGRATIONS}/${timestamp(changes.length)}_behest_${what}.sql`, after });
  };
  if (wanted.migration && !has(HAS_PLANS)) {
    // An older version's made the table alone, and may be applied: it stays, and this one comes after.
    const isOlder = there.some(({ name }) => name.endsWith("_behest_profiles.sql"));
    await add("profiles.sql", isOlder ? "tier_sync" : "profiles");
  }
  if (wanted.hook && !has(HAS_HOOK)) await add("access_token_hook.sql", "access_token_hook");
  return changes;
}

/** Whether a function calls the hook, as far as the migrations tell. */
export function callsHook(there: readonly Migration[], name: string): boolean {
  const isNamed = new RegExp(String.raw`\bfunction\s+${name.replace(".", "\\.")}\s*\(`, "i");
  return there.some(({ text }) =>
    isNamed.test(text) && /\bbehest_access_token_hook\((?!jsonb\))\w+\)/.test(text)
  );
}

/**
 * As the Supabase CLI names migrations, so that this one runs after those that are there.
 *
 * @param later in seconds: two of one name would be one migration
 */
function timestamp(later: number): string {
  return new Date(Date.now() + later * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
}
