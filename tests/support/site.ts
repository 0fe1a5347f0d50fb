/** The function in this process, but with the platform's `fetch` and real sockets behind it. */
import { createHandler } from "../../supabase/functions/behest-token/handler.ts";
import type { Line } from "../../supabase/functions/behest-token/log.ts";
import type { Clock } from "../../supabase/functions/behest-token/upstream.ts";
import { Faulty, LOOPBACK } from "./faulty.ts";
import { signerOf } from "./keys.ts";
import { liveToken } from "./running.ts";
import { type Route, routeOf } from "./upstreams.ts";
import { API_KEY, PUBLISHABLE_KEY, type Settings } from "./world.ts";

/** A deployment. */
export interface Site {
  readonly faulty: Faulty;
  readonly log: Line[];
  /** How often each upstream was tried; a refused connection is a try, too. */
  readonly tries: Record<Route, number>;
  /** Upstreams where nobody listens. */
  readonly refused: Set<Route>;
  ask(): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;
  readonly text: string;
  /** Milliseconds, by the site's clock. */
  readonly ms: number;
}

/** Does something at a site, and leaves nothing open. Keys are fetched, all four upstreams called. */
export async function atSite(
  clock: Clock,
  work: (site: Site) => Promise<void>,
  settings: Settings = {},
): Promise<void> {
  const faulty = new Faulty(clock);
  const nobody = Deno.listen(LOOPBACK);
  nobody.close();
  const tries = { jwks: 0, user: 0, plan: 0, mint: 0 };
  const refused = new Set<Route>();
  const log: Line[] = [];
  const env: Settings = {
    SUPABASE_URL: faulty.url,
    SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
    BEHEST_KEY: API_KEY,
    BEHEST_BASE_URL: faulty.url,
    ...settings,
  };
  const handle = createHandler({
    env: { get: (name) => env[name] },
    fetch: (input, init) => {
      const url = new URL(String(input));
      const route = routeOf(url.href);
      if (route !== "elsewhere") {
        tries[route]++;
        if (refused.has(route)) url.port = String(nobody.addr.port);
      }
      return fetch(url, init);
    },
    clock,
    log: (line) => log.push(line),
  });
  const token = await liveToken(await signerOf("ES256"));
  let asksAgain = -Infinity;
  const ask = async () => {
    const pause = asksAgain - clock.tick();
    if (pause > 0) await new Promise<void>((resolve) => clock.after(pause, resolve));
    const start = clock.tick();
    const headers = { Authorization: `Bearer ${token}` };
    const request = new Request("http://localhost/", { method: "POST", headers });
    const response = await inTime(clock, handle(request));
    const text = await response.text();
    const code = response.status === 200 ? "ok" : JSON.parse(text).error.code;
    const ms = clock.tick() - start;
    // A first fetch of keys that has failed is not tried again for a second.
    if (/^auth_(unavailable|timeout)$|^supabase_rejected$/.test(code)) {
      asksAgain = clock.tick() + 1_100;
    }
    return { status: response.status, code, headers: response.headers, text, ms };
  };
  try {
    await work({ faulty, log, tries, refused, ask });
  } finally {
    await faulty.stop();
  }
}

/** What is not answered in three times its time never will be. */
async function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  let stopTimer = () => {};
  const late = new Promise<never>((_, reject) => {
    stopTimer = clock.after(30_000, () => reject(new Error("no answer came")));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    stopTimer();
  }
}
