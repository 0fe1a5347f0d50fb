/** `deno task audit`: what this project is made of, held to `deny.toml`. */
import { fileURLToPath } from "node:url";
import { cargoTool } from "./cargo_tool.ts";

const HELP = `Holds every crate to deny.toml: where it comes from, its licence, and that
there is one version of it. Needs Rust; the first time it builds cargo-deny.

  deno task audit                the above, without a network
  deno task audit --advisories   known vulnerabilities too; fetches the RustSec
                                 database from GitHub

Exit code: 0 all as it should be, 1 something is not, 2 wrong usage.`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VERSION = "0.20.2";

const advisories = Deno.args.includes("--advisories");
if (Deno.args.some((argument) => argument !== "--advisories")) {
  console.error(HELP);
  Deno.exit(Deno.args.includes("--help") ? 0 : 2);
}
const checks = ["licenses", "bans", "sources", ...(advisories ? ["advisories"] : [])];
const { code } = await new Deno.Command(await cargoTool("cargo-deny", VERSION), {
  // An exception that nothing needs any more is a warning, and has to go.
  args: ["--workspace", "--locked", "check", "--deny", "warnings", ...checks],
  cwd: ROOT,
  stdout: "inherit",
  stderr: "inherit",
}).output();
Deno.exit(code === 0 ? 0 : 1);
