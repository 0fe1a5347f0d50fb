/**
 * A double of what signs sessions in a project of today. Supabase Lite signs with HS256, and leaves
 * out `iss` and `app_metadata`; hosted Auth signs with ES256, publishes its keys, and runs an access
 * token hook. This stands before Lite, gives out what Lite gave with GoTrue's claims and an ES256
 * signature, and hands what comes back to Lite as Lite wants it. Who the user is, whether the
 * session lives and what a row policy says is Lite's to decide: no rule of it is repeated here.
 *
 * Not doubled: tokens in the fragment of a redirect, a second factor, an anonymous user (Lite has
 * none of the last two).
 */

import { decodeJwt, SignJWT } from "jose";
import { type AuthUser, type LiteClaims, type Method, sessionClaims } from "./claims.ts";
import type { Event, Hook } from "./hook.ts";
import type { Claims, SigningKeys } from "./keys.ts";

const AUTH = "/auth/v1/";
const JWKS = `${AUTH}.well-known/jwks.json`;

/** Where the stack, and nobody else, turns the keys. The front does not lead here. */
export const CONTROL = "/issuer/";

/** In Lite's place for what is no session of ours: it refuses that in GoTrue's or PostgREST's words. */
const REFUSED = "not.of.ours";

/** What the issuer stands before, and what it is made of. */
export interface IssuerOptions {
  /** What `iss` is: `{SUPABASE_URL}/auth/v1`. */
  url: string;
  keys: SigningKeys;
  /** What Lite signs with (HS256). */
  jwtSecret: string;
  /** Opens `CONTROL`. */
  secretKey: string;
  lite: (request: Request) => Promise<Response>;
  /** Where a hook is on. */
  hook?: Hook | undefined;
}

/** What Lite answers a sign-in or a refresh with, as far as it matters here. */
interface Granted {
  access_token: string;
  user: AuthUser;
}

/** @returns what answers in Lite's place */
export function makeIssuer(options: IssuerOptions): (request: Request) => Promise<Response> {
  const { url, keys, lite, hook } = options;
  const secret = new TextEncoder().encode(options.jwtSecret);
  /** How each session began, which a refresh does not change. */
  const began = new Map<string, Method>();

  /** @throws {Error} as the hook does */
  const sign = async ({ access_token, user }: Granted, method: string): Promise<string> => {
    const given = decodeJwt<LiteClaims>(access_token);
    const begin = began.get(given.session_id) ?? { method, timestamp: given.iat };
    began.set(given.session_id, begin);
    const claims = sessionClaims(url, user, given, [begin]);
    return keys.sign(hook ? await hook(eventOf(user, claims, method)) : claims);
  };

  const grant = async (request: Request, answer: Response): Promise<Response> => {
    const granted = await answer.clone().json().catch(() => undefined);
    if (typeof granted?.access_token !== "string") return answer;
    const { status, headers } = answer;
    headers.delete("Content-Length");
    try {
      const access_token = await sign(granted, methodOf(request));
      return Response.json({ ...granted, access_token }, { status, headers });
    } catch (error) {
      console.error("issuer:", (error as Error).message);
      // Auth rolls back. Here Lite has a session that nobody knows of, and would still take the
      // refresh token of before: it gives the same next one for it until that has been used.
      return fail();
    }
  };

  /** The same with Lite's signature, where it is ours; where it has expired Lite says so. */
  const take = async (token: string): Promise<string> => {
    const claims = await keys.verify(token);
    if (claims?.iss !== url) return REFUSED;
    return new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
  };

  const control: Record<string, (body: Claims) => Promise<unknown> | unknown> = {
    rotate: () => keys.rotate(),
    retire: () => keys.retire(),
    sign: (claims) => keys.sign(claims),
  };

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === JWKS) {
      return Response.json(keys.jwks, { headers: { "Cache-Control": "public, max-age=600" } });
    }
    if (pathname.startsWith(CONTROL)) {
      const act = control[pathname.slice(CONTROL.length)];
      if (!act || request.headers.get("apikey") !== options.secretKey) {
        return new Response(null, { status: 404 });
      }
      const result = await act(await request.json());
      return Response.json({ result, jwks: keys.jwks });
    }
    const [, token] = /^Bearer\s+(.*\..*\..*)$/is.exec(
      request.headers.get("authorization") ?? "",
    ) ?? [];
    // What is no token, such as the publishable key, stays: Lite knows it.
    if (token) request.headers.set("Authorization", `Bearer ${await take(token)}`);
    const asked = pathname.startsWith(AUTH) && request.method === "POST";
    const answer = await lite(request);
    return asked && answer.ok ? await grant(request, answer) : answer;
  };
}

/** In the words of Auth, where more than one is said by the hook it runs. */
function methodOf(request: Request): string {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === `${AUTH}signup`) return "password";
  const grant = searchParams.get("grant_type");
  if (grant === "password") return grant;
  return grant === "refresh_token" ? "token_refresh" : "otp";
}

function eventOf({ id }: AuthUser, claims: Claims, authentication_method: string): Event {
  return {
    metadata: {
      uuid: crypto.randomUUID(),
      time: new Date().toISOString(),
      name: "customize-access-token",
      ip_address: "127.0.0.1",
    },
    user_id: id,
    claims,
    authentication_method,
  };
}

/** As Auth tells of a hook that failed: what it said stays in the log. */
function fail(): Response {
  const msg = "Error running hook URI: pg-functions://postgres/public/behest_access_token_hook";
  const error_code = "unexpected_failure";
  return Response.json({ code: 500, error_code, msg }, {
    status: 500,
    headers: { "x-sb-error-code": error_code },
  });
}
