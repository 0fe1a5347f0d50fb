/** The options of `init`: from flags, and where a terminal is there, from answers. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { type Terminal, UsageError } from "../terminal.ts";
import { isAllowedOrigin, isBaseUrl, originsIn } from "./origin.ts";

/** How tokens are made. */
export type Mode = "api-key" | "local";

/** What the user wants, checked. */
export interface InitOptions {
  readonly folder: string;
  readonly mode: Mode;
  /** Nothing where only the Behest dashboard knows it. */
  readonly baseUrl?: string;
  /** As entries of `CORS_ORIGIN`; none where nobody said so. */
  readonly origins: readonly string[];
  /** Where the app's side goes, from the project's folder; nowhere unless somebody says so. */
  readonly client?: string;
  readonly migration: boolean;
  /** Whether the Auth server is to put plans into session tokens. */
  readonly hook: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** The answer of who does not know it. */
const ANY_BASE_URL = "https://….behest.app";

/**
 * Reads the command line, and asks for what it leaves open. No value is ever repeated in an error:
 * it may be a secret in the wrong place.
 *
 * @throws {UsageError}
 */
export async function readOptions(
  args: string[],
  terminal: Terminal,
): Promise<InitOptions> {
  const { values, positionals } = parsed(args);
  const [folder = ".", ...others] = positionals;
  if (others.length > 0) throw new UsageError("There is more than one folder. Try --help.");
  const answers = terminal.isTerminal ? await asked(values) : {};
  const given = { ...values, ...answers };
  const { mode = "api-key", origin = [] } = given;
  if (mode !== "api-key" && mode !== "local") throw new UsageError("--mode is api-key or local.");
  const baseUrl = given["base-url"] === ANY_BASE_URL ? undefined : given["base-url"];
  if (baseUrl !== undefined && !isBaseUrl(baseUrl)) {
    throw new UsageError(
      "--base-url is https and a host, such as https://amber-fox-042.behest.app.",
    );
  }
  const origins = origin.flatMap(originsIn);
  if (!origins.every(isAllowedOrigin) || origin.some((list) => originsIn(list).length === 0)) {
    throw new UsageError(
      "--origin is a scheme and a host, such as https://my.app. One * may stand in its first label, " +
        "before two more: https://*.example.com, https://my-app-*-my-team.vercel.app.",
    );
  }
  if (given.client !== undefined && !isOwnScript(given.client)) {
    throw new UsageError(
      "--client is a TypeScript file in the project, such as src/lib/behest.ts, with slashes and " +
        "outside of supabase/.",
    );
  }
  return {
    folder,
    mode,
    baseUrl,
    origins,
    client: given.client,
    migration: given.migration ?? false,
    hook: given.hook ?? false,
    dryRun: given["dry-run"] ?? false,
    force: given.force ?? false,
  };
}

/** A path that stays in the project, and is none of what Supabase's CLI reads. */
function isOwnScript(path: string): boolean {
  const parts = path.split("/");
  return path.endsWith(".ts") && !path.endsWith(".d.ts") && parts[0] !== "supabase" &&
    parts.every((part) => /^[\w@()[\]-][\w@()[\] .-]*$/.test(part));
}

const OPTIONS = {
  mode: { type: "string" },
  client: { type: "string" },
  "base-url": { type: "string" },
  origin: { type: "string", multiple: true },
  migration: { type: "boolean" },
  hook: { type: "boolean" },
  "dry-run": { type: "boolean" },
  force: { type: "boolean" },
} as const;

function parsed(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    // A flag by its name, up to the value; what is longer than any flag may be a secret itself.
    const flag = /'(--?[A-Za-z][\w-]{0,31})(?: <value>)?'/.exec(String(message))?.[1] ?? "One flag";
    throw new UsageError(
      code === "ERR_PARSE_ARGS_UNKNOWN_OPTION"
        ? `${flag} is not known. Try --help.`
        : `${flag} lacks its value, or has one and takes none. Try --help.`,
    );
  }
}

/** What flags left open, asked of the user. */
async function asked(
  values: ReturnType<typeof parsed>["values"],
): Promise<typeof values> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
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
    const baseUrl = await ask(values["base-url"], "Your project's Behest URL?", ANY_BASE_URL);
    const page = "http://localhost:5173";
    const origin = await ask(values.origin, "Which page may ask for tokens?", page);
    const migration = await ask(
      values.migration,
      "Add a table with each user's plan (y/n)?",
      "n",
    );
    return {
      ...(mode && { mode }),
      ...(baseUrl && { "base-url": baseUrl }),
      ...(origin && { origin: [origin] }),
      ...(migration && { migration: /^y/i.test(migration) }),
    };
  } finally {
    lines.close();
  }
}
