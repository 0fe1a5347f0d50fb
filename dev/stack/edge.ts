/** The function as the stack runs it: in the mode that one chooses, or out of reach. */

import { type Child, startChild } from "./child.ts";
import type { Credentials } from "../gateway/credentials.ts";

/** How the function gets a Behest token: by a call, or by signing it itself. */
export type Mode = "api-key" | "local";

/** What answers under the function's URL. */
export type EdgeState = Mode | "down";

/** The function, of which each mode is a process of its own: its key decides, as when hosted. */
export interface Edge {
  state: EdgeState;
  /** Starts the process of that mode, where it is not running yet. */
  set(state: EdgeState): Promise<void>;
  /** Settles when the process of the first mode has ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** What to run the function with. */
export interface EdgeOptions {
  /** Path of the Deno binary. */
  deno: string;
  /** The mode to begin with. */
  mode: Mode;
  /** For either mode; of two values of one name this is the one that counts. */
  env: Record<string, string>;
  credentials: Credentials;
  /** Hosts beside the loopback that it may call. */
  hosts: string[];
  onLine: (line: string) => void;
  /** Where the function is from now on; nowhere, while it is down. */
  moved: (url: string | undefined) => void;
}

/** Only the first mode's process is started: most people never switch. */
export async function startEdge(
  { deno, mode, env, credentials, hosts, onLine, moved }: EdgeOptions,
): Promise<Edge> {
  const children = new Map<Mode, Promise<Child>>();
  const start = (mode: Mode): Promise<Child> => {
    const child = children.get(mode) ??
      startFunction(deno, { ...behestEnv(mode, credentials), ...env }, onLine, hosts);
    children.set(mode, child);
    // One that did not start may the next time.
    child.catch(() => children.delete(mode));
    return child;
  };
  const first = await start(mode);
  moved(first.url);
  const edge: Edge = {
    state: mode,
    async set(state) {
      moved(state === "down" ? undefined : (await start(state)).url);
      edge.state = state;
    },
    ended: first.ended,
    async stop() {
      const stopped = [...children.values()].map((child) => child.then(({ stop }) => stop()));
      await Promise.allSettled(stopped);
    },
  };
  return edge;
}

/** Without packages and without this repository's settings: what ships needs none. */
export function startFunction(
  deno: string,
  env: Record<string, string>,
  onLine: (line: string) => void,
  hosts: string[] = [],
): Promise<Child> {
  const net = ["127.0.0.1", ...hosts].join(",");
  const isolation = ["--no-config", "--no-lock", "--no-npm", "--no-remote"];
  return startChild({
    name: "The function",
    deno,
    args: [...isolation, `--allow-net=${net}`, "--allow-env", "dev/stack/function.ts"],
    env,
    inheritEnv: false,
    onLine,
  });
}

function behestEnv(
  mode: Mode,
  credentials: Credentials,
): Record<string, string> {
  if (mode === "api-key") return { BEHEST_KEY: credentials.apiKey };
  return {
    BEHEST_KEY: credentials.signingKey,
    BEHEST_KID: credentials.kid,
    BEHEST_TENANT_ID: credentials.tenantId,
    BEHEST_PROJECT_ID: credentials.projectId,
  };
}
