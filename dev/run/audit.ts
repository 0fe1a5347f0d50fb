/** `deno task audit`: what this project is made of, held to `deny.toml`. */
import { fileURLToPath } from "node:url";
import { cargoTool } from "./cargo_tool.ts";

const HELP = `Holds every crate to deny.toml: where it comes from, its licence, and that
there is one version of it. Needs Rust; the first time it builds cargo-deny.

  deno task audit                the above, without a network
  deno task audit --advisories   known vulnerabilities too; fetches the RustSec
                                 database from GitHub

Exit code: 0 all as it should be, 1 something is not, 2 wrong usage.`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const VERSION = "0.20.2";

const advisories = Deno.args.includes("--advisories");
if (Deno.args.includes("--help")) {
  console.log(HELP);
  Deno.exit(0);
}
const unknown = Deno.args.find((argument) => argument !== "--advisories");
if (unknown !== undefined) {
  console.error(`No option ${unknown}.\n\n${HELP}`);
  Deno.exit(2);
}
const checks = ["licenses", "bans", "sources", ...(advisories ? ["advisories"] : [])];
const program = await cargoTool("cargo-deny", VERSION);
let sound = true;
// What ships and what builds and tests it; and the fuzzers, which are a workspace of their own.
for (const folder of ["", "fuzz/"]) {
  console.log(`${folder}deny.toml`);
  const { success } = await new Deno.Command(program, {
    // An exception that nothing needs any more is a warning, and has to go.
    args: ["--workspace", "--locked", "check", "--deny", "warnings", ...checks],
    cwd: ROOT + folder,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  sound &&= success;
}
Deno.exit(sound ? 0 : 1);
