/** Starts the function in its own process, with probes around it. */
import { startChild } from "../../dev/stack/child.ts";
import type { Reading } from "./probes.ts";

/** A running function. */
export interface Probed {
  readonly url: string;
  /** What it holds now, after a garbage collection; `descriptors` where the system tells them. */
  read(): Promise<Reading & { descriptors: number }>;
  /** Makes its core trap in the next request. */
  trap(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * With the rights of a deployed function, and no more.
 *
 * @param onLine called with every line of its log
 */
export async function startProbed(
  env: Record<string, string>,
  onLine: (line: string) => void,
  deno = Deno.execPath(),
): Promise<Probed> {
  const probe = Promise.withResolvers<string>();
  const isolation = ["--no-config", "--no-lock", "--no-npm", "--no-remote"];
  const rights = ["--allow-net=127.0.0.1", "--allow-env", "--v8-flags=--expose-gc"];
  const child = await startChild({
    name: "The function",
    deno,
    args: [...isolation, ...rights, "tests/soak/function.ts"],
    env,
    inheritEnv: false,
    onLine: (line) => line.startsWith("probe ") ? probe.resolve(line.slice(6)) : onLine(line),
  });
  const url = await probe.promise;
  const get = async (path: string) => await (await fetch(url + path)).json();
  return {
    url: child.url,
    read: async () => {
      const reading: Reading = await get("/");
      return { ...reading, descriptors: await descriptors(reading.pid) };
    },
    trap: async () => {
      await get("/trap");
    },
    stop: child.stop,
  };
}

/** Open files and sockets of a process; 0 where the system has no /proc. */
async function descriptors(pid: number): Promise<number> {
  try {
    let count = 0;
    for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) count++;
    return count;
  } catch {
    return 0;
  }
}
