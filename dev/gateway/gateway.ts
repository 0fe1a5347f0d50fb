/**
 * A double of the Behest gateway, the one party that cannot run here: Behest is
 * a closed service. It keeps to what Behest documents, and the official Python
 * SDK works against it (`tests/sdk_test.ts`).
 */

import { type Credentials, makeCredentials, randomHex } from "./credentials.ts";
import { answerChat, MODEL, parseChat } from "./chat.ts";
import { forbidden, GatewayFault, invalidToken, validationError } from "./fault.ts";
import { makeIssuers, type TrustedIssuer } from "./issuers.ts";
import { DEFAULT_LIMITS, type Limits, makeLimiter } from "./limits.ts";
import { makeTokens, type MintRequest, RESERVED_USERS } from "./tokens.ts";

/** Largest request body, in bytes. */
const BODY_LIMIT = 1024 * 1024;

/** What a browser may send; the OpenAI SDK adds headers of a common prefix. */
const ALLOWED_HEADERS = ["authorization", "content-type", "x-session-id"];
const ALLOWED_HEADER_PREFIX = "x-stainless-";

/** Every option has a default that suits a test. */
export interface GatewayOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  credentials?: Credentials;
  /** Browser origins that may call; none by default. */
  origins?: string[];
  limits?: Partial<Limits>;
  /** Whose tokens are taken beside Behest's own; nobody's by default. */
  trustedIssuers?: TrustedIssuer[];
  /** Clock, in milliseconds since the epoch. */
  now?: () => number;
}

/** A running gateway. */
export interface Gateway {
  /** `http://127.0.0.1:<port>`, what `BEHEST_BASE_URL` is set to. */
  url: string;
  credentials: Credentials;
  /** From now on the token with this `jti`, or this `session_id`, is answered with 401. */
  revoke(id: string): void;
  /** Ends every open answer and frees the port. */
  stop(): Promise<void>;
}

/** @throws {Deno.errors.AddrInUse} where the port is taken */
export async function startGateway(
  options: GatewayOptions = {},
): Promise<Gateway> {
  const { port = 0, origins = [], now = Date.now } = options;
  const credentials = options.credentials ?? await makeCredentials();
  const tokens = await makeTokens(credentials, now);
  const issuers = makeIssuers(options.trustedIssuers ?? [], now);
  const callerOf = async (request: Request) => {
    const token = bearer(request);
    return await issuers.verify(token) ?? await tokens.verify(token);
  };
  const count = makeLimiter({ ...DEFAULT_LIMITS, ...options.limits }, now);

  const routes: Record<
    string,
    (request: Request) => Promise<Response> | Response
  > = {
    "GET /.well-known/jwks.json": () => Response.json(tokens.jwks),

    "POST /v1/auth/mint": async (request) => {
      if (bearer(request) !== credentials.apiKey) {
        throw invalidToken("The API key is not known.");
      }
      const mint = parseMint(await readObject(request));
      return Response.json({
        jwt: await tokens.mint(mint),
        project_id: credentials.projectId,
        ttl: mint.ttl,
        session_id: mint.sessionId,
      });
    },

    "GET /v1/models": async (request) => {
      await callerOf(request);
      return Response.json({
        object: "list",
        data: [{ id: MODEL, object: "model", created: 0, owned_by: "behest" }],
      });
    },

    "POST /v1/chat/completions": async (request) => {
      const caller = await callerOf(request);
      if (!request.headers.get("x-session-id")) {
        throw validationError(
          { "X-Session-Id": "this header is required" },
          400,
        );
      }
      const chat = parseChat(await readObject(request));
      count(caller);
      return answerChat(chat, caller);
    },
  };

  const answer = async (request: Request): Promise<Response> => {
    const origin = request.headers.get("origin");
    if (origin !== null && !origins.includes(origin)) {
      throw forbidden(
        "This origin is not among the project's allowed origins.",
      );
    }
    if (request.method === "OPTIONS") return preflight(request);
    const route = routes[`${request.method} ${new URL(request.url).pathname}`];
    if (!route) {
      throw new GatewayFault(404, "not_found", "There is no such endpoint.");
    }
    return await route(request);
  };

  const ended = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: ended.signal,
    onListen: () => {},
  }, async (request) => {
    const response = await answer(request).catch(toFault);
    response.headers.set("X-Trace-Id", randomHex(16));
    const origin = request.headers.get("origin");
    if (origin !== null && origins.includes(origin)) {
      response.headers.set("Access-Control-Allow-Origin", origin);
      response.headers.set(
        "Access-Control-Expose-Headers",
        "Retry-After, X-Trace-Id",
      );
    }
    response.headers.set("Vary", "Origin");
    return response;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    credentials,
    revoke(id) {
      tokens.revoke(id);
      issuers.revoke(id);
    },
    stop() {
      ended.abort();
      return server.finished;
    },
  };
}

/** A bug of the double is a 500 of Behest's form; only its log tells more. */
function toFault(error: unknown): Response {
  if (error instanceof GatewayFault) return error.toResponse();
  console.error("gateway:", error);
  return new GatewayFault(500, "server_error", "The gateway failed.")
    .toResponse();
}

/** @throws {GatewayFault} 401 */
function bearer(request: Request): string {
  const match = /^Bearer (\S+)$/i.exec(
    request.headers.get("authorization") ?? "",
  );
  if (!match) {
    throw invalidToken("Send the token as a bearer in Authorization.");
  }
  return match[1];
}

function preflight(request: Request): Response {
  const asked = request.headers.get("access-control-request-headers") ?? "";
  const granted = asked.toLowerCase().split(",").map((name) => name.trim())
    .filter((name) => ALLOWED_HEADERS.includes(name) || name.startsWith(ALLOWED_HEADER_PREFIX));
  return new Response(null, {
    status: 204,
    headers: {
      "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
      "Access-Control-Allow-Headers": granted.join(", "),
    },
  });
}

/** @throws {GatewayFault} 413 past the limit, 400 where it is no JSON object */
async function readObject(request: Request): Promise<Record<string, unknown>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > BODY_LIMIT) {
      throw validationError({ body: `at most ${BODY_LIMIT} bytes` }, 413);
    }
    chunks.push(chunk);
  }
  const body = await new Blob(chunks).text().then(JSON.parse).catch(() => undefined);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw validationError({ body: "a JSON object is required" }, 400);
  }
  return body;
}

/** @throws {GatewayFault} 422, naming the fields at fault */
function parseMint(body: Record<string, unknown>): MintRequest {
  const { user_id, role = "user", ttl = 3600, tier } = body;
  const session_id = body.session_id ?? crypto.randomUUID();
  const faults: Record<string, string> = {};
  if (!isText(user_id, 255)) faults.user_id = "1 to 255 characters";
  else if (RESERVED_USERS.includes(user_id)) {
    faults.user_id = "this id is reserved";
  }
  if (!isText(role, 64)) faults.role = "1 to 64 characters";
  if (!isWhole(ttl, 60, 86_400)) faults.ttl = "60 to 86400 seconds";
  if (!isText(session_id, 128)) faults.session_id = "1 to 128 characters";
  if (tier !== undefined && !isWhole(tier, 0, 1_000_000)) {
    faults.tier = "a whole number";
  }
  if (Object.keys(faults).length > 0) throw validationError(faults);
  return {
    userId: user_id as string,
    role: role as string,
    ttl: ttl as number,
    sessionId: session_id as string,
    tier: tier as number | undefined,
  };
}

function isText(value: unknown, length: number): value is string {
  return typeof value === "string" && value.length >= 1 &&
    value.length <= length;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least &&
    (value as number) <= most;
}
