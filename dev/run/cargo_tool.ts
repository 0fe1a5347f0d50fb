/** Programs that cargo builds for us, each at one version, kept under `.cache/`. */
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../.cache/cargo/", import.meta.url));

/**
 * Builds a program from crates.io, once.
 *
 * @param version exact
 * @returns the path of its binary
 * @throws {Error} where cargo cannot build it
 */
export async function cargoTool(name: string, version: string): Promise<string> {
  const root = `${CACHE}${name}-${version}`;
  const path = `${root}/bin/${name}`;
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  console.error(`Building ${name} ${version}: some minutes, the first time alone …`);
  const { success } = await new Deno.Command("cargo", {
    args: ["install", "--quiet", "--locked", "--root", root, `${name}@${version}`],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`cargo install ${name}@${version} failed.`);
  return path;
}
