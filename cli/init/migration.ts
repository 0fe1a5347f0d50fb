/** Users' plans, as a migration: whatever is there already, it is made for that; and once. */
import { readFile } from "node:fs/promises";
import type { Change, Project } from "./project.ts";

const MIGRATIONS = "supabase/migrations";

/** By its text, since somebody may have given it another name; what it makes is told by that, too. */
const IS_OURS = /create or replace function public\.set_plan\(user_id uuid, plan text\)/;

/** The migration to add; nothing where it is there. */
export async function migrationOf(project: Project, assets: URL): Promise<Change | undefined> {
  const names = await project.list(MIGRATIONS);
  const files = names.filter((name) => name.endsWith(".sql"));
  const texts = await Promise.all(files.map((name) => project.read(`${MIGRATIONS}/${name}`)));
  if (texts.some((text) => text !== undefined && IS_OURS.test(text))) return undefined;
  const after = await readFile(new URL("profiles.sql", assets), "utf8");
  // An older version's made the table alone, and may be applied: it stays, and this one comes after.
  const what = files.some((name) => name.endsWith("_behest_profiles.sql"))
    ? "tier_sync"
    : "profiles";
  return { path: `${MIGRATIONS}/${timestamp()}_behest_${what}.sql`, after };
}

/** As the Supabase CLI names migrations, so that this one runs after those that are there. */
function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}
