/** A double of everything behind the function: the Auth server, PostgREST and Behest. */
import type { FakeClock } from "./clock.ts";

export const ROUTES = ["user", "jwks", "plan", "mint"] as const;
export type Route = typeof ROUTES[number];

/** A call as it went over the wire. */
export interface Call {
  /** `elsewhere` is a place that the function has no business with. */
  readonly route: Route | "elsewhere";
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: string;
  /** The tick at which it went out. */
  readonly at: number;
}

/** What a behaviour may look at. */
export interface Scene {
  readonly clock: FakeClock;
  readonly signal?: AbortSignal;
  /** Which call of its route this is, from 0. */
  readonly nth: number;
}

/** How an upstream answers. */
export type Behaviour = (call: Call, scene: Scene) => Response | Promise<Response>;

type HeaderList = Record<string, string>;

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: HeaderList = {}): Behaviour {
  return raw(JSON.stringify(body), status, { "Content-Type": "application/json", ...headers });
}

/** Answers with these bytes. */
export function raw(
  body: string | Uint8Array<ArrayBuffer> | null,
  status = 200,
  headers: HeaderList = {},
): Behaviour {
  return () => new Response(body, { status, headers });
}

/** What stands in the bodies of failing upstreams. */
export const UPSTREAM_SECRET = "connection string postgres://leaky:hunter2@db.internal";

/** Answers with an error whose body must never be seen again, and which nobody has signed. */
export function failing(status = 500, headers: HeaderList = {}): Behaviour {
  return json({ error: { code: "upstream", message: UPSTREAM_SECRET } }, status, headers);
}

/** The Auth server's own refusal, which bears both of its marks. */
export function authRefusal(status = 403, code = "session_not_found"): Behaviour {
  return json({ code: status, error_code: code, msg: UPSTREAM_SECRET }, status, {
    "x-sb-error-code": code,
  });
}

/** PostgREST's own refusal, which bears both of its marks. */
export function restRefusal(status: number, code: string): Behaviour {
  return json({ code, details: UPSTREAM_SECRET, hint: null, message: UPSTREAM_SECRET }, status, {
    "Proxy-Status": `PostgREST; error=${code}`,
  });
}

/** A refusal of Supabase's gateway: what it adds stands on passed-on answers too, and proves nothing. */
export function gatewayRefusal(status = 401, message = "Invalid API key"): Behaviour {
  return json({ message, hint: UPSTREAM_SECRET }, status, {
    "sb-error-code": "UNAUTHORIZED_INVALID_API_KEY",
    "sb-project-ref": "abcdefghijklmnopqrst",
    "sb-request-id": "01900000-0000-7000-8000-000000000000",
  });
}

/** What PostgREST says where there is no plan to be had: no such table, no such column, no right. */
export const NO_TABLE: Behaviour = restRefusal(404, "PGRST205");
export const NO_COLUMN: Behaviour = restRefusal(400, "42703");
export const NO_RIGHT: Behaviour = restRefusal(403, "42501");

/** Accepts the call and says nothing, until the caller gives up. */
export const hang: Behaviour = () => new Promise(() => {});

/** Sends its headers and the beginning of a body, and no more. */
export const hangInBody: Behaviour = (_, { signal }) =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("["));
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
    }),
    { headers: { "Content-Type": "application/json" } },
  );

/** Breaks off within the body. */
export const breakInBody: Behaviour = () =>
  new Response(
    new ReadableStream({
      pull(controller) {
        controller.error(new TypeError("connection reset by peer"));
      },
    }),
  );

/** No connection. */
export const unreachable: Behaviour = () => {
  throw new TypeError(`error sending request: ${UPSTREAM_SECRET}`);
};

export const html: Behaviour = raw("<!doctype html><title>Welcome to nginx</title>", 200, {
  "Content-Type": "text/html",
});

export const brokenJson: Behaviour = raw('{"keys": [{"kty"', 200, {
  "Content-Type": "application/json",
});

/** Points to another host. */
export function redirect(status = 302): Behaviour {
  return raw(null, status, { "Location": "https://elsewhere.example/collect" });
}

/** 429 with this `Retry-After`. */
export function tooMany(retryAfter?: string): Behaviour {
  return failing(429, retryAfter === undefined ? {} : { "Retry-After": retryAfter });
}

/** One behaviour after the other; the last one stays. */
export function inTurn(...behaviours: Behaviour[]): Behaviour {
  return (call, scene) => (behaviours[scene.nth] ?? behaviours.at(-1) ?? hang)(call, scene);
}

/** Answers after a time. */
export function slow(ms: number, behaviour: Behaviour): Behaviour {
  return async (call, scene) => {
    await new Promise<void>((resolve) => scene.clock.after(ms, resolve));
    return await behaviour(call, scene);
  };
}

/** The JSON answer, followed by white space up to a length in bytes. */
export function padded(behaviour: Behaviour, length: number): Behaviour {
  return async (call, scene) => {
    const response = await behaviour(call, scene);
    return new Response((await response.text()).padEnd(length), response);
  };
}

/**
 * `fetch`, as the function is given it.
 *
 * @param keysUrl where a third party's keys are
 */
export function doubleFetch(
  calls: Call[],
  routes: Record<Route, Behaviour>,
  clock: FakeClock,
  keysUrl?: string,
): typeof fetch {
  async function respond(call: Call, signal: AbortSignal | undefined): Promise<Response> {
    const nth = calls.filter(({ route }) => route === call.route).length;
    calls.push(call);
    clock.events++;
    if (call.route === "elsewhere") return Response.json({});
    return await routes[call.route](call, { clock, signal, nth });
  }

  return async (input, init) => {
    const signal = init?.signal ?? undefined;
    const request = new Request(input, { ...init, signal: null });
    const call: Call = {
      route: request.url === keysUrl ? "jwks" : routeOf(request.url),
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: request.body ? await request.text() : undefined,
      redirect: request.redirect,
      at: clock.tick(),
    };
    const response = await untilAborted(respond(call, signal), signal);
    clock.events++;
    const location = response.headers.get("Location");
    if (location === null || response.status < 300 || response.status > 399) return response;
    if (request.redirect === "error") throw new TypeError("redirect refused");
    // A caller that follows takes its headers along: that is what must never happen.
    return request.redirect === "manual"
      ? response
      : await respond({ ...call, route: "elsewhere", url: location }, signal);
  };
}

async function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** Which upstream a URL is of. */
export function routeOf(url: string): Call["route"] {
  const { pathname } = new URL(url);
  if (pathname === "/auth/v1/user") return "user";
  if (pathname === "/auth/v1/.well-known/jwks.json") return "jwks";
  if (pathname.startsWith("/rest/v1/")) return "plan";
  return pathname === "/v1/auth/mint" ? "mint" : "elsewhere";
}
