import { createHandler } from "./handler.ts";
import { systemClock } from "./upstream.ts";

const { console } = globalThis;

Deno.serve(createHandler({
  env: Deno.env,
  fetch,
  clock: systemClock,
  log: (line) => console.log(JSON.stringify(line)),
}));
