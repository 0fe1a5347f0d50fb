/** What `supabase secrets set --env-file` would send beside the lines that `init` prints. */
import type { TomlTable } from "smol-toml";
import { UsageError } from "../terminal.ts";
import { entriesIn, type Entry } from "./dotenv.ts";
import type { Project } from "./project.ts";
import { decidedBy } from "./settings.ts";
import { allAt, CONFIG, placesIn, table } from "./toml.ts";

/** Where the secrets are written down, to be sent from: not into the shell's history. */
export const ENV_FILE = "supabase/functions/.env";

export interface Upload {
  /** Each setting that would be sent. */
  readonly sent: readonly Found[];
  // What is to be said of it, by name alone: a value may be a secret.
  /** What would change what the function does: for a person to look at first. */
  readonly byHand: string[];
  /** What is merely good to know. */
  readonly notes: string[];
}

/** One setting, where it was found. */
export interface Found {
  readonly name: string;
  readonly source: string;
  readonly value?: string;
  readonly line?: number;
  /** Found where only some versions of the Supabase CLI see a setting. */
  readonly isHidden?: boolean;
}

/**
 * Looks through all that the Supabase CLI sends from: the file, and what `config.toml` has in its
 * base and for each remote.
 *
 * @param printed the settings that `init` prints, with the value where the user gave one
 */
export async function uploadOf(
  project: Project,
  config: TomlTable,
  printed: ReadonlyMap<string, string | undefined>,
): Promise<Upload> {
  const byHand: string[] = [];
  let inFile: Found[] = [];
  try {
    inFile = foundIn(await project.read(ENV_FILE) ?? "");
  } catch (error) {
    const why = error instanceof UsageError ? error.message : `${ENV_FILE} cannot be read.`;
    byHand.push(`${why} \`supabase secrets set\` may send what is not known here.`);
  }
  // The Supabase CLI leaves those out, which the platform sets itself.
  const sent = [...inFile, ...secretsIn(config)]
    .filter(({ name }) => !name.startsWith("SUPABASE_"));
  const isAsPrinted = ({ name, value, isHidden }: Found) => {
    const given = printed.get(name);
    return printed.has(name) && !isHidden && (given === undefined || value === given);
  };
  const there = sent.filter((one) => isAsPrinted(one) && printed.get(one.name) === undefined);
  const rest = sent.filter((one) => !isAsPrinted(one));
  const ours = rest.filter(({ name }) => decidedBy(name) !== undefined);
  const others = rest.filter(({ name }) => decidedBy(name) === undefined);
  if (ours.length > 0) byHand.push(warning(ours));
  const notes = [
    listed(
      "`supabase secrets set` sends these as well, which are none of the function's settings:",
      others,
    ),
    listed("These are set already. See that each says what you know it to say:", there),
  ].filter((note) => note !== undefined);
  return { sent, byHand, notes };
}

function warning(found: readonly Found[]): string {
  const lines = unique(found.map((one) => `  ${labelled(one)}: ${decidedBy(one.name)}`));
  return [
    "These settings of the function are not as init prints them, and `supabase secrets set` would send",
    "them. Take out each that you did not write yourself:",
    ...lines,
  ].join("\n");
}

function listed(head: string, found: readonly Found[]): string | undefined {
  if (found.length === 0) return undefined;
  return [head, ...unique(found.map((one) => `  ${labelled(one)}`))].join("\n");
}

/**
 * A name as people write them is shown. Any other is told by its place: it may be a piece of a key
 * that was written over several lines, or meant to move the cursor.
 */
function labelled({ name, source, line }: Found): string {
  if (/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) return `${name} (${source})`;
  return line === undefined
    ? `a name that is not shown (${source})`
    : `a name that is not shown (${source}, line ${line})`;
}

function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}

function foundIn(text: string): Found[] {
  const entries = entriesIn(text);
  // The last of a name counts, for the Supabase CLI and here.
  const last = new Map(entries.map((entry) => [entry.name, entry]));
  const seen = (name: string) => entries.filter((entry) => entry.name === name).length;
  const hidden = [...ourNamesIn(text)].filter(([name, count]) => count > seen(name));
  return [
    ...[...last.values()].map((entry: Entry) => ({ ...entry, source: ENV_FILE })),
    ...hidden.map(([name]) => ({ name, source: ENV_FILE, isHidden: true })),
  ];
}

/**
 * Our settings wherever they stand, but in a comment, and how often: other versions of the Supabase
 * CLI read quotes and line ends differently, and what is a value to one is a setting to another.
 */
function ourNamesIn(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split(/[\r\n]/).filter((line) => !/^\s*#/.test(line))) {
    for (
      const [, name = ""] of line.matchAll(/(?<![A-Z0-9_])([A-Z][A-Z0-9_]{0,63})[\s\u0085]*[=:]/g)
    ) {
      if (decidedBy(name) !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * `[edge_runtime.secrets]`: what `env(…)` there stands for is not known here, and sent all the same. Some
 * versions of the Supabase CLI send each name in capitals.
 */
function secretsIn(config: TomlTable): Found[] {
  return placesIn(config).flatMap(({ prefix, settings }) =>
    allAt(settings, "edge_runtime", "secrets")
      .flatMap((secrets) => Object.entries(table(secrets) ?? {}))
      .map(([name, value]) => ({
        name: name.toUpperCase(),
        source: `${CONFIG}, ${prefix}edge_runtime.secrets`,
        ...(typeof value === "string" && !value.startsWith("env(") && { value }),
      }))
  );
}
