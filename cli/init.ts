/** `init`: puts the function into a Supabase project, and says how to go on. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { createTwoFilesPatch } from "diff";
import { withoutVerifyJwt } from "./config_toml.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export const INIT_HELP = `Puts the function into a Supabase project, and prints what to do next.

  npx behest-token init [folder] [--mode api-key|local] [--base-url URL] [--origin ORIGIN]
                        [--migration] [--dry-run] [--force]

  folder       the project, where supabase/config.toml is; by default this folder
  --mode       api-key: Behest mints each token (default). local: tokens are signed in the function
  --base-url   the project's Behest URL, such as https://amber-fox-042.behest.app
  --origin     the page that may ask for tokens, such as https://my.app; may stand more than once
  --migration  adds the table with each user's plan, profiles, as a migration
  --dry-run    shows what would change, and changes nothing
  --force      overwrites a function that was changed by hand

It writes supabase/functions/behest-token/index.ts, adds a block to supabase/config.toml, and touches
nothing else. On a terminal it asks for what no flag says. Run again, it changes nothing; run by a
newer version, it brings the function up to date.

Exit code: 0 done, or nothing to do; 1 something has to be done by hand; 2 wrong usage.`;

/** How tokens are made. */
type Mode = "api-key" | "local";

/** What the user wants. */
interface Wishes {
  readonly folder: string;
  readonly mode: Mode;
  readonly baseUrl: string;
  readonly origins: readonly string[];
  readonly migration: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
}

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
export async function init(
  args: string[],
  terminal: Terminal,
  assets: URL,
): Promise<number> {
  const wishes = await wanted(args, terminal);
  const config = await readText(join(wishes.folder, CONFIG));
  if (config === undefined) {
    throw new UsageError(
      `There is no ${CONFIG} in ${wishes.folder}. Name the project's folder, or run \`supabase init\` first.`,
    );
  }
  const { changes, byHand } = await plan(wishes, config, assets);
  for (const change of changes) {
    if (wishes.dryRun) {
      terminal.print(difference(change));
      continue;
    }
    const path = join(wishes.folder, change.path);
    await mkdir(dirname(path), { recursive: true });
    // A new file is new: nothing is written through a link that somebody has put there.
    await writeFile(path, change.after, { flag: change.before === undefined ? "wx" : "w" });
    terminal.print(
      `${change.before === undefined ? "Wrote" : "Changed"} ${change.path}`,
    );
  }
  if (changes.length === 0 && byHand.length === 0) {
    terminal.print("Everything is in place.");
  }
  byHand.forEach((what) => terminal.warn(what));
  if (wishes.dryRun) terminal.print("Nothing was changed: this was a dry run.");
  else terminal.print(next(wishes));
  return byHand.length === 0 ? 0 : 1;
}

async function plan(
  wishes: Wishes,
  config: string,
  assets: URL,
): Promise<Plan> {
  const changes: Change[] = [];
  const byHand: string[] = [];
  const single = await readFile(new URL("single/index.ts", assets), "utf8");
  const before = await readText(join(wishes.folder, FUNCTION));
  if (before === undefined || wishes.force || isUntouched(before)) {
    changes.push({ path: FUNCTION, before, after: single });
  } else if (before !== single) {
    byHand.push(
      `${FUNCTION} is not as any version of this package wrote it, so it was left alone. Look at it, then run this again with --force to overwrite it.`,
    );
  }
  const after = configured(config);
  if (after === undefined) {
    byHand.push(
      `${CONFIG} configures the function in a form that is not edited here. Set verify_jwt = false for functions.behest-token in it.`,
    );
  } else changes.push({ path: CONFIG, before: config, after });
  if (wishes.migration) {
    const sql = await readFile(new URL("profiles.sql", assets), "utf8");
    if (!await hasMigration(wishes.folder, sql)) {
      changes.push({
        path: `${MIGRATIONS}/${timestamp()}_behest_profiles.sql`,
        after: sql,
      });
    }
  }
  return {
    changes: changes.filter(({ before, after }) => before !== after),
    byHand,
  };
}

function configured(config: string): string | undefined {
  try {
    return withoutVerifyJwt(config);
  } catch (error) {
    throw new UsageError(
      `${CONFIG} cannot be read: ${(error as Error).message}`,
    );
  }
}

/** Whether a function is just what some version of this package wrote: its head has the digest of the rest. */
export function isUntouched(text: string): boolean {
  const [, digest, rest] = /^\/\/ SHA-256 of all below this line: ([0-9a-f]{64})\n([^]*)$/m.exec(
    text,
  ) ?? [];
  return rest !== undefined &&
    createHash("sha256").update(rest).digest("hex") === digest;
}

