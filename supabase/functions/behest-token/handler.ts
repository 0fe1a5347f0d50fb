/** The way of a request, top to bottom. What is decided is decided in the core; this carries. */
import type { Candidate, Core, Environment, Fault, Setup } from "../../../pkg/behest_token.js";
import { fetchToken, traceIdOf } from "./behest.ts";
import { corsHeaders, isAllowed, METHODS, preflight } from "./cors.ts";
import { JwksCache } from "./jwks.ts";
import { Entry, type Line, loggable, once } from "./log.ts";
import { callerHeaders, fetchPlan, fetchUser, publicHeaders, withUser } from "./supabase.ts";
import { boundedBytes, type Clock, NOTHING, Recall, type World } from "./upstream.ts";
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
    let mayAsk = isAllowed([], origin);
    try {
      const ready = await ours;
      mayAsk = isAllowed(ready.setup.origins, origin);
      if (request.method === "OPTIONS") return preflight(mayAsk, origin, askedBy(request));
      const body = await exchange(request, mayAsk, ready, deps, entry);
      deps.log(entry.line("ok", 200));
      return answer(200, body, corsHeaders(mayAsk, origin), entry);
    } catch (error) {
      const { facts } = entry;
      if (!isFault(error)) {
        // The core that broke is not used again; one opened since is sound.
        if (isolate === ours) isolate = undefined;
        facts.cause = String(error);
      }
      if (request.method === "OPTIONS") return preflight(mayAsk, origin, askedBy(request));
      const refusal = isFault(error) ? error : faults.internal;
      // Settings at fault are the operator's to mend, and the log is where operators look.
      facts.detail = refusal.code === "misconfigured" ? refusal.message : refusal.detail;
      if (refusal.notice) notice(refusal.notice);
      deps.log(entry.line(refusal.code, refusal.status));
      return refuse(refusal, corsHeaders(mayAsk, origin), entry);
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
  mayAsk: boolean,
  { core, setup, keys, notice }: Isolate,
  deps: Deps,
  entry: Entry,
): Promise<string> {
  const { clock } = deps;
  const { facts } = entry;
  const deadline = entry.start + REQUEST_MS;
  facts.mode = setup.mode;

  if (setup.fault) throw setup.fault;
  if (!mayAsk) throw faults.origin_forbidden;
  if (request.method !== "POST") throw faults.method_not_allowed;
  const body = await readBody(request, clock, deadline);

  const token = core.read(body, request.headers.get("Authorization"));

  let candidate: Candidate;
  entry.begin();
  try {
    await keys?.provide(token, deadline);
    candidate = await core.verify(token, clock.now());
  } finally {
    entry.end("verify");
  }
  facts.alg = candidate.algorithm;

  // The user and the plan are asked for at the same time, unless nobody vouches for the token yet:
  // then the Auth server is asked first, and alone. An ended session does not wait for the plan.
  const { userUrl, planUrl, supabaseKey, mintUrl, behestKey } = setup;
  const headers = userUrl ?? planUrl ? callerHeaders(candidate, supabaseKey) : {};
  const planOf = planUrl && withUser(planUrl, candidate.sub);
  const { verified } = candidate;
  const start = entry.latest;
  const recall = new Recall();
  const askForPlan = (start: number) => {
    if (planOf === undefined) return undefined;
    // One that the token can do without leaves time for the rest.
    const span = { start, deadline: setup.planOptional ? (start + deadline) / 2 : deadline };
    return entry.time("plan", start, fetchPlan(planOf, headers, span, recall, deps));
  };
  const user = userUrl &&
    entry.time("user", start, fetchUser(userUrl, headers, { start, deadline }, deps));
  const early = verified ? askForPlan(start) : undefined;
  let session;
  try {
    session = core.confirm(candidate, await user || undefined, clock.now());
  } catch (error) {
    recall.now();
    throw error;
  }
  facts.uid = loggable(session.uid);
  const grant = core.grant(session, await (early ?? askForPlan(entry.latest)));
  const { tier, notice: told } = grant;
  facts.tier = tier;
  if (told) notice(told);

  try {
    if (mintUrl === undefined || behestKey === undefined) {
      return await core.sign(grant, clock.now());
    }
    const span = { start: entry.latest, deadline };
    const minted = await fetchToken(mintUrl, behestKey, core.request(grant), span, deps);
    entry.traceId = traceIdOf(minted);
    return core.accept(grant, minted, clock.now());
  } finally {
    entry.end("mint");
  }
}

/** The headers that a preflight asks for. */
const askedBy = ({ headers }: Request) => headers.get("Access-Control-Request-Headers");

/** The body's bytes, read up to its limit and in its time, and no further. */
async function readBody(request: Request, clock: Clock, deadline: number): Promise<Uint8Array> {
  const length = request.headers.get("Content-Length");
  // Looked at before the body: Deno makes a stream at the first look, even of one that is known to be
  // empty. Chunks outrank the length (RFC 9112 section 6.3).
  if (length === "0" && !request.headers.has("Transfer-Encoding")) return NOTHING;
  if (request.body === null) return NOTHING;
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

function refuse(
  { code, status, message, retryAfter }: Fault,
  headers: Record<string, string>,
  entry: Entry,
): Response {
  if (retryAfter !== undefined) headers["Retry-After"] = String(retryAfter);
  if (code === "method_not_allowed") headers["Allow"] = METHODS;
  return answer(status, JSON.stringify({ error: { code, message } }), headers, entry);
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
