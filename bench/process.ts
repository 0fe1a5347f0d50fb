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
 * Fetches every library of the contestants into Deno's cache, with the whole environment: a contestant
 * itself is given too little of it to reach a registry.
 *
 * @throws {Error} with Deno's words, where it fails
 */
export async function fetchLibraries(deno: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(deno, {
    args: ["cache", "--no-lock", ...LIBRARY_USERS],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/**
 * Starts a contestant; resolves when it listens.
 *
 * @param codeCache whether V8 may keep compiled code from the start before
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
    stderr: "null",
  }).spawn();
  const port = Promise.withResolvers<number>();
  const imported = Promise.withResolvers<readonly [number, number]>();
  imported.promise.catch(() => {});
  (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      // Afterwards it is the log, which somebody must read.
      if (text.includes("imported")) continue;
      text += chunk;
      const ready = /^ready http:\/\/127\.0\.0\.1:(\d+)$/m.exec(text);
      if (ready) port.resolve(Number(ready[1]));
      const times = /^imported (\S+) (\S+)\n/m.exec(text);
      if (times) imported.resolve([Number(times[1]), Number(times[2])]);
    }
    const ended = new Error(`${name} ended: ${text}`);
    port.reject(ended);
    imported.reject(ended);
  })();
  return {
    port: await port.promise,
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