/** Whether the project has this migration, under whatever name. */
async function hasMigration(folder: string, sql: string): Promise<boolean> {
  const names = await readdir(join(folder, MIGRATIONS)).catch(() => []);
  const texts = await Promise.all(
    names.map((name) => readText(join(folder, MIGRATIONS, name))),
  );
  return texts.some((text) => text?.trim() === sql.trim());
}

/** As the Supabase CLI names migrations, so that this one runs after those that are there. */
function timestamp(): string {
  return new Date().toISOString().replace(/\D/g, "").slice(0, 14);
}

/** A file's text; nothing where there is none. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    // A folder of that name, too, is no file.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") {
      return undefined;
    }
    throw error;
  }
}

/** What would change, as a patch; of the one file only its head, since no person reads the rest. */
function difference({ path, before, after }: Change): string {
  const seen = (text: string) =>
    text.replace(
      /(\/\/ SHA-256 of all below this line: .*\n)[^]*/,
      "$1… the code, and the WebAssembly module …\n",
    );
  const from = before === undefined ? "/dev/null" : path;
  return createTwoFilesPatch(
    from,
    path,
    seen(before ?? ""),
    seen(after),
    "",
    "",
    { context: 3 },
  );
}

function next({ mode, baseUrl, origins, migration }: Wishes): string {
  const key = mode === "api-key" ? ["BEHEST_KEY=behest_sk_live_…"] : [
    "BEHEST_KEY=\"$(base64 < key.pem | tr -d '\\n')\"",
    "BEHEST_KID=… BEHEST_TENANT_ID=… BEHEST_PROJECT_ID=…",
  ];
  const set = key.map((assignments) => `  supabase secrets set ${assignments}`);
  return [
    "",
    "Next, with what the Behest dashboard says in place of each …:",
    "",
    ...set,
    `  supabase secrets set BEHEST_BASE_URL=${baseUrl} CORS_ORIGIN=${origins.join(",")}`,
    ...(migration ? ["  supabase db push"] : []),
    "  supabase functions deploy behest-token --use-api",
    `  ${self()} doctor --url https://<ref>.supabase.co --origin ${origins[0]}`,
  ].join("\n");
}

/** How this command was called, to be called again. */
function self(): string {
  return process.env.npm_command === "exec" ? "npx behest-token" : `node ${process.argv[1]}`;
}

async function wanted(args: string[], terminal: Terminal): Promise<Wishes> {
  const { values, positionals } = parsed(args);
  const [folder = ".", ...others] = positionals;
  if (others.length > 0) {
    throw new UsageError(`One folder, please: what is ${others[0]}?`);
  }
  const answers = terminal.isTerminal ? await asked(values) : {};
  const { mode = "api-key", origin = ["https://my.app"] } = {
    ...values,
    ...answers,
  };
  const baseUrl = values["base-url"] ?? answers["base-url"] ??
    "https://….behest.app";
  if (mode !== "api-key" && mode !== "local") {
    throw new UsageError(`--mode is api-key or local, and not ${mode}.`);
  }
  return {
    folder,
    mode,
    baseUrl: plainUrl("--base-url", baseUrl),
    origins: origin.map((one) => plainUrl("--origin", one)),
    migration: values.migration ?? answers.migration ?? false,
    dryRun: values["dry-run"] ?? false,
    force: values.force ?? false,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: { type: "string" },
        "base-url": { type: "string" },
        origin: { type: "string", multiple: true },
        migration: { type: "boolean" },
        "dry-run": { type: "boolean" },
        force: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** What goes into a line that is pasted into a shell has to be an address and nothing else. */
function plainUrl(flag: string, value: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9.:*…[\]-]+\/?$/.test(value)) {
    return value;
  }
  throw new UsageError(
    `${flag} takes a scheme and a host, such as https://my.app, and not ${JSON.stringify(value)}.`,
  );
}

/** What flags left open, asked of the user. */
async function asked(
  values: ReturnType<typeof parsed>["values"],
): Promise<typeof values> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
  });
  const ask = async (given: unknown, question: string, fallback: string) =>
    given === undefined
      ? (await lines.question(`${question} [${fallback}] `)).trim() || fallback
      : undefined;
  try {
    const mode = await ask(
      values.mode,
      "Who makes the token: Behest (api-key), or the function (local)?",
      "api-key",
    );
    const baseUrl = await ask(
      values["base-url"],
      "Your project's Behest URL?",
      "https://….behest.app",
    );
    const origin = await ask(
      values.origin,
      "Which page may ask for tokens?",
      "http://localhost:5173",
    );
    const migration = await ask(
      values.migration,
      "Add a table with each user's plan (y/n)?",
      "n",
    );
    return {
      ...(mode && { mode }),
      ...(baseUrl && { "base-url": baseUrl }),
      ...(origin && { origin: origin.split(",").map((one) => one.trim()) }),
      ...(migration && { migration: /^y/i.test(migration) }),
    };
  } finally {
    lines.close();
  }
}
