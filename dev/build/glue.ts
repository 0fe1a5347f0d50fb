/** What wasm-bindgen's glue becomes: shorter, behind a guard, and with no loader that fetches. */
import { minify } from "terser";

/**
 * @param text wasm-bindgen's
 * @throws {Error} where it is not as it was
 */
export async function makeGlue(text: string): Promise<string> {
  return await compact(guard(lean(withoutLoader(text))));
}

/**
 * Takes out comments, which the types have too, white space, and long names within functions: it all
 * is deployed. Functions and classes keep theirs, which a stack names.
 */
async function compact(glue: string): Promise<string> {
  const mangle = { keep_fnames: true, keep_classnames: true };
  const { code } = await minify(glue, {
    module: true,
    ecma: 2020,
    compress: { passes: 2, keep_classnames: true, keep_fnames: true },
    mangle,
  });
  if (code === undefined) throw new Error("terser gave nothing");
  return code;
}

/** The part of a text from one mark on, up to another one or to its end, taken out. */
export function without(text: string, from: string, to?: string): string {
  const start = text.indexOf(from);
  const end = to === undefined ? text.length : text.indexOf(to, start);
  if (start < 0 || end < 0) throw new Error(`The glue has no ${from}`);
  return text.slice(0, start) + text.slice(end);
}

/** Without the loader that fetches a module: ours is at hand, and what ships should fetch nothing. */
function withoutLoader(glue: string): string {
  const loaded = without(glue, "async function __wbg_load(", "function initSync(");
  // And without what only other platforms need, and other callers.
  const needed = without(
    without(loaded, "let __wbg_init_promise"),
    "if (!('encodeInto' in cachedTextEncoder))",
    "let WASM_VECTOR_LEN",
  );
  const sync = without(needed, "    if (module !== undefined) {", "    const imports =");
  return `${sync.replace("initSync(module)", "initSync({ module })")}\nexport { initSync };\n`;
}

/**
 * Shorter at each of some forty entries. That each asks whether a fresh instance is due goes: the guard
 * below sees to it. That each looks whether a handle is of the instance before becomes one function.
 * And `free` goes, since nobody calls it: each step takes its handle, and the rest is the collector's.
 */
function lean(glue: string): string {
  if (/__wbg_reinit_scheduled = true/.test(glue)) throw new Error("The glue starts over by itself");
  const rest = without(glue, "function __wbg_call_guard(", "function wasm_bindgen__")
    .replace(/^ *__wbg_call_guard\(\);\n/gm, "")
    .replace(
      /^( *)if \(\(?(\w+)\)?\.__wbg_inst !== undefined && \(?\2\)?\.__wbg_inst !== __wbg_instance_id\) \{\n *throw .*;\n *\}$/gm,
      "$1ofThisInstance($2);",
    )
    .replace(
      /^ *Object\.defineProperty\(obj, '__wbg_inst', .*\);$/gm,
      "obj.__wbg_inst = __wbg_instance_id;",
    )
    .replace(/^ *free\(\) \{\n[^}]*\}\n/gm, "")
    .replace(/^if \(Symbol\.dispose\) .*\n/gm, "");
  if (/__wbg_call_guard|stale object|defineProperty|\bfree\(|dispose/.test(rest)) {
    throw new Error("The glue is not as it was");
  }
  return rest + STALE;
}

const STALE = `
function ofThisInstance(handle) {
    if (handle.__wbg_inst !== undefined && handle.__wbg_inst !== __wbg_instance_id) {
        throw new Error('Invalid stale object from previous Wasm instance');
    }
}
`;

/**
 * Puts a guard around the instance that the glue calls into: a trap throws it away at once. Whoever
 * awaits the failed call learns of it some microtasks later, and others may be in line before.
 */
function guard(glue: string): string {
  const instance = /^( *wasm = )(\w+\.exports);$/gm;
  // Once where the first instance is made, once where it is replaced.
  const { length } = [...glue.matchAll(instance)];
  if (length !== 2) throw new Error(`The glue has ${length} places to guard, and not 2.`);
  return glue.replace(instance, "$1guarded($2);") + GUARD;
}

/**
 * Faults never leave the module as exceptions, so whatever does has broken off in the midst of it.
 * The glue may yet clean up after the call that failed: what it would free is of the instance that is
 * gone, so until its own work is done the fresh one is shut to it, and tells how the old one ended.
 */
const GUARD = `
let trap;
function guarded(exports) {
    const guard = { __proto__: null };
    let depth = 0;
    let broken;
    for (const [name, value] of Object.entries(exports)) {
        guard[name] = typeof value !== 'function' ? value : (...args) => {
            if (trap !== undefined) throw trap;
            depth++;
            try {
                if (broken === undefined) {
                    const result = value(...args);
                    if (broken === undefined) return result;
                }
                // The trap was within, and what called it has caught it; or no fresh one could be made.
                throw new Error('The instance has broken off');
            } catch (error) {
                broken ??= error;
                throw error;
            } finally {
                depth--;
                if (broken !== undefined && depth === 0 && wasm === guard) startOver(broken);
            }
        };
    }
    return guard;
}
function startOver(cause) {
    __wbg_reset_state();
    trap = cause;
    queueMicrotask(() => trap = undefined);
}
`;
