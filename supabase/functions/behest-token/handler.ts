/** The way of a request, top to bottom. What is decided is decided in the core; this carries. */
import type { Core, Environment, Fault, Setup } from "../../../pkg/behest_token.js";
import { fetchToken, traceIdOf } from "./behest.ts";
import { corsHeaders, isAllowed, METHODS, preflight } from "./cors.ts";
import { JwksCache } from "./jwks.ts";
import { Entry, type Line, loggable, once } from "./log.ts";
import { fetchPlan, fetchUser, publicHeaders } from "./supabase.ts";
import { boundedBytes, type Clock, NOTHING, type World } from "./upstream.ts";
import { faults, isFault, openCore } from "./wasm.ts";

/** What the function needs of the world. */
export interface Deps extends World {
  /** The settings. */
  readonly env: Environment;
  /** Takes one line a request. */
  readonly log: (line: Line) => void;
}

/** Milliseconds in which a whole request is answered. */
const REQUEST_MS = 10_000;
/** Longest body in bytes. */
const MAX_BODY_BYTES = 16 * 1024;

/** What an isolate keeps: settings read, keys imported, and nothing about users. */
interface Isolate {
  readonly core: Core;
  readonly setup: Setup;
  readonly keys?: JwksCache;
  readonly notice: (notice: string) => void;
}

/** The function. It answers everything and never rejects. */
export function createHandler(deps: Deps): (request: Request) => Promise<Response> {
  const notice = once(deps.log);
  let isolate: Promise<Isolate> | undefined = open(deps, notice);
  // A request that cannot be served says so itself.
  isolate.catch(() => {});
  return async (request) => {
    const entry = new Entry(deps.clock);
    const origin = request.headers.get("Origin");
    const ours = isolate ??= open(deps, notice);
    let allowed: readonly string[] = [];
    try {
      const ready = await ours;
      allowed = ready.setup.origins;
      if (request.method === "OPTIONS") return preflight(allowed, origin, askedBy(request));
      const body = await exchange(request, ready, deps, entry);
      deps.log(entry.line("ok", 200));
      return answer(200, body, corsHeaders(allowed, origin), entry);
    } catch (error) {
      if (!isFault(error)) {
        // The core that broke is not used again; one opened since is sound.
        if (isolate === ours) isolate = undefined;
        entry.note({ cause: String(error) });
      }
      if (request.method === "OPTIONS") return preflight(allowed, origin, askedBy(request));
      const fault = isFault(error) ? error : faults.internal;
      // Settings at fault are the operator's to mend, and the log is where operators look.
      entry.note({ detail: fault.code === "misconfigured" ? fault.message : fault.detail });
      if (fault.notice) notice(fault.notice);
      deps.log(entry.line(fault.code, fault.status));
      return refuse(fault, corsHeaders(allowed, origin), entry);
    }
  };
}

async function open(deps: Deps, notice: (notice: string) => void): Promise<Isolate> {
  const core = await openCore(deps.env);
  const setup = core.setup();
  setup.warnings.forEach(notice);
  const headers = publicHeaders(setup.jwksKey);
  const keys = setup.jwksUrl === undefined
    ? undefined
    : new JwksCache(core, setup.jwksUrl, headers, setup.hasKeySet, deps, notice);
  return { core, setup, keys, notice };
}

