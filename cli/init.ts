/** `init`: puts the function into a Supabase project, and says how to go on. */
import { lstat, mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { createTwoFilesPatch } from "diff";
import { obstaclesIn, withoutVerifyJwt } from "./init/config_toml.ts";
import { nextSteps } from "./init/next_steps.ts";
import { isUntouched, readable } from "./init/one_file.ts";
import { type InitOptions, readOptions } from "./init/options.ts";
import { type Terminal, UNPRINTABLE, UsageError } from "./terminal.ts";

export const INIT_HELP = `Puts the function into a Supabase project, and prints what to do next.

  npx behest-token init [folder] [--mode api-key|local] [--base-url URL] [--origin ORIGIN]
                        [--migration] [--dry-run] [--force]

  folder       the project, where supabase/config.toml is; by default this folder
  --mode       api-key: Behest mints each token (default). local: tokens are signed in the function
  --base-url   the project's Behest URL, such as https://amber-fox-042.behest.app
  --origin     the page that may ask for tokens, such as https://my.app or https://*.example.com; may
               stand more than once, or name several
  --migration  adds the table with each user's plan, profiles, as a migration
  --dry-run    shows what would change, and changes nothing
  --force      overwrites a function that was changed by hand

It writes supabase/functions/behest-token/index.ts, adds a block to supabase/config.toml, and touches
nothing else. On a terminal it asks for what no flag says. Run again, it changes nothing; run by a
newer version, it brings the function up to date.

Exit code: 0 done, or nothing to do; 1 something has to be done by hand; 2 wrong usage.`;

/** A file as it is and as it should be. */
interface Change {
  readonly path: string;
  readonly before?: string;
  readonly after: string;
}

/** What is to be done, and what only a person can do. */
interface Plan {
  readonly changes: Change[];
  readonly byHand: string[];
}

const FUNCTION = "supabase/functions/behest-token/index.ts";
const CONFIG = "supabase/config.toml";
const MIGRATIONS = "supabase/migrations";

/**
 * Runs the command.
 *
 * @param assets where the package's own files are
 * @returns the exit code
 */
export async function init(args: string[], terminal: Terminal, assets: URL): Promise<number> {
  const options = await readOptions(args, terminal);
  const print = (text: string) => terminal.print(printable(text));
  const config = await readText(join(options.folder, CONFIG));
  if (config === undefined) {
    throw new UsageError(
      `There is no ${CONFIG} there. Name the project's folder, or run \`supabase init\` first.`,
    );
  }
  const { changes, byHand } = await plan(options, config, assets);
  for (const change of changes) {
    if (options.dryRun) print(difference(change));
    else {
      await write(options.folder, change);
      print(`${change.before === undefined ? "Wrote" : "Changed"} ${change.path}`);
    }
  }
  if (changes.length === 0 && byHand.length === 0) print("Everything is in place.");
  byHand.forEach((what) => terminal.warn(what));
  print(
    options.dryRun
      ? "Nothing was changed: this was a dry run."
      : nextSteps(options, byHand.length > 0),
  );
  return byHand.length === 0 ? 0 : 1;
}

async function plan(options: InitOptions, config: string, assets: URL): Promise<Plan> {
  const changes: Change[] = [];
  const byHand: string[] = [];
  const single = await readFile(new URL("single/index.ts", assets), "utf8");
  const before = await readText(join(options.folder, FUNCTION));
  const isSame = before?.replaceAll("\r\n", "\n") === single;
  if (before === undefined || (!isSame && (options.force || isUntouched(before)))) {
    changes.push({ path: FUNCTION, before, after: single });
  } else if (!isSame) {
    byHand.push(
      `${FUNCTION} is not as any version of this package wrote it, so it was left alone. Look at it, ` +
        "then run this again with --force to overwrite it.",
    );
  }
  const after = configured(config);
  if (after === undefined) {
    byHand.push(
      `${CONFIG} configures the function in a form that is not edited here. Set verify_jwt = false ` +
        "for functions.behest-token in it.",
    );
  } else changes.push({ path: CONFIG, before: config, after });
  byHand.push(...obstaclesIn(config).map((what) => `${CONFIG}: ${what}`));
  if (options.migration) await planMigration(options.folder, assets, { changes, byHand });
  return { changes: changes.filter(({ before, after }) => before !== after), byHand };
}

/** Adds the table once, and never beside another one of its name. */
async function planMigration(folder: string, assets: URL, { changes, byHand }: Plan) {
  const names = await readdir(join(folder, MIGRATIONS)).catch(() => []);
  if (names.some((name) => name.endsWith("_behest_profiles.sql"))) return;
  const files = names.filter((name) => name.endsWith(".sql"));
  const texts = await Promise.all(files.map((name) => readText(join(folder, MIGRATIONS, name))));
  const theirs =
    /create\s+table\s+(?:if\s+not\s+exists\s+)?(?:"?public"?\s*\.\s*)?"?profiles"?[\s(]/i;
  if (texts.some((text) => text !== undefined && theirs.test(text))) {
    byHand.push(
      "A migration makes a table profiles already, so none was added. Give it a column plan that no " +
        "user can write, or name another one: BEHEST_PLAN_TABLE, BEHEST_PLAN_COLUMN.",
    );
    return;
  }
  const after = await readFile(new URL("profiles.sql", assets), "utf8");
  changes.push({ path: `${MIGRATIONS}/${timestamp()}_behest_profiles.sql`, after });
}

function configured(config: string): string | undefined {
  try {
    return withoutVerifyJwt(config);
  } catch (error) {
    // The parser's own words repeat the line, which may hold a secret.
    const { line } = error as { line?: number };
    throw new UsageError(
      `${CONFIG} cannot be read${line === undefined ? "" : `: see line ${line}`}.`,
    );
  }
}

/** As the Supabase CLI names migrations, so that this one runs after those that are there. */
function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}

/**
 * A file's text; nothing where there is none.
 *
 * @throws {UsageError} where it is no UTF-8: written back it would be another one
 */
async function readText(path: string): Promise<string | undefined> {
  let bytes;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as { code?: string };
    // A folder of that name, too, is no file.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError("A file of the project that has to be read is no UTF-8.");
  }
}

/** Writes within the project alone: through no link that leads out of it. */
async function write(folder: string, { path, before, after }: Change): Promise<void> {
  const target = join(folder, path);
  const root = await realpath(folder);
  let parent = dirname(target);
  while (!await exists(parent)) parent = dirname(parent);
  const isInside = `${await realpath(parent)}${sep}`.startsWith(`${root}${sep}`);
  if (!isInside || (await exists(target) && (await lstat(target)).isSymbolicLink())) {
    throw new UsageError(
      `${path} is a link, or in a folder that is one: nothing is written there.`,
    );
  }
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, after, { flag: before === undefined ? "wx" : "w" });
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(() => true, () => false);
}

/** What would change, as a patch. */
function difference({ path, before, after }: Change): string {
  const from = before === undefined ? "/dev/null" : path;
  const texts = [readable(before ?? ""), readable(after)] as const;
  return createTwoFilesPatch(from, path, ...texts, "", "", { context: 3 });
}

/** Without what moves the cursor or turns letters around: a project's files may hold anything. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (signs) => signs.replace(/[^\n\t]/g, ""));
}
