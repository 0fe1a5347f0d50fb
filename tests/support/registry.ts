/** A registry on loopback (Verdaccio) with nothing in it, and what npm does with it. */
import { fileURLToPath } from "node:url";
import { startProgram } from "../../dev/stack/child.ts";

const HERE = fileURLToPath(new URL("../deploy/registry/", import.meta.url));

/** A running registry. */
export interface Registry {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one; its storage goes when it stops. */
export async function startRegistry(): Promise<Registry> {
  await npm(HERE, "", "ci", "--ignore-scripts");
  const folder = await Deno.makeTempDir({ prefix: "behest-token-registry-" });
  await Deno.writeTextFile(
    `${folder}/config.yaml`,
    `\
storage: ${folder}/storage
uplinks: {}
packages:
  "**":
    access: $all
    publish: $all
log: { type: stdout, format: json, level: error }
`,
  );
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const child = await startProgram({
      name: "Verdaccio",
      program: "node",
      args: [`${HERE}start.mjs`, `${folder}/config.yaml`],
      env: {},
      inheritEnv: true,
      onLine: () => {},
    });
    return { url: child.url, stop: () => child.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Runs npm in a folder.
 *
 * @param registry its URL, or nothing for the one that npm is set up with
 * @throws {Error} with npm's words, where it fails
 */
export async function npm(folder: string, registry: string, ...args: string[]): Promise<string> {
  const there = registry === "" ? [] : [
    `--registry=${registry}`,
    // Without a token npm does not even try to publish; this registry takes any.
    `--${registry.replace("http:", "")}/:_authToken=anyone`,
  ];
  const { success, stdout, stderr } = await new Deno.Command("npm", {
    args: [...args, "--no-audit", "--no-fund", ...there],
    cwd: folder,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`npm ${args.join(" ")}:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