/** From a request to the body of its 200. Rejects with the fault that ends it early. */
async function exchange(
  request: Request,
  { core, setup, keys, notice }: Isolate,
  deps: Deps,
  entry: Entry,
): Promise<string> {
  const { clock } = deps;
  const deadline = entry.start + REQUEST_MS;
  entry.note({ mode: setup.mode });

  if (setup.fault) throw setup.fault;
  if (!isAllowed(setup.origins, request.headers.get("Origin"))) throw faults.origin_forbidden;
  if (request.method !== "POST") throw faults.method_not_allowed;
  const body = await readBody(request, clock, deadline);
  core.check(body);
  entry.begin();

  const candidate = await entry.time("verify", async () => {
    const token = core.read(request.headers.get("Authorization"));
    await keys?.provide(token, deadline);
    return await core.verify(token, clock.now());
  });
  entry.note({ alg: candidate.algorithm });

  // The user and the plan are asked for at the same time, unless nobody vouches for the token yet:
  // then the Auth server is asked first, and alone. An ended session does not wait for the plan.
  const { userUrl, planUrl, mintUrl, behestKey } = setup;
  const { sub, authorization, verified } = candidate;
  const headers = { ...publicHeaders(setup.supabaseKey), "Authorization": authorization };
  const planUnwanted = new AbortController();
  const askForPlan = () =>
    planUrl && entry.time("plan", (start) => {
      // One that the token can do without leaves time for the rest.
      const span = { start, deadline: setup.planOptional ? (start + deadline) / 2 : deadline };
      return fetchPlan(planUrl, sub, headers, span, planUnwanted.signal, deps);
    });
  const user = userUrl &&
    entry.time("user", (start) => fetchUser(userUrl, headers, { start, deadline }, deps));
  const early = verified ? askForPlan() : undefined;
  // It may fail before anybody waits for it, and an unheard rejection ends the process.
  if (early) early.catch(() => {});
  let session;
  try {
    session = core.confirm(candidate, await user || undefined, clock.now());
  } catch (error) {
    planUnwanted.abort();
    throw error;
  }
  entry.note({ uid: loggable(session.uid) });
  const grant = core.grant(session, await (early ?? askForPlan()) || undefined, body);
  entry.note({ tier: grant.tier });
  if (grant.notice) notice(grant.notice);

  return await entry.time("mint", async (start) => {
    if (mintUrl === undefined || behestKey === undefined) {
      return await core.sign(grant, clock.now());
    }
    const span = { start, deadline };
    const minted = await fetchToken(mintUrl, behestKey, core.request(grant), span, deps);
    entry.traceId = traceIdOf(minted);
    return core.accept(grant, minted, clock.now());
  });
}

/** The headers that a preflight asks for. */
const askedBy = ({ headers }: Request) => headers.get("Access-Control-Request-Headers");

/** The body's bytes, read up to its limit and in its time, and no further. */
async function readBody(request: Request, clock: Clock, deadline: number): Promise<Uint8Array> {
  const length = request.headers.get("Content-Length");
  if (request.body === null) return NOTHING;
  // Deno makes a stream even of a body that is known to be empty. Chunks outrank the length (RFC 9112
  // section 6.3).
  if (length === "0" && !request.headers.has("Transfer-Encoding")) return NOTHING;
  if (Number(length) > MAX_BODY_BYTES) throw faults.request_too_large;
  const late = new AbortController();
  const stopTimer = clock.after(deadline - clock.tick(), () => late.abort());
  try {
    const bytes = await boundedBytes(request.body, MAX_BODY_BYTES, late.signal);
    if (late.signal.aborted) throw faults.invalid_request;
    if (bytes === undefined) throw faults.request_too_large;
    return bytes;
  } catch (error) {
    // The caller hung up.
    throw isFault(error) ? error : faults.invalid_request;
  } finally {
    stopTimer();
  }
}

function refuse(fault: Fault, headers: Record<string, string>, entry: Entry): Response {
  const { code, message, retryAfter } = fault;
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  if (code === "method_not_allowed") headers["Allow"] = METHODS;
  return answer(fault.status, JSON.stringify({ error: { code, message } }), headers, entry);
}

function answer(
  status: number,
  body: string,
  headers: Record<string, string>,
  entry: Entry,
): Response {
  headers["Content-Type"] = "application/json";
  headers["Cache-Control"] = "no-store";
  headers["Server-Timing"] = entry.serverTiming();
  if (entry.traceId !== undefined) headers["X-Trace-Id"] = entry.traceId;
  return new Response(body, { status, headers });
}
