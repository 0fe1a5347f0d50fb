/** A project somewhere else, without a network: what the doctor sends there, and where it goes. */
import type { DoctorWorld } from "../../cli/doctor.ts";
import type { FetchAt } from "../../cli/doctor/fetch_at.ts";
import { examine, type Examined } from "./doctor_run.ts";
import { PAGE } from "./doctor_site.ts";
import { base64url, encodePart, payloadOf } from "./keys.ts";

/** A public address. */
export const PUBLIC = "8.8.8.8";

/** A session token of the project. */
export const SESSION = sessionOf("https://ref.supabase.co");

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** The key of the project at Behest. */
const KEY = await crypto.subtle.generateKey(
  { ...RS256, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  true,
  ["sign", "verify"],
);
const JWKS = { keys: [{ ...await crypto.subtle.exportKey("jwk", KEY.publicKey), kid: "k" }] };

/** Something that was sent. */
interface Sent {
  readonly url: string;
  readonly authorization: string | null;
  readonly apikey?: string | null;
  /** Where to, where the doctor chose that itself. */
  readonly addresses?: readonly string[];
}

/** A project whose function and gateway answer as they should, but for what a test changes. */
export interface Elsewhere {
  /** The project; by default a hosted one. */
  readonly url?: string;
  /** The session that is given, and that the function mints for; by default one of the project. */
  readonly session?: string;
  /** Members of the function's 200, over good ones. */
  readonly minted?: Record<string, unknown>;
  /** What names lead to, one look-up of a run after the other; the last answer stays. */
  readonly names?: (string[] | Error)[];
  readonly world?: Partial<DoctorWorld>;
  readonly args?: string[];
  /** Options that sign in; by default a token is given. */
  readonly login?: string[];
  /** Answers in the project's place; `undefined` leaves it to the project. */
  readonly bend?: (url: string, init: RequestInit) => Response | undefined;
}

/** The doctor's findings, and all that it sent. */
export interface Visited extends Examined {
  readonly sent: readonly Sent[];
  /** Every name that was looked up. */
  readonly asked: readonly string[];
}

/** Examines it with a session token. */
export async function examineElsewhere(
  {
    url = "https://ref.supabase.co",
    session = sessionOf(url),
    minted = {},
    names = [[PUBLIC]],
    world = {},
    args = [],
    bend,
    login,
  }: Elsewhere,
): Promise<Visited> {
  const sent: Sent[] = [];
  const asked: string[] = [];
  let lookUps = 0;
  const answer = { ...await mintedNow(payloadOf(session).sub), ...minted };
  const fakeFetch: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    const authorization = headers.get("Authorization");
    sent.push({ url: String(input), authorization, apikey: headers.get("apikey") });
    // With this a run begins.
    if (String(input).endsWith("/auth/v1/health")) lookUps = 0;
    const bent = bend?.(String(input), init ?? {});
    return Promise.resolve(
      bent ?? projectSays(String(input), init, authorization, session, answer),
    );
  };
  const fakeFetchAt: FetchAt = (input, init, addresses) => {
    const authorization = new Headers(init.headers).get("Authorization");
    sent.push({ url: input, authorization, addresses });
    return Promise.resolve(gatewaySays(input, init, answer.token));
  };
  const resolve = (hostname: string) => {
    asked.push(hostname);
    const found = names[Math.min(lookUps++, names.length - 1)];
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  const examined = await examine([
    "--url",
    url,
    "--origin",
    PAGE,
    ...login ?? ["--token", session],
    ...args,
  ], {
    fetch: fakeFetch,
    fetchAt: fakeFetchAt,
    resolve,
    ...world,
  });
  return { ...examined, sent, asked };
}

function sessionOf(url: string): string {
  const claims = { iss: `${url}/auth/v1`, sub: "u" };
  return `${encodePart({ alg: "ES256" })}.${encodePart(claims)}.AAAA`;
}

/** A good 200, with a token that says what it should. */
async function mintedNow(uid: unknown) {
  const iat = Math.floor(Date.now() / 1000);
  const [sessionId, ttl, tier] = ["s", 900, 1];
  const claims = { uid, role: "user", iat, exp: iat + ttl, sid: sessionId, tier };
  const signed = `${encodePart({ alg: "RS256", kid: "k" })}.${encodePart(claims)}`;
  const bytes = new TextEncoder().encode(signed);
  const signature = await crypto.subtle.sign(RS256.name, KEY.privateKey, bytes);
  const token = `${signed}.${base64url(new Uint8Array(signature))}`;
  const baseUrl = "https://gateway.example";
  return { token, sessionId, ttl, expiresAt: iat + ttl, baseUrl, tier };
}

const CORS = {
  "Access-Control-Allow-Origin": PAGE,
  "Access-Control-Allow-Credentials": "true",
  "Access-Control-Allow-Methods": "POST",
  "Access-Control-Allow-Headers":
    "authorization, apikey, content-type, x-client-info, x-session-id, traceparent",
};

function projectSays(
  url: string,
  init: RequestInit | undefined,
  authorization: string | null,
  session: string,
  minted: unknown,
): Response {
  const headers = { ...CORS, "Date": new Date().toUTCString() };
  if (init?.method === "OPTIONS") return new Response(null, { headers });
  if (url.includes("/rest/v1/")) return restSays(init, headers);
  if (!url.includes("/functions/v1/")) return Response.json({}, { headers });
  if (authorization?.includes(session)) return Response.json(minted, { headers });
  const code = authorization === null ? "missing_token" : "invalid_token";
  return Response.json({ error: { code, message: "No." } }, { status: 401, headers });
}

/** A plan that its user reads, and does not write. */
function restSays(init: RequestInit | undefined, headers: Record<string, string>): Response {
  if (init?.method !== "PATCH") return Response.json([{ plan: "free" }], { headers });
  const refusal = { code: "42501", message: "permission denied for table profiles" };
  return Response.json(refusal, { status: 403, headers });
}

/** It takes the token that was minted, and no other. */
function gatewaySays(url: string, init: RequestInit, token: unknown): Response {
  const headers = { ...CORS, "Date": new Date().toUTCString() };
  if (init.method === "OPTIONS") return new Response(null, { headers });
  if (url.endsWith("/jwks.json")) return Response.json(JWKS, { headers });
  const isWhole = new Headers(init.headers).get("Authorization") === `Bearer ${token}`;
  return Response.json({}, { status: isWhole ? 200 : 401, headers });
}
