/** The browser client under test: the one place that says where it is. */
import type { Behest, BehestOptions, SupabaseLike } from "../../client/mod.ts";
import { createBehest as create } from "../../client/mod.ts";

export { BehestError, createBehest } from "../../client/mod.ts";
export type { Behest, BehestOptions, BehestToken, Snapshot } from "../../client/mod.ts";
export type { SupabaseLike, SupabaseSession } from "../../client/mod.ts";

/** What the client asks of time. */
export interface ClientClock {
  now(): number;
  tick(): number;
  after(ms: number, run: () => void): () => void;
}

/** `createBehest` with the third parameter that its overload hides. */
export const createAt = create as (
  supabase: SupabaseLike,
  options: BehestOptions,
  clock: ClientClock,
) => Behest;
