/** Where tokens come from, as the rest of the client sees it. */

import type { MintOptions } from "./mint.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Held } from "./token.ts";

/** How tokens are got: what an application may set (`BehestOptions`). */
export interface SourceOptions
  extends Partial<{ [Name in Settable]: MintOptions[Name] | undefined }> {
  readonly timeout?: number | undefined;
}
type Settable = Exclude<keyof MintOptions, "spent" | "renewed">;

/** The token of who is signed in, and never another's. */
export interface TokenSource {
  /** Begins to hear of who is signed in. */
  follow(): void;
  /** Who is signed in, where that is certain. */
  user(): string | undefined;
  /**
   * Whose a request is that is made now.
   *
   * @throws {BehestError} as `own`
   */
  whose(signal?: AbortSignal | null): string | Promise<string>;
  /** What an application may show. */
  state(): Snapshot;
  /**
   * @returns the token at hand, or a new one
   * @throws {BehestError} why there is none; the signal's own reason, where it ends the wait
   */
  ready(signal?: AbortSignal | null): Promise<Held>;
  /**
   * The same for a request, which is that of who was here when it was made, or was told to have come.
   *
   * @throws {BehestError} `user_changed` where it is another by now
   */
  own(signal?: AbortSignal | null): Promise<Held>;
  /** Whether this user is still here, as far as is known: an event may have put it in doubt. */
  has(user: string): boolean;
  /**
   * Asked at the last moment before a token goes out.
   *
   * @throws {BehestError} where it is not that of who is signed in, why
   */
  check(held: Held): void;
  /** Behest has answered 401 to this token: it is replaced, unless it was already. */
  refused(held: Held): void;
  /** The application knows better: the next use mints, and waits for no pause. */
  invalidate(): void;
  /**
   * What the tokens of now were made by has changed; faults and their pauses go on.
   *
   * @param renew whether that stands in the session's token, which is then refreshed first
   */
  drop(renew?: boolean): void;
  /** The next token begins another Behest session. */
  newSession(): void;
  /** Ends every wait, and hands out nothing more. */
  close(): void;
}
