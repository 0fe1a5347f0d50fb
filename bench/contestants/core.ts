/** The core alone: loaded and opened with its settings, behind a server that does nothing. */
import { openCore } from "../../supabase/functions/behest-token/wasm.ts";

const core = openCore(Deno.env);

Deno.serve(async () => {
  await core;
  return new Response();
});
