/**
 * The function as it ships, with probes around it: what it holds of memory, handles and timers is
 * told on a second port, and it can be made to trap there. The function knows nothing of this.
 */
import { exitWithParent } from "../../dev/stack/parent.ts";
import { Probes } from "./probes.ts";

const probes = new Probes();
const serve = Deno.serve;
const port = { hostname: "127.0.0.1", port: 0 };
const url = ({ port }: Deno.NetAddr) => `http://127.0.0.1:${port}`;

serve({
  ...port,
  onListen: (addr) => console.log(`probe ${url(addr)}`),
}, async (request) => {
  if (new URL(request.url).pathname === "/trap") await probes.trap();
  return Response.json(await probes.read());
});

/** The entry point calls `Deno.serve(handler)`; where it listens is decided here. */
Deno.serve = ((handler: Deno.ServeHandler<Deno.NetAddr>) =>
  serve({
    ...port,
    onListen: (addr) => console.log(`ready ${url(addr)}`),
  }, handler)) as typeof Deno.serve;

exitWithParent();
await import("../../supabase/functions/behest-token/index.ts");
