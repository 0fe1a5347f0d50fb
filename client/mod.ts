/** `behest-token/client`: what an application imports. */

export { createBehest } from "./behest.ts";
export type { Behest, BehestOptions } from "./behest.ts";
export { BehestError } from "./error.ts";
export type { ClientCode } from "./error.ts";
export type { Snapshot } from "./snapshot.ts";
export type { SupabaseLike, SupabaseSession } from "./supabase.ts";
export type { BehestToken } from "./token.ts";
