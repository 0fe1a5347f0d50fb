/**
 * Runs a contestant's entry point, whose path is the first argument, as `dev/stack/function.ts` runs
 * ours, and says how long its import took, and how much of that the WebAssembly module did.
 */
import "../dev/stack/listen.ts";

let wasm = 0;
for (const name of ["Module", "Instance"] as const) {
  const made = WebAssembly[name] as new (...args: unknown[]) => object;
  WebAssembly[name] = new Proxy(made, {
    construct(target, args) {
      const start = performance.now();
      const result = Reflect.construct(target, args);
      wasm += performance.now() - start;
      return result;
    },
  }) as never;
}

const start = performance.now();
await import(Deno.args[0] ?? "");
console.log(`imported ${performance.now() - start} ${wasm}`);
