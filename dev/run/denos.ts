/** Finds other versions of Deno, which npm ships as the package `deno`. */

/** What Supabase's hosted edge runtime is compatible with. */
export const HOSTED_DENO = "2.1.4";

const found = new Map<string, Promise<string>>();

/**
 * @param version exact, as `2.1.4`
 * @returns the path of that version's binary; npm fetches it once
 * @throws {Error} with npm's words, where it cannot be had
 */
export function findDeno(version: string): Promise<string> {
  if (version === Deno.version.deno) return Promise.resolve(Deno.execPath());
  let path = found.get(version);
  if (!path) found.set(version, path = askNpx(version));
  return path;
}

async function askNpx(version: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(
    Deno.build.os === "windows" ? "npx.cmd" : "npx",
    {
      args: [
        "-y",
        `deno@${version}`,
        "eval",
        "--no-config",
        "--no-lock",
        "console.log(Deno.execPath())",
      ],
    },
  ).output();
  if (!success) {
    throw new Error(
      `npx deno@${version} failed:\n${new TextDecoder().decode(stderr)}`,
    );
  }
  return new TextDecoder().decode(stdout).trim();
}
