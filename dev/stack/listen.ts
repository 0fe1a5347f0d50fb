/**
 * Makes an entry point that calls `Deno.serve(handler)` listen on a free port of the loopback, say
 * where, and end with its parent. To be imported before it.
 */
import { exitWithParent } from "./parent.ts";

const serve = Deno.serve;

Deno.serve = ((handler: Deno.ServeHandler<Deno.NetAddr>) =>
  serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`ready http://127.0.0.1:${port}`),
  }, handler)) as typeof Deno.serve;

exitWithParent();
