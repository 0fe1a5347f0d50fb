/** A contestant's process: started as an edge runtime would, and weighed from outside. */
import type { Contestant } from "./contestants.ts";

/** A running contestant. */
export interface Running {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds that the import of its entry point took, and its WebAssembly module of that. */
  readonly imported: Promise<readonly [number, number]>;
  stop(): Promise<void>;
}

const ROOT = new URL("..", import.meta.url);

/** Rights of a deployed function; reading too, since the entry point's path is an argument. */
const RIGHTS = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-env", "--allow-read"];

/** What imports from npm. */
const LIBRARY_USERS = [
  "bench/contestants/seed.ts",
  "bench/contestants/server.ts",
  "bench/crypto.ts",
];

/** What Deno itself needs of the environment. */
const DENO_VARIABLES = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];

/**
 * Fetches every library of the contestants into a Deno's cache, with the whole environment, of which a
 * contestant itself is given too little to reach a registry.
 *
 * @throws {Error} with Deno's words, where it fails
 */
export async function fetchLibraries(deno: string): Promise<void> {
  await output(deno, ["cache", "--no-lock", ...LIBRARY_USERS]);
}

/**
 * Bundles a contestant into one minified file, `bench/out/<name>.js`, by the Deno that runs this.
 *
 * @returns where it is
 * @throws {Error} with Deno's words, where it fails
 */
export async function bundle(name: "seed" | "server"): Promise<URL> {
  const file = `bench/out/${name}.js`;
  const how = ["--quiet", "--minify", "--platform=deno", `--output=${file}`];
  await output(Deno.execPath(), ["bundle", ...how, `bench/contestants/${name}.ts`]);
  return new URL(file, ROOT);
}

/**
 * Runs a command to its end, in the folder of the repository, and gives what it prints.
 *
 * @throws {Error} with the command's own words, where it fails
 */
export async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Milliseconds that a contestant has to listen. */
const START_MS = 30_000;

/**
 * Starts a contestant; resolves when it listens.
 *
 * @param codeCache whether V8 may keep compiled code from the start before
 * @throws {Error} with its last words, where it ends before, or does not listen in time
 */
export async function start(
  { name, entry }: Contestant,
  env: Record<string, string>,
  deno: string,
  codeCache: boolean,
): Promise<Running> {
  const cache = codeCache ? [] : ["--no-code-cache"];
  const checks = ["--no-lock", "--no-check"];
  const child = new Deno.Command(deno, {
    args: ["run", ...checks, ...cache, ...RIGHTS, "bench/start.ts", entry],
    cwd: ROOT,
    clearEnv: true,
    env: { ...denoVariables(), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let complaint = "";
  const complained = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      complaint = (complaint + chunk).slice(-2000);
    }
  })();
  const late = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const port = Promise.withResolvers<number>();
  const imported = Promise.withResolvers<readonly [number, number]>();
  imported.promise.catch(() => {});
  (async () => {
    let text = "";
    const decoder = new TextDecoder();
    const reader = child.stdout.getReader({ mode: "byob" });
    for (let buffer = new Uint8Array(16 * 1024);;) {
      const { value } = await reader.read(buffer);
      if (value === undefined || value.length === 0) break;
      buffer = new Uint8Array(value.buffer);
      // Afterwards it is the log, which somebody must read. Who logs should not pay for more than that.
      if (text.includes("imported")) continue;
      text += decoder.decode(value, { stream: true });
      const ready = /^ready http:\/\/127\.0\.0\.1:(\d+)$/m.exec(text);
      if (ready) port.resolve(Number(ready[1]));
      const times = /^imported (\S+) (\S+)\n/m.exec(text);
      if (times) imported.resolve([Number(times[1]), Number(times[2])]);
    }
    await complained;
    const ended = new Error(`${name} does not start:\n${complaint}`);
    port.reject(ended);
    imported.reject(ended);
  })();
  const listening = await port.promise.finally(() => clearTimeout(late));
  return {
    port: listening,
    pid: child.pid,
    imported: imported.promise,
    async stop() {
      child.kill("SIGKILL");
      await child.status;
      await child.stdin.close().catch(() => {});
    },
  };
}

function denoVariables(): Record<string, string> {
  const given = DENO_VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  return Object.fromEntries(
    given.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** Milliseconds of processor that a process has used; NaN where the system has no /proc. */
export async function cpuOf(pid: number): Promise<number> {
  const fields = (await proc(pid, "stat")).split(") ")[1]?.split(" ") ?? [];
  // User and system time in ticks, of which Linux counts 100 a second.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** MiB of memory that a process holds; NaN where the system has no /proc. */
export async function memoryOf(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await proc(pid, "status"))?.[1]) / 1024;
}

async function proc(pid: number, file: string): Promise<string> {
  return await Deno.readTextFile(`/proc/${pid}/${file}`).catch(() => "");
}
