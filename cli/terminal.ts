/** Where a command speaks. */
export interface Terminal {
  /** To standard output: what was asked for. */
  print(text: string): void;
  /** To standard error: what needs a person. */
  warn(text: string): void;
  /** Whether a person is there to see and to answer. */
  readonly isTerminal: boolean;
}

/** The command was called in a way that it cannot do anything with. */
export class UsageError extends Error {}
