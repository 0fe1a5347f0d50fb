/** Whose changes a channel is told of, and until when. */

import { errors, jwtVerify, type JWTVerifyGetKey } from "jose";

/** What sessions are signed with. */
export interface SessionKey {
  alg: "HS256" | "ES256";
  find: JWTVerifyGetKey;
}

/** What a channel was joined with. */
export interface Session {
  token: string | undefined;
  /** The user; nobody, where the channel was joined without a session. */
  user: string | undefined;
  /** In ms since 1970. */
  expiresAt: number;
}

/** Checks what a client gives as its session. @throws {Refusal} */
export type Judge = (token: unknown) => Promise<Session>;

/** Why there is no channel, or none any more, in the words of Realtime. */
export class Refusal extends Error {
  /** @param code goes before the message where a join is refused */
  constructor(readonly code: string, message: string) {
    super(message);
  }

  get reason(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** @param now clock, in ms since 1970 */
export function makeJudge({ alg, find }: SessionKey, now: () => number): Judge {
  return async (token) => {
    // Realtime takes these as the role `anon`, whom row level security shows no user's row.
    if (typeof token !== "string" || isKey(token)) {
      return { token: undefined, user: undefined, expiresAt: Infinity };
    }
    const { payload: { exp, role, sub } } = await jwtVerify(token, find, {
      algorithms: [alg],
      currentDate: new Date(now()),
    }).catch((error) => {
      throw refusal(error, now);
    });
    if (exp === undefined || role === undefined) {
      throw new Refusal("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
    }
    if (role !== "authenticated") {
      throw new Refusal("Unauthorized", "This double serves the role authenticated alone");
    }
    return { token, user: sub || undefined, expiresAt: exp * 1000 };
  };
}

/** The key of a project that signs with its secret. */
export function secretOf(jwtSecret: string): SessionKey {
  const secret = new TextEncoder().encode(jwtSecret);
  return { alg: "HS256", find: () => secret };
}

/** Whether that is a project's key, which supabase-js gives where nobody is signed in. */
export function isKey(token: string): boolean {
  return token.startsWith("sb_");
}

export function expired(expiresAt: number, now: number): Refusal {
  const seconds = Math.floor((now - expiresAt) / 1000);
  return new Refusal("InvalidJWTToken", `Token has expired ${seconds} seconds ago`);
}

function refusal(error: unknown, now: () => number): Refusal {
  if (error instanceof errors.JWTExpired) return expired(error.payload.exp! * 1000, now());
  const signature = error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JWKSNoMatchingKey;
  return signature
    ? new Refusal("JwtSignatureError", "Failed to validate JWT signature")
    : new Refusal("MalformedJWT", "The token provided is not a valid JWT");
}
