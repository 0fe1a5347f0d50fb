/** Runs a contestant's entry point, whose path is the first argument, as `dev/function.ts` does ours. */
import "../dev/listen.ts";

await import(Deno.args[0] ?? "");
