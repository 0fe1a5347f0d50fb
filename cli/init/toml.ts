/** `supabase/config.toml` by what it means, read as cautiously as whoever wrote it is unknown. */
import { parse, type TomlTable } from "smol-toml";
import { UsageError } from "../terminal.ts";

export const CONFIG = "supabase/config.toml";

/** @throws {Error} where the text is no TOML */
export function read(text: string): TomlTable {
  // Editors put a byte order mark before a text; it is none of the text.
  return parse(text.replace(/^\ufeff/, ""));
}

/** @throws {UsageError} where the text is no TOML */
export function readConfig(text: string): TomlTable {
  try {
    return read(text);
  } catch (error) {
    // The parser's own words repeat the line, which may hold a secret.
    const { line } = error as { line?: number };
    throw new UsageError(
      `${CONFIG} cannot be read${line === undefined ? "" : `: see line ${line}`}.`,
    );
  }
}

export function table(value: unknown): TomlTable | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as TomlTable
    : undefined;
}

/**
 * Everything that stands at a path, in whatever case its keys are: some versions of the Supabase CLI
 * tell them apart, and some do not. To some a quoted key with dots is a path, so it is one here.
 */
export function allAt(from: unknown, ...path: string[]): unknown[] {
  if (path.length === 0) return [from];
  return Object.entries(table(from) ?? {}).flatMap(([name, value]) => {
    const steps = name.split(".");
    const isOnIt = steps.every((step, nth) =>
      nth >= path.length || step.toLowerCase() === path[nth]
    );
    if (!isOnIt) return [];
    const beyond = steps.slice(path.length).join(".");
    return beyond === "" ? allAt(value, ...path.slice(steps.length)) : [{ [beyond]: value }];
  });
}

/** A place that settings are read from: the base, or what a remote puts over it. */
export interface Place {
  /** To be put before a key's path: nothing, or `remotes.name.`. */
  readonly prefix: string;
  readonly settings: unknown;
}

/** The base, then each remote. */
export function placesIn(config: TomlTable): Place[] {
  const remotes = allAt(config, "remotes").flatMap((all) => Object.entries(table(all) ?? {}));
  return [
    { prefix: "", settings: config },
    ...remotes.map(([name, settings]) => ({ prefix: `remotes.${shown(name)}.`, settings })),
  ];
}

/** A key to be printed: one that is not plain could write lines of its own. */
export function shown(key: string): string {
  return /^[\w-]{1,64}$/.test(key) ? key : "…";
}
