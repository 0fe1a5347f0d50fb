/** Makes one script of a page's entry point: nothing comes from elsewhere. */

/**
 * @param entry a path in this repository
 * @throws {Error} with the bundler's words
 */
export async function bundleScript(entry: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", entry],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`deno bundle failed:\n${text.decode(stderr)}`);
  return text.decode(stdout);
}
