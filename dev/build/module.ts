/** The WebAssembly module after the compiler: optimised, and by shorter names. */
import binaryen from "binaryen";

/**
 * How large a function with a single caller may be, in bytes, to be copied into it: without a bound
 * the settings end up in one function of 21 KB. What is called first is compiled first, and whole:
 * code that only errors need should not be in it.
 */
const ONE_CALLER_LIMIT = 90;

/**
 * What `wasm-opt -Oz` does, twice, since the second time finds what the first has laid open; with the
 * bound above, and with no more than Deno 2.1 (V8 13.0) and everything newer can load.
 *
 * @param glue what the module calls its glue
 * @returns what the glue, and each of its names, is called now
 */
export async function optimise(path: string, glue: string): Promise<Map<string, string>> {
  const { Features } = binaryen;
  const module = binaryen.readBinary(await Deno.readFile(path));
  module.setFeatures(
    Features.BulkMemory | Features.BulkMemoryOpt | Features.CallIndirectOverlong |
      Features.MutableGlobals | Features.Multivalue |
      Features.NontrappingFPToInt | Features.ReferenceTypes | Features.SignExt,
  );
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  binaryen.setOneCallerInlineMaxSize(ONE_CALLER_LIMIT);
  module.optimize();
  module.optimize();
  module.runPasses(["strip-debug", "strip-producers", "strip-target-features"]);
  const shorter = shortenImports(module, glue);
  await Deno.writeFile(path, module.emitBinary());
  module.dispose();
  return shorter;
}

/**
 * Gives what the module imports of the glue names without prefix and hash: each name stands in both,
 * and they were a fortieth of all that is deployed.
 *
 * @returns the new name of each old one, of the glue itself too
 */
function shortenImports(module: binaryen.Module, glue: string): Map<string, string> {
  const shorter = new Map([[glue, "glue"]]);
  // All of them before any is taken out.
  const functions = Array.from(
    { length: module.getNumFunctions() },
    (_, index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );
  for (const { name, module: from, base, params, results } of functions) {
    if (from !== glue || base === null) continue;
    const plain = base.replace(/^_*wb(?:g|indgen)_+/, "").replace(/_[0-9a-f]{16}$/, "");
    const taken = [...shorter.values()];
    const [free] = ["", 1, 2, 3, 4, 5].map((nth) => `$${plain}${nth}`).filter((one) =>
      !taken.includes(one)
    );
    if (free === undefined) throw new Error(`Too many imports are called ${plain}`);
    shorter.set(base, free);
    module.removeFunction(name);
    module.addFunctionImport(name, "glue", free, params, results);
  }
  return shorter;
}
