/** The table with each user's plan, as a migration: once, and never beside another one of its name. */
import { readFile } from "node:fs/promises";
import type { Change, Project } from "./project.ts";

const MIGRATIONS = "supabase/migrations";

const THEIRS =
  /create\s+table\s+(?:if\s+not\s+exists\s+)?(?:"?public"?\s*\.\s*)?"?profiles"?[\s(]/i;

/** The migration to add, or what a person has to do in its place; neither where it is there. */
export async function migrationOf(
  project: Project,
  assets: URL,
): Promise<{ change?: Change; byHand?: string }> {
  const names = await project.list(MIGRATIONS);
  if (names.some((name) => name.endsWith("_behest_profiles.sql"))) return {};
  const files = names.filter((name) => name.endsWith(".sql"));
  const texts = await Promise.all(files.map((name) => project.read(`${MIGRATIONS}/${name}`)));
  if (texts.some((text) => text !== undefined && THEIRS.test(text))) {
    const byHand =
      "A migration makes a table profiles already, so none was added. Give it a column plan that no " +
      "user can write, or name another one: BEHEST_PLAN_TABLE, BEHEST_PLAN_COLUMN.";
    return { byHand };
  }
  const after = await readFile(new URL("profiles.sql", assets), "utf8");
  return { change: { path: `${MIGRATIONS}/${timestamp()}_behest_profiles.sql`, after } };
}

/** As the Supabase CLI names migrations, so that this one runs after those that are there. */
function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}
