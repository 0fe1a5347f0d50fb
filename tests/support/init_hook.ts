/** The access token hook as `init --hook` puts it into a project. */
import { HOOK_URI } from "../../cli/init/hook.ts";
import { PKG, snapshot } from "./init_run.ts";

/** The migration that makes it. */
export const SQL = await Deno.readTextFile(`${PKG}access_token_hook.sql`);

/** Its block, switched on. */
export const HEAD = "[auth.hook.custom_access_token]\n";
export const ON = `enabled = true\nuri = "${HOOK_URI}"\n`;

/** The migrations of a project, in the order in which they are applied. */
export async function migrationsIn(folder: string): Promise<string[]> {
  return Object.keys(await snapshot(folder)).filter((path) => path.endsWith(".sql")).sort();
}
