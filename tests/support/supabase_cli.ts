/** The real Supabase CLI, which npm ships, told to talk to a double of the Management API. */
import { randomHex } from "../../dev/gateway/credentials.ts";
import { REF } from "./management_api.ts";

/** The newest, and the last before its flags changed. */
export const CLIS = ["3.1.0", "2.122.1"] as const;

/** What a command said. */
export interface Said {
  readonly success: boolean;
  readonly text: string;
}

/**
 * Runs a command of the CLI on the double's project, with nothing of this machine's login or links.
 *
 * @param api where the double is
 * @param folder the project's folder
 */
export async function supabase(
  version: (typeof CLIS)[number],
  api: string,
  folder: string,
  ...args: string[]
): Promise<Said> {
  const home = await Deno.makeTempDir({ prefix: "behest-token-home-" });
  try {
    const profile = `${home}/profile.yaml`;
    const urls = ["api_url", "dashboard_url"].map((name) => `${name}: ${api}\n`);
    await Deno.writeTextFile(profile, `name: loopback\n${urls.join("")}project_host: localhost\n`);
    const target = version.startsWith("2.") ? ["--project-ref", REF] : [`--remote=${REF}`];
    const ours = [...target, "--profile", profile, "--workdir", folder, "--yes"];
    const { success, stdout, stderr } = await new Deno.Command("npx", {
      args: ["-y", `supabase@${version}`, ...args, ...ours],
      cwd: folder,
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH") ?? "",
        HOME: home,
        // The package is fetched once, not for each of these homes.
        npm_config_cache: Deno.env.get("npm_config_cache") ?? `${Deno.env.get("HOME")}/.npm`,
        SUPABASE_ACCESS_TOKEN: `sbp_${randomHex(20)}`,
        SUPABASE_TELEMETRY_DISABLED: "1",
        DO_NOT_TRACK: "1",
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
