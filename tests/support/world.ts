/** A whole deployment in memory: settings, clock, upstreams, log, and the function among them. */
import { Buffer } from "node:buffer";
import { createHandler } from "../../supabase/functions/behest-token/handler.ts";
import type { Line } from "../../supabase/functions/behest-token/log.ts";
import { makeBehestToken, publishing, userOf } from "./answers.ts";
import { FakeClock } from "./clock.ts";
import { random, sessionToken, signerOf } from "./keys.ts";
import { type Behaviour, type Call, doubleFetch, json, type Route } from "./upstreams.ts";

export const SUPABASE_URL = "https://abcdefghijklmnopqrst.supabase.co";
export const BASE_URL = "https://amber-fox-042.behest.app";
export const ORIGIN = "https://app.example.com";
/** Made at run time, as every key here is. */
export const API_KEY = `behest_sk_live_${random(24)}`;
export const PUBLISHABLE_KEY = `sb_publishable_${random(24)}`;

export type Settings = Record<string, string | undefined>;
export type Routes = Partial<Record<Route, Behaviour>>;

/** What came back. */
export interface Answer {
  readonly status: number;
  /** The error's code; `ok` for a 200. */
  readonly code: string;
  readonly message: string;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- tests read it member by member, and a wrong guess fails
  readonly body: any;
}

/** What is sent. `token: null` sends no Authorization header. */
export interface Sent {
  readonly token?: string | null;
  readonly method?: string;
  readonly path?: string;
  readonly origin?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
}

export class World {
  readonly clock = new FakeClock();
  readonly lines: Line[] = [];
  readonly calls: Call[] = [];
  /** May be changed between requests. */
  readonly routes: Record<Route, Behaviour>;
  readonly settings: Settings;
  #handle?: (request: Request) => Promise<Response>;

  /** A setting that is `undefined` is not there. */
  private constructor(settings: Settings, routes: Routes) {
    this.settings = settings;
    this.routes = {
      user: (call, scene) => json(userOf(call))(call, scene),
      jwks: publishing(settings.SUPABASE_JWKS),
      plan: json([{ plan: "pro" }]),
      mint: async (call, scene) => {
        const { user_id, ttl, session_id } = JSON.parse(call.body ?? "{}");
        const claims = { uid: user_id, sid: session_id };
        const jwt = await this.clock.during(makeBehestToken(claims, this.clock.now(), ttl));
        return json({ jwt, project_id: "prj_1", ttl, session_id })(call, scene);
      },
      ...routes,
    };
  }

  /** By default: ES256 keys inline, user check and plan table on, API-key mode. */
  static async make(settings: Settings = {}, routes: Routes = {}): Promise<World> {
    const { jwk } = await signerOf("ES256");
    return new World({
      SUPABASE_URL,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
      SUPABASE_JWKS: JSON.stringify({ keys: [jwk] }),
      BEHEST_KEY: API_KEY,
      BEHEST_BASE_URL: BASE_URL,
      CORS_ORIGIN: ORIGIN,
      ...settings,
    }, routes);
  }

  /** Sends a request and lets time pass as needed. */
  async ask(sent: Sent = {}): Promise<Answer> {
    return await this.settle(this.start(sent));
  }

  /** Sends a request; time stands still. */
  async start(sent: Sent = {}): Promise<Answer> {
    this.#handle ??= createHandler({
      env: { get: (name) => this.settings[name] },
      fetch: doubleFetch(this.calls, this.routes, this.clock, this.settings.JWT_JWKS_URL),
      clock: this.clock,
      log: (line) => this.lines.push(line),
    });
    const token = sent.token === undefined ? await goodToken() : sent.token;
    const headers = new Headers(sent.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    if (sent.origin !== undefined) headers.set("Origin", sent.origin);
    const response = await this.#handle(
      new Request(`${SUPABASE_URL}${sent.path ?? "/functions/v1/behest-token"}`, {
        method: sent.method ?? "POST",
        headers,
        body: sent.body,
      }),
    );
    return await read(response);
  }

  /** Lets time pass whenever everything waits, until this is done. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const end = () => void (done = true);
    promise.then(end, end);
    while (!done) {
      await this.quiet(() => this.clock.waiting, () => done);
      if (!done) this.clock.advanceToNext();
    }
    return await promise;
  }

  /** Resolves when enough has happened and then, for a moment of real time, nothing more. */
  async quiet(enough = () => true, over = () => false): Promise<void> {
    let still = 0;
    for (let turns = 0; (still < 4 || !enough()) && !over(); turns++) {
      if (turns > 10_000) throw new Error("the world stands still, and so does its clock");
      const before = this.clock.events;
      await new Promise((resolve) => setTimeout(resolve, 0));
      still = this.clock.events === before ? still + 1 : 0;
    }
  }

  /** The calls to one upstream. */
  to(route: Call["route"]): Call[] {
    return this.calls.filter((call) => call.route === route);
  }

  /** The last line that tells of a request. */
  get line(): Line {
    return this.lines.findLast((line) => "code" in line) ?? {};
  }

  /** The log as it is printed. */
  get log(): string {
    return this.lines.map((line) => JSON.stringify(line)).join("\n");
  }
}

let token: Promise<string> | undefined;

/** The session token that is sent where a test says nothing else. */
export function goodToken(): Promise<string> {
  return token ??= signerOf("ES256").then((signer) => sessionToken(signer));
}

async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = Buffer.from(await response.arrayBuffer()).toString();
  const body = text === "" ? undefined : JSON.parse(text);
  const error = body?.error;
  const code = error?.code ?? (status === 200 ? "ok" : "");
  return { status, code, message: error?.message ?? "", headers, text, body };
}
