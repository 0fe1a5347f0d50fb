/** What a session token says, in GoTrue's layout (`internal/tokens` of Supabase Auth). */

import type { Claims } from "./keys.ts";

/** How the user signed in, and when, in seconds since 1970. */
export interface Method {
  method: string;
  timestamp: number;
}

/** A user as the Auth server answers with one. */
export interface AuthUser {
  id: string;
  email?: string;
  phone?: string;
  /** The table's `raw_app_meta_data`. */
  app_metadata?: Claims;
  user_metadata?: Claims;
  is_anonymous?: boolean;
}

/** What Lite's own session token has. */
export interface LiteClaims {
  aud: string;
  role: string;
  session_id: string;
  iat: number;
  exp: number;
}

/** Claims without which Auth takes no answer of a hook. */
const REQUIRED = [
  "aud",
  "exp",
  "iat",
  "sub",
  "email",
  "phone",
  "role",
  "aal",
  "session_id",
  "is_anonymous",
];

/** In the order in which Auth writes them where no hook is on. */
export function sessionClaims(
  iss: string,
  user: AuthUser,
  { aud, role, session_id, iat, exp }: LiteClaims,
  amr: Method[],
): Claims {
  return {
    iss,
    sub: user.id,
    aud,
    exp,
    iat,
    email: user.email ?? "",
    phone: user.phone ?? "",
    app_metadata: user.app_metadata ?? {},
    user_metadata: user.user_metadata ?? {},
    role,
    aal: "aal1",
    amr,
    session_id,
    is_anonymous: user.is_anonymous ?? false,
  };
}

/**
 * The claims of a hook's answer, in alphabetical order, as Go writes a map.
 * @throws {Error} where they are not what Auth takes
 */
export function hookedClaims(answer: unknown): Claims {
  const { claims } = Object(answer);
  const missing = REQUIRED.filter((name) => Object(claims)[name] === undefined);
  if (missing.length > 0) throw new Error(`the hook's answer lacks ${missing.join(", ")}`);
  const { app_metadata } = claims;
  if (app_metadata !== undefined && !isObject(app_metadata)) {
    throw new Error("app_metadata of the hook's answer is no object");
  }
  return sorted(claims) as Claims;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value).sort().map((name) => [name, sorted(value[name])]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
