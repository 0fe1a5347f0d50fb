/**
 * The whole way on one machine: Supabase Lite, a double of Realtime and the function behind one
 * origin, and the double of the Behest gateway on a port of its own. Everything
 * listens on the loopback alone, and every key is made at the start.
 */

import { type Child, startChild } from "./child.ts";
import { makeControl } from "./control.ts";
import { type Mode, startEdge } from "./edge.ts";
import { type Credentials, makeCredentials, randomHex } from "../gateway/credentials.ts";
import { startFront } from "./front.ts";
import { startGateway } from "../gateway/gateway.ts";
import type { Limits } from "../gateway/limits.ts";
import { makePage } from "./page.ts";
import { makeRealtime, type Realtime, type RealtimeOptions } from "./realtime/realtime.ts";
import { PLANS, seedUsers, setPlan, type User } from "./users.ts";

/** Where the stack listens unless told otherwise; Supabase's own local port. */
export const DEFAULT_PORT = 54321;

/** Where the gateway listens unless told otherwise. */
export const DEFAULT_GATEWAY_PORT = 54330;

/** Where front ends usually run; the stack's own origin is allowed, too. */
const FRONT_END_ORIGINS = ["http://localhost:3000", "http://localhost:5173"];

/** Every option has a default. A port of 0 takes a free one. */
export interface StackOptions {
  port?: number;
  gatewayPort?: number;
  mode?: Mode;
  /** Without progress and the function's log on standard error. */
  quiet?: boolean;
  /** Path of the Deno binary that runs the function; by default this one. */
  deno?: string;
  /** More variables for the function, or others. */
  env?: Record<string, string>;
  /** More origins whose pages may call the function and the gateway. */
  origins?: string[];
  /** Limits of the gateway. */
  limits?: Partial<Limits>;
  /** Clock and limits of the double of Realtime. */
  realtime?: Pick<RealtimeOptions, "clock" | "limits">;
}

/** A running stack. */
export interface Stack {
  /** What `SUPABASE_URL` is: `http://127.0.0.1:<port>`. */
  url: string;
  /** The demo page, on an origin that is not Supabase's; it is at `url`, too. */
  pageUrl: string;
  functionUrl: string;
  gatewayUrl: string;
  publishableKey: string;
  /** Acts as the service role; for tests that change a plan. */
  secretKey: string;
  /** What Lite signs session tokens with (HS256). */
  jwtSecret: string;
  credentials: Credentials;
  /** Tells of changes of `profiles`; can be taken down. */
  realtime: Realtime;
  mode: Mode;
  /** One seeded user on each plan. */
  users: User[];
  /** Every line that the function printed so far. */
  functionLog: string[];
  /** Resolves with a message when a process has ended, also after `stop()`. */
  broken: Promise<string>;
  /** Ends every process and frees every port. */
  stop(): Promise<void>;
}

/** @throws {Error} where a port is taken or a part does not start; nothing is left running */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { mode = "api-key", quiet = false } = options;
  const say = quiet ? () => {} : (text: string) => console.error(text);
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    await Promise.all(running.splice(0).map((part) => part.stop()));
  };

  try {
    const front = await listen(options.port ?? DEFAULT_PORT, "--port", startFront);
    running.push(front);
    // Another origin than Supabase's, as a front end of one's own has.
    const pageUrl = front.url.replace("127.0.0.1", "localhost");
    const own = [front.url, pageUrl];
    const origins = [...FRONT_END_ORIGINS, ...own, ...options.origins ?? []];
    const credentials = await makeCredentials();
    const gateway = await listen(
      options.gatewayPort ?? DEFAULT_GATEWAY_PORT,
      "--gateway-port",
      (port) => startGateway({ port, credentials, origins, limits: options.limits }),
    );
    running.push(gateway);

    const keys = {
      jwtSecret: randomHex(32),
      publishableKey: `sb_publishable_${randomHex(16)}`,
      secretKey: `sb_secret_${randomHex(16)}`,
    };
    const realtime = makeRealtime({ ...keys, ...options.realtime });
    running.push(realtime);
    say("Starting Supabase Lite (the first start downloads it) …");
    const lite = await startLite(keys, realtime.hear);
    running.push(lite);

    say("Starting the function …");
    const functionLog: string[] = [];
    const edge = await startEdge({
      deno: options.deno ?? Deno.execPath(),
      mode,
      credentials,
      env: {
        SUPABASE_URL: front.url,
        SUPABASE_PUBLISHABLE_KEY: keys.publishableKey,
        JWT_SECRET: keys.jwtSecret,
        BEHEST_BASE_URL: gateway.url,
        CORS_ORIGIN: origins.join(","),
        ...options.env,
      },
      onLine(line) {
        functionLog.push(line);
        say(`function  ${line}`);
      },
      moved: (url) =>
        front.open({
          "/auth/v1": lite.url,
          "/rest/v1": lite.url,
          "/functions/v1/behest-token": url,
          "/realtime/v1/websocket": realtime.answer,
        }),
    });
    running.push(edge);

    say("Seeding a user on each plan …");
    const users = await seedUsers(front.url, keys.publishableKey, keys.secretKey);
    const shown = { url: front.url, gatewayUrl: gateway.url, users };
    const page = makePage({ ...shown, publishableKey: keys.publishableKey, plans: PLANS });
    const control = makeControl({
      state: () => edge.state,
      setState: edge.set,
      revoke: gateway.revoke,
      setPlan: (id, plan) => setPlan(front.url, keys.secretKey, id, plan),
    }, own);
    front.show(async (request) => await control(request) ?? await page(request));
    return {
      ...keys,
      url: front.url,
      pageUrl,
      functionUrl: `${front.url}/functions/v1/behest-token`,
      gatewayUrl: gateway.url,
      credentials,
      realtime,
      mode,
      users,
      functionLog,
      broken: Promise.race([
        lite.ended.then(() => "Supabase Lite has ended."),
        edge.ended.then(() => "The function has ended."),
      ]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Its right to the network keeps it on the loopback; it needs none to write. */
function startLite(
  keys: { jwtSecret: string; publishableKey: string; secretKey: string },
  onLine: (line: string) => void,
): Promise<Child> {
  return startChild({
    name: "Supabase Lite",
    deno: Deno.execPath(),
    args: [
      "--allow-net=127.0.0.1",
      "--allow-env",
      "--allow-read",
      "--allow-sys",
      "dev/stack/lite.ts",
    ],
    env: {
      JWT_SECRET: keys.jwtSecret,
      SUPABASE_PUBLISHABLE_KEY: keys.publishableKey,
      SUPABASE_SECRET_KEY: keys.secretKey,
      DO_NOT_TRACK: "1",
    },
    inheritEnv: true,
    onLine,
  });
}

/** @throws {Error} that names the flag to set, where the port is taken */
function listen<T>(
  port: number,
  flag: string,
  start: (port: number) => Promise<T>,
): Promise<T> {
  return start(port).catch((error) => {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(`Port ${port} is taken. Choose another one with ${flag}.`, {
      cause: error,
    });
  });
}
