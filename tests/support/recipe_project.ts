/** Recipes as projects of their own, with the package as it is published and the packages beside. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Texts } from "./recipe_page.ts";
import { npm } from "./registry.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGES = `${ROOT}tests/recipes/packages/`;
const MANIFESTS = ["package.json", "package-lock.json"];

/** What every project is checked with. */
const COMPILER_OPTIONS = {
  target: "ES2022",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  module: "ESNext",
  moduleResolution: "bundler",
  jsx: "react-jsx",
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  isolatedModules: true,
  // Those of others: the AI SDK's do not hold under exactOptionalPropertyTypes.
  skipLibCheck: true,
};

/** A project in a folder that goes when its test ends. */
export interface Project {
  readonly folder: string;
  /**
   * Runs a program of a package, or a script of the project, with Node.
   *
   * @returns what it printed
   * @throws {Error} with that, where it fails
   */
  node(script: string, args?: string[], env?: Record<string, string>): Promise<string>;
}

/**
 * Makes a project.
 *
 * @param compilerOptions what TypeScript is told beside or instead of what every project has
 */
export async function inProject<T>(
  files: Texts,
  compilerOptions: Record<string, unknown>,
  work: (project: Project) => Promise<T>,
): Promise<T> {
  const home = await installed();
  const folder = await Deno.makeTempDir({ dir: home, prefix: "project-" });
  try {
    const all: Texts = {
      "package.json": '{ "private": true, "type": "module" }',
      "tsconfig.json": JSON.stringify({
        compilerOptions: { ...COMPILER_OPTIONS, ...compilerOptions },
      }),
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    const [{ filename }] = JSON.parse(await npm(`${ROOT}pkg`, "", ...packTo(folder)));
    const tarball = `./${filename}`;
    await npm(folder, "", "install", "--offline", "--no-save", "--no-package-lock", tarball);
    return await work({ folder, node: (script, args, env) => node(folder, script, args, env) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function packTo(folder: string): string[] {
  return ["pack", "--json", `--pack-destination=${folder}`];
}

/** The folder over all projects: its `node_modules` are everybody's, installed once. */
async function installed(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of MANIFESTS) hash.update(await Deno.readFile(PACKAGES + name));
  const cache = `${ROOT}.cache/recipes`;
  const home = `${cache}/${hash.digest("hex").slice(0, 12)}`;
  await Deno.mkdir(cache, { recursive: true });
  // Tests run side by side, and the first one installs.
  using lock = await Deno.open(`${cache}/lock`, { create: true, write: true });
  await lock.lock(true);
  const done = `${home}/done`;
  if (await Deno.stat(done).then(() => true, () => false)) return home;
  await Deno.mkdir(home, { recursive: true });
  for (const name of MANIFESTS) await Deno.copyFile(PACKAGES + name, `${home}/${name}`);
  await npm(home, "", "ci", "--ignore-scripts");
  await Deno.writeTextFile(done, "");
  return home;
}

async function node(
  folder: string,
  script: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<string> {
  const there = await Deno.stat(`${folder}/${script}`).then(() => true, () => false);
  const { success, stdout, stderr } = await new Deno.Command("node", {
    args: [there ? script : `../node_modules/${script}`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", CI: "1", NEXT_TELEMETRY_DISABLED: "1", ...env },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const printed = text.decode(stdout) + text.decode(stderr);
  if (!success) throw new Error(`${script} ${args.join(" ")}:\n${printed.slice(0, 4000)}`);
  return printed;
}

/** Programs of the packages, from `node_modules` on. */
export const TSC = "typescript/bin/tsc";
export const VITE = "vite/bin/vite.js";
export const NEXT = "next/dist/bin/next";
