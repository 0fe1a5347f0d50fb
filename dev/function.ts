/**
 * Runs the function as an edge runtime would: an own process, with the shipped
 * entry point, an own environment, and no right but to reach the loopback.
 * Another entry point may be named, for comparison.
 */

import { exitWithParent } from "./parent.ts";

const serve = Deno.serve;

/** The entry point calls `Deno.serve(handler)`; where it listens is decided here. */
Deno.serve = ((handler: Deno.ServeHandler<Deno.NetAddr>) =>
  serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`ready http://127.0.0.1:${port}`),
  }, handler)) as typeof Deno.serve;

exitWithParent();
await import(Deno.args[0] ?? "../supabase/functions/behest-token/index.ts");
