/**
 * The one origin of the local Supabase, as the API gateway of a hosted project
 * is: it hands a request on by its path and streams both bodies. What is left is the
 * demo page's.
 */

/** Path prefix to the URL that serves it, or what does here; to nothing, where it is down. */
export type Routes = Record<string, string | ((request: Request) => Response) | undefined>;

/** Answers the paths of no route, where it has something for them. */
export type Page = (request: Request) => Promise<Response | undefined>;

/** A listening front. */
export interface Front {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** Until this is called, every path is answered with 503. */
  open(routes: Routes): void;
  /** From now on the paths of no route are this page's. */
  show(page: Page): void;
  stop(): Promise<void>;
}

/**
 * Headers of one hop (RFC 9110, 7.6.1), what fetch sets by itself, and what a browser sends to every
 * port of this machine: cookies of other programs are nothing to Supabase, which may be elsewhere.
 */
const HOP_HEADERS = [
  "cookie",
  "referer",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "host",
];

/**
 * Listens at once, so that a taken port is known before anything is started.
 * @param port 0 takes a free one
 * @throws {Deno.errors.AddrInUse}
 */
// deno-lint-ignore require-await -- a taken port is a rejection, as with the gateway
export async function startFront(port: number): Promise<Front> {
  let routes: Routes = {};
  let page: Page = () => Promise.resolve(undefined);
  const ended = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: ended.signal,
    onListen: () => {},
  }, (request) => hand(request, routes, page));
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    open(opened) {
      routes = opened;
    },
    show(shown) {
      page = shown;
    },
    stop() {
      ended.abort();
      return server.finished;
    },
  };
}

async function hand(request: Request, routes: Routes, page: Page): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const prefix = Object.keys(routes).find((prefix) =>
    pathname === prefix || pathname.startsWith(`${prefix}/`)
  );
  if (!prefix) {
    const answer = await page(request);
    if (answer) return answer;
    const status = Object.keys(routes).length === 0 ? 503 : 404;
    return Response.json({ message: "Nothing is served here." }, { status });
  }
  const to = routes[prefix];
  // A socket cannot be handed on: who serves it upgrades the request itself.
  if (typeof to === "function") return to(request);
  // Hosted, the API gateway answers the CORS of these; Lite leaves headers out.
  const supabase = !prefix.startsWith("/functions/");
  if (supabase && request.method === "OPTIONS") return preflight(request);

  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  // fetch would decode a compressed answer, but leave its headers as they were.
  headers.set("Accept-Encoding", "identity");
  const dead = () => Response.json({ message: `${prefix} does not answer.` }, { status: 502 });
  const response = to === undefined ? dead() : await fetch(to + pathname + search, {
    method: request.method,
    headers,
    body: request.body,
    redirect: "manual",
  }).catch(dead);

  const answer = new Response(response.body, response);
  answer.headers.delete("Set-Cookie");
  if (supabase) answer.headers.set("Access-Control-Allow-Origin", "*");
  if (supabase) answer.headers.delete("Access-Control-Allow-Credentials");
  return answer;
}

function preflight(request: Request): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
      "Access-Control-Allow-Headers": request.headers.get("access-control-request-headers") ?? "*",
      "Access-Control-Max-Age": "3600",
    },
  });
}
