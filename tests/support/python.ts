/** Tools in Python, installed once in an environment of their own under `.cache/`. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));

/**
 * The folder of the environment's programs; installs what is missing.
 *
 * @param name of the environment
 * @param requirements a file with every version and hash
 */
export async function programsOf(name: string, requirements: URL): Promise<string> {
  const digest = createHash("sha256").update(await Deno.readFile(requirements)).digest("hex");
  const folder = `${CACHE}${name}-${digest.slice(0, 12)}`;
  await Deno.mkdir(folder, { recursive: true });
  // Test files may run at once; the first one installs, the others wait.
  using lock = await Deno.open(`${folder}/lock`, { write: true, create: true });
  await lock.lock(true);
  const ready = `${folder}/ready`;
  const bin = `${folder}/venv/bin`;
  if (!await Deno.stat(ready).catch(() => null)) {
    await run("python3", ["-m", "venv", "--clear", `${folder}/venv`]);
    const quietly = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes"];
    await run(`${bin}/pip`, [...quietly, "--requirement", fileURLToPath(requirements)]);
    await Deno.writeTextFile(ready, "");
  }
  return bin;
}

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program is run; every option has a default. */
export interface RunOptions {
  /** Exit codes that are no failure. */
  readonly allowed?: number[];
  readonly cwd?: string;
  /** What it reads from standard input. */
  readonly input?: string;
  /** Whether it sees nothing of this environment. */
  readonly clearEnv?: boolean;
}

/**
 * Runs a program to its end.
 *
 * @throws {Error} where it cannot be run, or ends with another code than 0 and that is not `allowed`
 */
export async function run(
  program: string,
  args: string[],
  { allowed = [0], input = "", ...options }: RunOptions = {},
): Promise<Ended> {
  const what = `${program} ${args.slice(0, 2).join(" ")}`;
  const hint = "It needs Python 3.11 or later with venv and pip.";
  const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args, ...options, ...piped }).spawn();
  } catch (cause) {
    throw new Error(`${what} cannot be run. ${hint}`, { cause });
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const output = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const ended = {
    code: output.code,
    stdout: decode(output.stdout),
    stderr: decode(output.stderr),
  };
  if (!allowed.includes(ended.code)) {
    throw new Error(`${what} failed. ${hint}\n${ended.stdout}\n${ended.stderr}`);
  }
  return ended;
}
