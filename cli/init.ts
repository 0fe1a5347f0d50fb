/** `init`: puts the function into a Supabase project, and says how to go on. */
import { createTwoFilesPatch } from "diff";
import { nextSteps } from "./init/next_steps.ts";
import { readable } from "./init/one_file.ts";
import { readOptions } from "./init/options.ts";
import { planOf } from "./init/plan.ts";
import type { Change } from "./init/project.ts";
import { CONFIG } from "./init/toml.ts";
import { printable, type Terminal } from "./terminal.ts";

export const INIT_HELP = `Puts the function into a Supabase project, and prints what to do next.

  npx behest-token init [folder] [--mode api-key|local] [--base-url URL] [--origin ORIGIN]
                        [--client FILE] [--migration] [--hook] [--dry-run] [--force]

  folder       the project, where supabase/config.toml is; by default this folder
  --mode       api-key: Behest mints each token (default). local: tokens are signed in the function
  --base-url   the project's Behest URL, such as https://amber-fox-042.behest.app
  --origin     the page that may ask for tokens, such as https://my.app or https://*.example.com; may
               stand more than once, or name several
  --client     puts the app's side there, such as src/lib/behest.ts: one TypeScript file, to be
               imported where the package is not installed
  --migration  adds a migration for users' plans: the table profiles, or what yours lacks, kept from
               users' writing, and set_plan for billing
  --hook       adds a migration with an access token hook, which puts the plan into session tokens, and
               switches it on in supabase/config.toml, where no other hook is
  --dry-run    shows what would change, and changes nothing
  --force      overwrites a function, or a client, that was changed by hand

It writes supabase/functions/behest-token/index.ts, adds a block to supabase/config.toml, and touches
nothing else, but for what the flags above name. On a terminal it asks for what no flag says. Run
again, it changes nothing; run by a newer version, it brings the function up to date. It says by name, never by value, what else in the
project would be deployed or sent by the lines that it prints.

Exit code: 0 done, or nothing to do; 1 something has to be done by hand; 2 wrong usage, or a project
that it does not touch.`;

/**
 * Runs the command.
 *
 * @param assets where the package's own files are
 * @returns the exit code
 */
export async function init(args: string[], terminal: Terminal, assets: URL): Promise<number> {
  const options = await readOptions(args, terminal);
  const print = (text: string) => terminal.print(printable(text));
  const { project, changes, byHand, notes } = await planOf(options, assets);
  for (const change of changes) {
    if (options.dryRun) print(difference(change, change.path === CONFIG ? 0 : 3));
    else {
      await project.write(change);
      print(`${change.before === undefined ? "Wrote" : "Changed"} ${change.path}`);
    }
  }
  if (changes.length === 0 && byHand.length === 0) print("Everything is in place.");
  [...notes, ...byHand].forEach((what) => terminal.warn(printable(what)));
  const isBlocked = byHand.length > 0;
  print(
    options.dryRun ? "Nothing was changed: this was a dry run." : nextSteps(options, isBlocked),
  );
  return isBlocked ? 1 : 0;
}

/** Lines that are shown of a file that is not there yet. */
const MOST_OF_NEW = 60;

/**
 * What would change, as a patch. Of the project's configuration not a line more is shown: the lines
 * around may hold secrets.
 */
function difference({ path, before, after }: Change, context: number): string {
  const from = before === undefined ? "/dev/null" : path;
  // Where the last line lacks its end, it is not what changes.
  const whole = before === undefined || before === "" || before.endsWith("\n")
    ? before ?? ""
    : `${before}\n`;
  const texts = [readable(whole), readable(after)] as const;
  const lines = createTwoFilesPatch(from, path, ...texts, "", "", { context }).split("\n");
  // Of a new file its head says what it is.
  const left = before === undefined ? lines.length - MOST_OF_NEW : 0;
  return left > 0
    ? [...lines.slice(0, MOST_OF_NEW), `… ${left} lines more`].join("\n")
    : lines.join("\n");
}
