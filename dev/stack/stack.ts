/**
 * The whole way on one machine: Supabase Lite, a double of Realtime, where it is asked for one of
 * what signs sessions, and the function behind one origin, and the double of the Behest gateway on
 * a port of its own. Everything listens on the loopback alone, and every key is made at the start.
 */

import { attach, type Attached } from "./attached.ts";
import { makeControl } from "./control.ts";
import { type Mode, startEdge, type Way } from "./edge.ts";
import { type Credentials, makeCredentials } from "../gateway/credentials.ts";
import { startFront } from "./front.ts";
import { startGateway } from "../gateway/gateway.ts";
import type { Limits } from "../gateway/limits.ts";
import { makePage } from "./page.ts";
import type { PageSettings } from "../page/settings.ts";
import { type Issuer, issuerOf } from "./issuer/remote.ts";
import type { Realtime } from "./realtime/realtime.ts";
import { startSupabase, type Supabase, type SupabaseOptions } from "./supabase.ts";
import type { User } from "./users.ts";

/** Where the stack listens unless told otherwise; Supabase's own local port. */
export const DEFAULT_PORT = 54321;

/** Where the gateway listens unless told otherwise. */
export const DEFAULT_GATEWAY_PORT = 54330;

/** Where front ends usually run; the stack's own origin is allowed, too. */
const FRONT_END_ORIGINS = ["http://localhost:3000", "http://localhost:5173"];

/** Every option has a default. A port of 0 takes a free one. */
export interface StackOptions extends SupabaseOptions {
  port?: number;
  gatewayPort?: number;
  mode?: Mode;
  way?: Way;
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
}

/** A running stack, whatever its Supabase is. */
export interface AttachedStack {
  /** What `SUPABASE_URL` is: `http://127.0.0.1:<port>`. */
  url: string;
  /** The demo page, on an origin that is not Supabase's; it is at `url`, too. */
  pageUrl: string;
  functionUrl: string;
  gatewayUrl: string;
  publishableKey: string;
  credentials: Credentials;
  mode: Mode;
  /** Every line that the function printed so far. */
  functionLog: string[];
  /** Resolves with a message when a process has ended, also after `stop()`. */
  broken: Promise<string>;
  /** Ends every process and frees every port. */
  stop(): Promise<void>;
}

/** A running stack with a Supabase of its own. */
export interface Stack extends AttachedStack {
  /** Acts as the service role; for tests that change a plan. */
  secretKey: string;
  /** What Lite signs session tokens with (HS256); with an issuer nobody else takes those. */
  jwtSecret: string;
  /** What signs them with ES256, where that was asked for. */
  issuer?: Issuer;
  /** Tells of changes of `profiles`; can be taken down. */
  realtime: Realtime;
  /** One seeded user on each plan. */
  users: User[];
}

/** @throws {Error} where a port is taken or a part does not start; nothing is left running */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { supabase, ...stack } = await startAround(options, startSupabase);
  const { secretKey, jwtSecret, issuer, realtime, users } = supabase;
  return { ...stack, secretKey, jwtSecret, ...(issuer && { issuer }), realtime, users };
}

/**
 * The same around a Supabase that is there already; nothing is written there.
 * @throws {Error} as `startStack`
 */
export async function startAttached(options: StackOptions, to: Attached): Promise<AttachedStack> {
  const { supabase: _, ...stack } = await startAround(options, () => Promise.resolve(attach(to)));
  return stack;
}

/** @param start of the Supabase that all is put around, once its address is known */
async function startAround<S extends Supabase>(
  options: StackOptions,
  start: (url: string, options: StackOptions, say: (text: string) => void) => Promise<S>,
): Promise<AttachedStack & { supabase: S }> {
  const { mode = "api-key", way = "checked", quiet = false } = options;
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
      (port) =>
        startGateway({
          port,
          credentials,
          origins,
          limits: options.limits,
          trustedIssuers: options.issuer ? [issuerOf(front.url)] : [],
        }),
    );
    running.push(gateway);

    const supabase = await start(front.url, options, say);
    running.push(supabase);
    const { publishableKey, users, plans, setPlan } = supabase;

    say("Starting the function …");
    const functionLog: string[] = [];
    const edge = await startEdge({
      deno: options.deno ?? Deno.execPath(),
      mode,
      way,
      credentials,
      hosts: [new URL(supabase.url).host],
      env: {
        SUPABASE_URL: supabase.url,
        SUPABASE_PUBLISHABLE_KEY: publishableKey,
        BEHEST_BASE_URL: gateway.url,
        CORS_ORIGIN: origins.join(","),
        ...supabase.env,
        ...options.env,
      },
      onLine(line) {
        functionLog.push(line);
        say(`function  ${line}`);
      },
      moved: (url) => front.open({ "/functions/v1/behest-token": url, ...supabase.routes }),
    });
    running.push(edge);

    const shown = { url: front.url, gatewayUrl: gateway.url };
    const ways: PageSettings["ways"] = options.issuer?.hook ? ["checked", "claims", "direct"] : [];
    const page = makePage({ ...shown, publishableKey, users, plans, ways });
    const control = makeControl({
      state: () => edge.state,
      setState: edge.set,
      revoke: gateway.revoke,
      setPlan,
    }, own);
    front.show(async (request) => await control(request) ?? await page(request));
    return {
      ...shown,
      supabase,
      publishableKey,
      pageUrl,
      functionUrl: `${front.url}/functions/v1/behest-token`,
      credentials,
      mode,
      functionLog,
      broken: Promise.race([
        supabase.ended.then(() => "Supabase Lite has ended."),
        edge.ended.then(() => "The function has ended."),
      ]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
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
