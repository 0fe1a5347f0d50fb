/** `deno task release`: makes a version ready to be committed, tagged and published. */
import { fileURLToPath } from "node:url";

const HELP = `Makes a version ready: writes it into Cargo.toml, the lock files, openapi.yaml and
CHANGELOG.md, rebuilds pkg/ and checks everything. It commits, tags and publishes nothing; the
commands for that it prints.

  deno task release <version> [--dry-run]

  <version>  newer than the one in Cargo.toml, or that one where it is not released yet, such as 0.2.0;
             CHANGELOG.md has a section for it: ## 0.2.0, not released yet
  --dry-run  shows which files would change, and changes none

Exit code: 0 ready; 1 something is in the way, or a check failed; 2 wrong usage.`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The files that a version stands in. */
const FILES = ["Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", "openapi.yaml", "CHANGELOG.md"];

/** A reason not to release, told to whoever wants to. */
export class Obstacle extends Error {}

/**
 * Writes a version into the texts that name it.
 *
 * @param texts by their path, all of `FILES`
 * @param today as `2026-11-25`
 * @throws {Obstacle} where the version is none, or not newer, or the changelog does not know it
 */
export function release(
  texts: ReadonlyMap<string, string>,
  version: string,
  today: string,
): Map<string, string> {
  const text = (path: string) => texts.get(path) ?? "";
  const before = /^version = "([^"]+)"$/m.exec(text("Cargo.toml"))?.[1] ?? "";
  if (!/^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}$/.test(version)) {
    throw new Obstacle(`${version} is no version: three numbers, such as 0.2.0.`);
  }
  const heading = `## ${version}, not released yet\n`;
  if (!text("CHANGELOG.md").includes(heading)) {
    throw new Obstacle(`CHANGELOG.md has no section "${heading.trim()}": say there what changed.`);
  }
  if (!isNewer(version, before) && version !== before) {
    throw new Obstacle(`${version} is not newer than ${before}.`);
  }
  const written = new Map([
    ["Cargo.toml", replaced(text("Cargo.toml"), /^version = ".+"$/m, `version = "${version}"`)],
    ["openapi.yaml", replaced(text("openapi.yaml"), /^( +version: ).+$/m, `$1${version}`)],
    [
      "CHANGELOG.md",
      replaced(text("CHANGELOG.md"), heading, `## ${version}, ${today}\n`),
    ],
  ]);
  const locked = /(name = "behest-token"\nversion = )".+"/;
  for (const path of ["Cargo.lock", "fuzz/Cargo.lock"]) {
    written.set(path, replaced(text(path), locked, `$1"${version}"`));
  }
  return written;
}

function replaced(text: string, what: RegExp | string, by: string): string {
  const there = typeof what === "string" ? text.includes(what) : what.test(text);
  if (!there) throw new Obstacle(`${what} is not where it should be.`);
  return text.replace(what, by);
}

function isNewer(version: string, before: string): boolean {
  const [left, right] = [version, before].map((one) => one.split(".").map(Number));
  const differs = left?.findIndex((part, place) => part !== right?.[place]) ?? -1;
  return differs >= 0 && (left?.[differs] ?? 0) > (right?.[differs] ?? 0);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, cwd: ROOT, stdin: "null" }).spawn()
    .status;
  if (!success) throw new Obstacle(`${[program, ...args].join(" ")} failed.`);
}

async function isClean(): Promise<boolean> {
  const { stdout } = await new Deno.Command("git", { args: ["status", "--porcelain"], cwd: ROOT })
    .output();
  return stdout.length === 0;
}

async function main([version, ...options]: string[]): Promise<void> {
  const dryRun = options.includes("--dry-run");
  if (!dryRun && !await isClean()) {
    throw new Obstacle(
      "There are changes that are not committed: a release is a commit of its own.",
    );
  }
  const read = async (path: string) => [path, await Deno.readTextFile(`${ROOT}/${path}`)] as const;
  const texts = new Map(await Promise.all(FILES.map(read)));
  const today = new Date().toISOString().slice(0, 10);
  for (const [path, text] of release(texts, version ?? "", today)) {
    if (text === texts.get(path)) continue;
    console.log(`${dryRun ? "Would write" : "Wrote"} ${path}`);
    if (!dryRun) await Deno.writeTextFile(`${ROOT}/${path}`, text);
  }
  if (dryRun) return;
  await run(Deno.execPath(), "task", "build");
  await run(Deno.execPath(), "task", "check");
  console.log(`\n${version} is ready. Run the tests, look at git diff, and then:

  git commit -am "Release ${version}"
  git tag v${version}
  git push origin main v${version}    # .github/workflows/publish.yml publishes the tag`);
}

if (import.meta.main) {
  const [version, ...options] = Deno.args;
  if (Deno.args.includes("--help")) {
    console.log(HELP);
    Deno.exit(0);
  }
  if (version === undefined || options.some((option) => option !== "--dry-run")) {
    console.error(HELP);
    Deno.exit(2);
  }
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
