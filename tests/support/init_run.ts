/** `npx behest-token init`, as npm ships it, on Node, and projects to run it in. */
import { fileURLToPath } from "node:url";
import type { Files } from "./deployed.ts";

export const PKG = fileURLToPath(new URL("../../pkg/", import.meta.url));
export const FUNCTION = "supabase/functions/behest-token/index.ts";
export const CONFIG = "supabase/config.toml";
export const ENV_FILE = "supabase/functions/.env";

/** A config as `supabase init` leaves it, and people change it. */
export const OWN_CONFIG = `# Mine, and it stays so.
project_id = "my-app"

[api]
port = 54321   # odd   spacing

[functions.other]
verify_jwt = true
`;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function init(...args: string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command("node", {
    args: [`${PKG}cli.js`, "init", ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A project with this configuration and these other files. */
export function project(config: string | undefined, others: Record<string, string> = {}): Files {
  const all = { ...(config === undefined ? {} : { [CONFIG]: config }), ...others };
  return new Map(Object.entries(all).map(([path, text]) => [path, new TextEncoder().encode(text)]));
}

/** Every file of a folder with its text. */
export async function snapshot(folder: string, below = ""): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${folder}/${below}`)) {
    const path = below + name;
    if (isDirectory) Object.assign(files, await snapshot(folder, `${path}/`));
    else if (isSymlink) files[path] = `-> ${await Deno.readLink(`${folder}/${path}`)}`;
    else files[path] = await Deno.readTextFile(`${folder}/${path}`);
  }
  return files;
}
