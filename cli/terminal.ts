/** Where a command speaks. */
export interface Terminal {
  /** To standard output: what was asked for. */
  print(text: string): void;
  /** To standard error: what needs a person. */
  warn(text: string): void;
  /** Whether a person is there to see and to answer. */
  readonly isTerminal: boolean;
}

/** Whatever moves the cursor, changes colours, is invisible, or turns the direction of writing. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** Without what moves the cursor or turns letters around: a project's files may hold anything. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (signs) => signs.replace(/[^\n\t]/g, ""));
}

/** The command was called in a way that it cannot do anything with. */
export class UsageError extends Error {}
