/** The client under test: the bytes that are shipped. The one place that says where they are. */
import type { Behest, BehestOptions, SupabaseLike } from "../../pkg/client.js";
import { createBehest as create } from "../../pkg/client.js";

export { BehestError, createBehest } from "../../pkg/client.js";
export type { Behest, BehestOptions, BehestToken, Snapshot } from "../../pkg/client.js";
export type { SupabaseLike, SupabaseSession } from "../../pkg/client.js";

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
