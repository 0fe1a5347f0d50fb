/**
 * The settings in a `.env`, as the Supabase CLI reads it: by npm's dotenv. Read step by step and not
 * by that package's one expression, which a file of blank lines keeps busy for minutes.
 */

/** One setting. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

const SPACE = /\s*/y;
const NAME = /(?:export\s+)?([\w.-]+)(?:\s*=|:\s)/y;
/** To the last quote of its kind, line breaks and all; a quote after a backslash does not count. */
const QUOTED = /\s*('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`)[^\S\n]*(?:#.*)?$/my;
const PLAIN = /[^#\n]*/y;
const REST = /.*\n?/y;

/** In the file's order. A name may stand more than once; the last one counts. */
export function entriesIn(text: string): Entry[] {
  const entries: Entry[] = [];
  const lines = text.replace(/\r\n?/g, "\n");
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(lines) ?? undefined;
    if (found) {
      at += found[0].length;
      line += found[0].split("\n").length - 1;
    }
    return found;
  };
  while (at < lines.length) {
    take(SPACE);
    const starts = line;
    const name = take(NAME)?.[1];
    if (name !== undefined) {
      const quoted = take(QUOTED)?.[1]?.slice(1, -1);
      const value = quoted ?? take(PLAIN)?.[0] ?? "";
      entries.push({ name, value: value.trim(), line: starts });
    }
    take(REST);
  }
  return entries;
}
