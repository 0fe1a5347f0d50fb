/**
 * The function as a package: `serve()` is a whole Supabase Edge Function, `createEdgeHandler()` the
 * same for any server that takes a `Request` and gives a `Response`.
 */
import { createHandler } from "../supabase/functions/behest-token/handler.ts";
import { systemClock } from "../supabase/functions/behest-token/upstream.ts";

// By a name of our own, as in upstream.ts.
const { console } = globalThis;

/** Where the settings are; `Deno.env` is one. */
export interface Environment {
  /** A setting's value; nothing where it is not set. */
  get(name: string): string | undefined;
}

/** Takes one line for each request: what was done, and never a secret. */
export type Log = (line: Record<string, unknown>) => void;

/** What may be other than the platform's own. */
export interface EdgeOptions {
  /** By default the process's environment variables. */
  readonly env?: Environment;
  /** By default a line of JSON on standard output. */
  readonly log?: Log;
}

/**
 * Makes the function. It answers every request, also with settings at fault, and never rejects.
 *
 * Settings are read and keys imported once, when this is called.
 */
export function createEdgeHandler(
  options: EdgeOptions = {},
): (request: Request) => Promise<Response> {
  return createHandler({
    env: options.env ?? environment(),
    fetch,
    clock: systemClock,
    log: options.log ?? ((line) => console.log(JSON.stringify(line))),
  });
}

/** Serves the function on Deno and on Supabase, on the port that the platform chooses. */
export function serve(options: EdgeOptions = {}): void {
  Deno.serve(createEdgeHandler(options));
}

/** Deno's, or Node's where there is no Deno. */
function environment(): Environment {
  if ("Deno" in globalThis) return Deno.env;
  // Node has it as a global; Deno wants it imported.
  const { process } = globalThis as unknown as { process: { env: Record<string, string> } };
  return { get: (name) => process.env[name] };
}
