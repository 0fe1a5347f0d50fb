/** The app's side as `pkg/` has it: one module, its types, and one file to copy. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PKG = new URL("../../pkg/", import.meta.url);
const read = (name: string) => Deno.readTextFile(new URL(name, PKG));

/** Every switch by which a project is stricter than TypeScript's own `strict`. */
const STRICTEST: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  types: [],
  noEmit: true,
  strict: true,
  allowUnreachableCode: false,
  allowUnusedLabels: false,
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  isolatedDeclarations: true,
  declaration: true,
  isolatedModules: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
};

function faultsIn(name: string, options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([fileURLToPath(new URL(name, PKG))], options);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n")
  );
}

Deno.test("the client is one module without an import, at most 6.5 KB gzipped", async () => {
  const script = await read("client.js");
  assert.doesNotMatch(script, /\bimport\b|\brequire\(/);
  // The two comments at its head are gone once an app has bundled it.
  const { length } = gzipSync(script.replace(/^\/[/*].*\n/gm, ""), { level: 9 });
  assert.ok(length <= 6656, `${length} bytes`);
});

Deno.test("importing the client does nothing", async () => {
  const touched: string[] = [];
  const names = [
    "fetch",
    "setTimeout",
    "setInterval",
    "addEventListener",
    "queueMicrotask",
  ] as const;
  const global = globalThis as unknown as Record<string, unknown>;
  const before = names.map((name) => global[name]);
  names.forEach((name) => global[name] = () => touched.push(name));
  try {
    const module = await import(`${new URL("client.js", PKG)}`);
    assert.deepEqual(Object.keys(module).sort(), ["BehestError", "createBehest"]);
  } finally {
    names.forEach((name, nth) => global[name] = before[nth]);
  }
  assert.deepEqual(touched, []);
});

Deno.test("the file to copy is TypeScript that the strictest project takes, and so are the types", () => {
  assert.deepEqual(faultsIn("client.ts", STRICTEST), []);
  assert.deepEqual(faultsIn("client.d.ts", { ...STRICTEST, skipLibCheck: false }), []);
  const older = {
    ...STRICTEST,
    target: ts.ScriptTarget.ES2020,
    lib: ["lib.es2020.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    useDefineForClassFields: false,
  };
  for (const strict of [true, false]) {
    const options = { ...older, strict, exactOptionalPropertyTypes: strict };
    assert.deepEqual(faultsIn("client.ts", options), []);
    assert.deepEqual(faultsIn("client.d.ts", options), []);
  }
});

Deno.test("the file to copy imports nothing, and exports what the module does", async () => {
  const source = await read("client.ts");
  assert.doesNotMatch(source, /^import\b/m);
  const copied = await import(`${new URL("client.ts", PKG)}`);
  assert.deepEqual(Object.keys(copied).sort(), ["BehestError", "createBehest"]);
  const exported = (text: string) =>
    [...text.matchAll(/^export (?:declare )?(?:class|function|interface|type) (\w+)/gm)]
      .map(([, name]) => name).sort();
  const types = await read("client.d.ts");
  assert.deepEqual([...new Set(exported(source))], [...new Set(exported(types))]);
  assert.ok(exported(types).includes("BehestToken"));
});

Deno.test("the types say nothing of what is only for tests", async () => {
  assert.doesNotMatch(await read("client.d.ts"), /Clock/);
});
