/** The options of `init`: from flags, and where a terminal is there, from answers. */
import process from "node:process";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { type Terminal, UsageError } from "../terminal.ts";

/** How tokens are made. */
export type Mode = "api-key" | "local";

/** What the user wants, checked. */
export interface InitOptions {
  readonly folder: string;
  readonly mode: Mode;
  readonly baseUrl: string;
  readonly origins: readonly string[];
  readonly migration: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** Stands for what only the Behest dashboard knows. */
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
  const { mode = "api-key", origin = ["https://my.app"] } = given;
  if (mode !== "api-key" && mode !== "local") throw new UsageError("--mode is api-key or local.");
  const baseUrl = given["base-url"] ?? ANY_BASE_URL;
  if (baseUrl !== ANY_BASE_URL && !isBaseUrl(baseUrl)) {
    throw new UsageError(
      "--base-url is https and a host, such as https://amber-fox-042.behest.app.",
    );
  }
  if (!origin.every(isOrigin)) {
    throw new UsageError("--origin is a scheme and a host, such as https://my.app.");
  }
  return {
    folder,
    mode,
    baseUrl,
    origins: origin,
    migration: given.migration ?? false,
    dryRun: given["dry-run"] ?? false,
    force: given.force ?? false,
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
  } catch {
    throw new UsageError("A flag is not known, or lacks its value. Try --help.");
  }
}

const HOST = String.raw`[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?::\d{1,5})?\/?`;

/** As the function takes it: https, or http on this machine. */
function isBaseUrl(value: string): boolean {
  return new RegExp(String.raw`^(?:https:\/\/|http:\/\/(?=localhost|127\.0\.0\.1))${HOST}$`)
    .test(value);
}

/** As the function takes it: exact, or with one label left open. */
function isOrigin(value: string): boolean {
  return new RegExp(String.raw`^(?:https:\/\/\*\.|[a-z][a-z0-9+.-]*:\/\/)${HOST}$`).test(value);
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
      ...(origin && { origin: origin.split(",").map((one) => one.trim()) }),
      ...(migration && { migration: /^y/i.test(migration) }),
    };
  } finally {
    lines.close();
  }
}
