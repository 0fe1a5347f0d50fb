/**
 * The function as it runs when deployed: an own process with the shipped entry point, its HTTP
 * server and the real clock, between real sockets. For what a `World` in memory cannot show.
 */
import { startFunction } from "../../dev/stack/edge.ts";
import { makeBehestToken, publishing, userOf } from "./answers.ts";
import { FakeClock } from "./clock.ts";
import { type Claims, type Header, sessionToken, type Signer, signerOf } from "./keys.ts";
import { type Behaviour, type Call, json, type Route, routeOf } from "./upstreams.ts";
import { API_KEY, ORIGIN, PUBLISHABLE_KEY, type Routes, type Settings } from "./world.ts";

/** A session token that is good now, for an hour. */
export function liveToken(signer: Signer, claims: Claims = {}, header: Header = {}) {
  const now = Math.floor(Date.now() / 1000);
  return sessionToken(signer, { iat: now, exp: now + 3600, ...claims }, header);
}

/** Supabase and Behest on a loopback port, and every call that reached them. */
export class Upstream {
  readonly calls: Call[] = [];
  /** May be changed between requests. */
  readonly routes: Record<Route, Behaviour>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #nth: Record<string, number> = {};

  constructor(routes: Routes = {}) {
    this.routes = { ...healthy(), ...routes };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The calls to one upstream. */
  to(route: Call["route"]): Call[] {
    return this.calls.filter((call) => call.route === route);
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const route = routeOf(request.url);
    const call: Call = {
      route,
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: request.body ? await request.text() : undefined,
      redirect: "",
      at: performance.now(),
    };
    this.calls.push(call);
    if (route === "elsewhere") return Response.json({});
    const nth = this.#nth[route] ?? 0;
    this.#nth[route] = nth + 1;
    return await this.routes[route](call, { clock: new FakeClock(), nth });
  }
}

/** The key set that the function is given, as a project publishes it. */
const KEYS = JSON.stringify([(await signerOf("ES256")).jwk]);

/** Everything is well, and the user is on the plan `pro`. */
function healthy(): Record<Route, Behaviour> {
  return {
    user: (call, scene) => json(userOf(call))(call, scene),
    jwks: publishing(KEYS),
    plan: json([{ plan: "pro" }]),
    mint: async (call, scene) => {
      const { user_id, ttl, session_id } = JSON.parse(call.body ?? "{}");
      const now = Math.floor(Date.now() / 1000);
      const jwt = await makeBehestToken({ uid: user_id, sid: session_id }, now, ttl);
      return json({ jwt, project_id: "prj_1", ttl, session_id })(call, scene);
    },
  };
}

/** A running function. */
export interface Running {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Every line that it printed. */
  readonly log: string[];
  stop(): Promise<void>;
}

/**
 * What Supabase gives every function, and the least that a user has to set: ES256 keys inline, user
 * check and plan table on, API-key mode.
 *
 * @param upstream where both Supabase and Behest are, such as `new Upstream().url`
 */
export async function leastSettings(upstream: string): Promise<Settings> {
  const { jwk } = await signerOf("ES256");
  return {
    SUPABASE_URL: upstream,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }),
    BEHEST_KEY: API_KEY,
    BEHEST_BASE_URL: upstream,
    CORS_ORIGIN: ORIGIN,
  };
}

/** Settings as variables: one that is `undefined` is not there. */
export function variables(settings: Settings): Record<string, string> {
  const given = Object.entries(settings).filter((pair): pair is [string, string] =>
    pair[1] !== undefined
  );
  return Object.fromEntries(given);
}

/** Starts the function on this Deno, with the least settings and some others. */
export async function startRunning(upstream: string, settings: Settings = {}): Promise<Running> {
  const env = variables({ ...await leastSettings(upstream), ...settings });
  const log: string[] = [];
  const child = await startFunction(
    Deno.execPath(),
    env,
    (line) => log.push(line),
  );
  return { url: child.url, log, stop: child.stop };
}
