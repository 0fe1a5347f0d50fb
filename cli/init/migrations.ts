/** What is added to the project's migrations: whatever is there already, it is made for that; and once. */
import { readFile } from "node:fs/promises";
import type { InitOptions } from "./options.ts";
import { type Change, type Project, UnreadText } from "./project.ts";

const MIGRATIONS = "supabase/migrations";

/** By its text, since somebody may have given it another name; what it makes is told by that, too. */
const MAKES_PLANS = /create or replace function public\.set_plan\(user_id uuid, plan text\)/g;
const MAKES_HOOK = /create or replace function public\.behest_access_token_hook\(event jsonb\)/g;
const DROPS_HOOK = /\bdrop\s+(?:function|routine)\b[^;]{0,200}\bbehest_access_token_hook\b/gi;
/** The types that the function is named with are no call. */
const CALLS_HOOK = /\bbehest_access_token_hook\s*\((?!\s*(?:event\s+)?jsonb\b)/;

/** What is no statement: a comment; or else a text, which may look as if one began in it. */
const COMMENT_OR_TEXT = /--.*|\/\*[\s\S]*?(?:\*\/|$)|'[^']*(?:'|$)/g;

/** A migration that is there. */
interface Migration {
  readonly name: string;
  /** Without comments. */
  readonly text: string;
}

/** The migrations in the order in which they are applied, but for what cannot be one of ours. */
export async function migrationsIn(project: Project): Promise<Migration[]> {
  const found: Migration[] = [];
  for (const name of (await project.list(MIGRATIONS)).sort()) {
    if (!name.endsWith(".sql")) continue;
    try {
      const text = await project.read(`${MIGRATIONS}/${name}`) ?? "";
      found.push({ name, text: text.replace(COMMENT_OR_TEXT, withoutComment) });
    } catch (error) {
      if (!(error instanceof UnreadText)) throw error;
    }
  }
  return found;
}

function withoutComment(found: string): string {
  return found.startsWith("'") ? found : " ";
}

/** The migrations to add to those that are there, in their order. */
export async function migrationsToAdd(
  there: readonly Migration[],
  wanted: Pick<InitOptions, "migration" | "hook">,
  assets: URL,
): Promise<Change[]> {
  const all = there.map(({ text }) => text).join("\n");
  const changes: Change[] = [];
  const add = async (asset: string, what: string) => {
    const after = await readFile(new URL(asset, assets), "utf8");
    const version = versionAfter(there, changes.length);
    changes.push({ path: `${MIGRATIONS}/${version}_behest_${what}.sql`, after });
  };
  if (wanted.migration && lastOf(MAKES_PLANS, all) < 0) {
    // An older version's made the table alone, and may be applied: it stays, and this one comes after.
    const isOlder = there.some(({ name }) => name.endsWith("_behest_profiles.sql"));
    await add("profiles.sql", isOlder ? "tier_sync" : "profiles");
  }
  // Where both are not there, the one is not later than the other.
  const hasHook = lastOf(MAKES_HOOK, all) > lastOf(DROPS_HOOK, all);
  if (wanted.hook && !hasHook) await add("access_token_hook.sql", "access_token_hook");
  return changes;
}

/** Where something is said for the last time; -1 where it is not. */
function lastOf(what: RegExp, text: string): number {
  return [...text.matchAll(what)].at(-1)?.index ?? -1;
}

/**
 * Whether a function calls the hook, as far as the migrations tell.
 *
 * @param name with its schema
 */
export function callsHook(there: readonly Migration[], name: string): boolean {
  const [schema, own] = name.split(".");
  const path = schema === "public"
    ? String.raw`(?:public\s*\.\s*)?`
    : String.raw`${schema}\s*\.\s*`;
  const makes = String.raw`\bcreate\s+(?:or\s+replace\s+)?function\s+`;
  const all = there.map(({ text }) => text.replaceAll('"', "")).join("\n");
  const start = lastOf(new RegExp(String.raw`${makes}${path}${own}\s*\(`, "gi"), all);
  if (start < 0) return false;
  // From its name up to the next function.
  const [, definition = ""] = all.slice(start).split(new RegExp(makes, "i"), 2);
  return CALLS_HOOK.test(definition);
}

/**
 * As the Supabase CLI names migrations, so that this one runs after those that are there, even where
 * one is of the future.
 *
 * @param nth of those that are added: two of one name would be one migration
 */
function versionAfter(there: readonly Migration[], nth: number): number {
  const now = new Date(Date.now() + nth * 1000).toISOString().replace(/\D/g, "").slice(0, 14);
  const versions = there.map(({ name }) => Number(/^\d{14}(?=_)/.exec(name)?.[0] ?? 0));
  return versions.reduce((latest, version) => Math.max(latest, version + 1 + nth), Number(now));
}
