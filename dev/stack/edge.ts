/** The function as the stack runs it: in the mode and the way that one chooses, or out of reach. */

import { type Child, startChild } from "./child.ts";
import type { Credentials } from "../gateway/credentials.ts";
import { makeTurns } from "./turns.ts";

/** How the function gets a Behest token: by a call, or by signing it itself. */
export type Mode = "api-key" | "local";

/**
 * What the function goes by: `checked` asks the Auth server about the user and reads the plan from
 * the table; `claims` takes both from the session token, where an access token hook puts the plan.
 */
export type Way = "checked" | "claims";

/** What answers under the function's URL, and how. */
export interface EdgeState {
  state: Mode | "down";
  way: Way;
}

/**
 * The function, of which each mode in each way is a process of its own: its settings decide, as when
 * hosted.
 */
export interface Edge {
  readonly state: EdgeState;
  /** Starts the process that is wanted, where it is not running yet. What is not named stays. */
  set(wanted: Partial<EdgeState>): Promise<void>;
  /** Settles when the first process has ended. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** What to run the function with. */
export interface EdgeOptions {
  /** Path of the Deno binary. */
  deno: string;
  /** The mode and the way to begin with. */
  mode: Mode;
  way: Way;
  /** For all of them; of two values of one name this is the one that counts. */
  env: Record<string, string>;
  credentials: Credentials;
  /** Hosts beside the loopback that it may call. */
  hosts: string[];
  onLine: (line: string) => void;
  /** Where the function is from now on; nowhere, while it is down. */
  moved: (url: string | undefined) => void;
}

/** Only the first process is started: most people never switch. */
export async function startEdge(
  { deno, mode, way, env, credentials, hosts, onLine, moved }: EdgeOptions,
): Promise<Edge> {
  const children = new Map<string, Promise<Child>>();
  const start = (mode: Mode, way: Way): Promise<Child> => {
    const name = `${mode} ${way}`;
    const settings = { ...behestEnv(mode, credentials), ...WAYS[way], ...env };
    const child = children.get(name) ?? startFunction(deno, settings, onLine, hosts);
    children.set(name, child);
    // One that did not start may the next time.
    child.catch(() => children.delete(name));
    return child;
  };
  const first = await start(mode, way);
  moved(first.url);
  let now: EdgeState = { state: mode, way };
  // A start takes a while; whoever asks last has the last word.
  const inTurn = makeTurns();
  return {
    get state() {
      return now;
    },
    set: (wanted) =>
      inTurn(async () => {
        const { state, way } = { ...now, ...wanted };
        moved(state === "down" ? undefined : (await start(state, way)).url);
        now = { state, way };
      }),
    ended: first.ended,
    async stop() {
      const stopped = [...children.values()].map((child) => child.then(({ stop }) => stop()));
      await Promise.allSettled(stopped);
    },
  };
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

const WAYS: Record<Way, Record<string, string>> = {
  checked: {},
  claims: { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" },
};

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
