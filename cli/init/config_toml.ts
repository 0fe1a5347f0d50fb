/** The function's block in `supabase/config.toml`, put there without touching the rest. */
import { isDeepStrictEqual } from "node:util";
import type { TomlTable } from "smol-toml";
import { read, table } from "./toml.ts";

const NAME = "behest-token";

/** What the block says, and why, to whoever finds it there. */
const BLOCK = [
  `[functions.${NAME}]`,
  "# The function verifies the session token itself. The gateway's own check must be off: it refuses",
  "# the browser's preflight, which carries no token, and it has refused tokens signed with ES256.",
  "verify_jwt = false",
];

const HEADER = new RegExp(
  String
    .raw`^[ \t]*\[[ \t]*functions[ \t]*\.[ \t]*(["']?)${NAME}\1[ \t]*\][ \t]*(?:#.*)?$`,
  "m",
);

/**
 * Turns the gateway's check of the function off.
 *
 * @returns the file with that, which is the file itself where it is off already; nothing where the
 * function is configured in a form that only a person can edit
 * @throws {Error} where the file is no TOML
 */
export function withoutVerifyJwt(text: string): string | undefined {
  const before = read(text);
  const ours = table(table(before.functions)?.[NAME]);
  if (ours?.verify_jwt === false) return text;
  const after = edited(text);
  const wanted = {
    ...before,
    functions: {
      ...table(before.functions),
      [NAME]: { ...ours, verify_jwt: false },
    },
  };
  return meaning(after, wanted);
}

/** The text, where it means just this: an edit is of text, and may have done something else. */
export function meaning(text: string, wanted: TomlTable): string | undefined {
  try {
    return isDeepStrictEqual(plain(read(text)), plain(wanted)) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The text with a block after it, in the line ends that it has. */
export function appended(text: string, block: readonly string[]): string {
  const newline = newlineOf(text);
  const end = text === "" || /\n$/.test(text) ? "" : newline;
  const gap = text.trim() === "" ? "" : newline;
  return text + end + gap + block.join(newline) + newline;
}

function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function edited(text: string): string {
  const newline = newlineOf(text);
  const header = HEADER.exec(text);
  if (!header) return appended(text, BLOCK);
  const start = header.index + header[0].length;
  const rest = text.slice(start);
  const length = /^[ \t]*\[/m.exec(rest)?.index ?? rest.length;
  const block = rest.slice(0, length);
  const turned = block.replace(
    /^([ \t]*verify_jwt[ \t]*=[ \t]*)true\b/m,
    "$1false",
  );
  const changed = turned === block ? newline + BLOCK.slice(1).join(newline) + block : turned;
  return text.slice(0, start) + changed + rest.slice(length);
}

/** Without prototypes, which the parser leaves out and a literal has. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
