/** Stands before a server and bends what goes through. */

/** Answers itself, or passes the request on and bends the answer. */
export type Bend = (
  request: Request,
  pass: (request?: Request) => Promise<Response>,
) => Response | Promise<Response>;

/** A listening front. */
export interface BentFront {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  stop(): Promise<void>;
}

/** Headers of one hop, and those that do not fit a body that was read. */
const DROPPED = ["connection", "keep-alive", "transfer-encoding", "host", "content-length"];

/** @param target where everything goes that `bend` passes on */
export function startBent(target: string, bend: Bend): BentFront {
  const ended = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: ended.signal, onListen: () => {} },
    (request) => bend(request, (other = request) => passOn(target, other)),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop() {
      ended.abort();
      return server.finished;
    },
  };
}

async function passOn(target: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = without(request.headers);
  headers.set("Accept-Encoding", "identity");
  const body = request.body === null ? undefined : await request.arrayBuffer();
  const answer = await fetch(target + pathname + search, {
    method: request.method,
    headers,
    body,
    redirect: "manual",
  });
  const bytes = await answer.arrayBuffer();
  return new Response(bytes.byteLength === 0 ? null : bytes, {
    status: answer.status,
    headers: without(answer.headers),
  });
}

function without(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of DROPPED) kept.delete(name);
  return kept;
}

/** The same answer with another header; `undefined` takes it away. */
export function withHeader(answer: Response, name: string, value: string | undefined): Response {
  const bent = new Response(answer.body, answer);
  if (value === undefined) bent.headers.delete(name);
  else bent.headers.set(name, value);
  return bent;
}

/** The same request as another user. */
export function withToken({ url, method, headers }: Request, token: string): Request {
  const bent = new Headers(headers);
  bent.set("Authorization", `Bearer ${token}`);
  return new Request(url, { method, headers: bent });
}
