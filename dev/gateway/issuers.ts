/**
 * Issuers that a project trusts beside Behest itself: with one, an app sends Supabase's own session
 * token, and nothing is minted. Behest documents that it does this, and the form that it is told
 * in; each rule here is this double's own, and as strict as the function's.
 */

import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload } from "jose";
import { type GatewayFault, invalidToken } from "./fault.ts";
import { tierOf } from "./plan.ts";
import { type KeyFor, makeRemoteKeys } from "./remote_keys.ts";
import { type Caller, ISSUER, RESERVED_USERS } from "./tokens.ts";

/** The two that Supabase offers for its keys, of those with a public half. */
const ALGORITHMS = ["ES256", "RS256"];

/** Seconds that the clocks of two houses may differ. */
const LEEWAY = 5;

/** One line of the dashboard's Project > Auth > Add trusted issuer. */
export interface TrustedIssuer {
  /** Its tokens' `iss`, to the letter: `https://<ref>.supabase.co/auth/v1`. */
  issuer: string;
  /** Where its keys are: https, or http on this machine. */
  jwksUrl: string;
  /** What `aud` must hold; by default `authenticated`. */
  audience?: string;
  /** Dotted paths to the claims that make a caller; by default `sub` and `app_metadata.plan`. */
  claims?: { uid: string; tier: string };
  /** Plan name to tier; by default free 1, pro 2, max 3. */
  tiers?: Record<string, number>;
}

/** Judges the tokens of trusted issuers; made by {@linkcode makeIssuers}. */
export interface Issuers {
  /**
   * @returns `undefined` for a token that is for Behest's own keys to judge
   * @throws {GatewayFault} 401 that says what is wrong, 503 where the issuer's keys cannot be had
   */
  verify(token: string): Promise<Caller | undefined>;
  /** The session with this `session_id` is over. */
  revoke(sessionId: string): void;
}

/** An issuer with all that it is made of. */
type Known = Required<TrustedIssuer> & { keyFor: KeyFor };

/**
 * @param now clock, in milliseconds since the epoch
 * @throws {TypeError} for an issuer that could not be told from another one, or whose keys anybody
 *   on the way could change
 */
export function makeIssuers(trusted: TrustedIssuer[], now: () => number): Issuers {
  const known = new Map<unknown, Known>();
  for (const each of trusted) {
    if (each.issuer === ISSUER || known.has(each.issuer)) {
      throw new TypeError(`The issuer ${each.issuer} is there already.`);
    }
    if (!isSafe(new URL(each.jwksUrl))) throw new TypeError("A JWKS URL is https.");
    known.set(each.issuer, {
      audience: "authenticated",
      claims: { uid: "sub", tier: "app_metadata.plan" },
      tiers: { free: 1, pro: 2, max: 3 },
      ...each,
      keyFor: makeRemoteKeys(each.jwksUrl, now),
    });
  }
  const revoked = new Set<unknown>();

  return {
    revoke(sessionId) {
      revoked.add(sessionId);
    },

    async verify(token) {
      if (known.size === 0) return undefined;
      const said = unverified(token);
      // Read unverified to choose whose keys judge the token, and for nothing else: it is verified
      // with the keys of this issuer alone.
      if (said.iss === ISSUER) return undefined;
      const issuer = known.get(said.iss);
      if (!issuer) throw strange(said);
      const claims = await verified(token, issuer, now);
      if (claims.session_id !== undefined && revoked.has(claims.session_id)) {
        throw invalidToken("The session was revoked. Sign in again.");
      }
      return callerOf(claims, issuer);
    },
  };
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** @throws {GatewayFault} 401 */
function unverified(token: string): JWTPayload {
  if (token.startsWith("sb_")) throw apiKey();
  try {
    return decodeJwt(token);
  } catch {
    throw invalidToken("What was sent has not the form of a JWT.");
  }
}

function apiKey(): GatewayFault {
  return invalidToken(
    "This is an API key of Supabase, and no user's session: send session.access_token.",
  );
}

/** A token of nobody who is trusted; Supabase's legacy API keys are some, too. */
function strange({ iss, role }: JWTPayload): GatewayFault {
  if (role === "anon" || role === "service_role") return apiKey();
  return invalidToken(
    iss === undefined
      ? "The token names no issuer (iss)."
      : "The token's issuer (iss) is none that this project trusts: Project > Auth > Add trusted " +
        "issuer. It is compared to the letter.",
  );
}

/** @throws {GatewayFault} 401 or 503 */
async function verified(token: string, issuer: Known, now: () => number): Promise<JWTPayload> {
  const header = headerOf(token);
  if (header.alg === "HS256") {
    throw invalidToken(
      "The session is signed with the project's secret (HS256), which nobody else can verify. Turn " +
        "to signing keys (Supabase dashboard > Settings > JWT keys), and sign in again.",
    );
  }
  if (!ALGORITHMS.includes(String(header.alg))) {
    throw invalidToken(`The token is not signed with one of ${ALGORITHMS.join(", ")}.`);
  }
  // jose picks the only fitting key of a set where the token names none.
  if (header.kid === undefined) throw invalidToken("The token names no key (kid).");
  const key = await issuer.keyFor(header);
  if (key === undefined) {
    throw invalidToken(
      "The token's key is not in its issuer's key set: it has rotated away, or is another " +
        "project's. Sign in again.",
    );
  }
  const { payload } = await jwtVerify(token, key, {
    algorithms: ALGORITHMS,
    issuer: issuer.issuer,
    audience: issuer.audience,
    requiredClaims: ["exp", "sub", "role"],
    currentDate: new Date(now()),
    clockTolerance: LEEWAY,
  }).catch((error) => {
    throw invalidToken(wordsOf(error));
  });
  // JSON has no infinite number, but 1e400 is read as one: such a session would never end.
  for (const claim of ["exp", "nbf", "iat"]) {
    if (payload[claim] !== undefined && !Number.isFinite(payload[claim])) {
      throw invalidToken(`The token's ${claim} is not as it should be.`);
    }
  }
  if (payload.iat !== undefined && payload.iat > Math.floor(now() / 1000) + LEEWAY) {
    throw invalidToken("The token is from the future (iat).");
  }
  return payload;
}

/** @throws {GatewayFault} 401 */
function headerOf(token: string): ReturnType<typeof decodeProtectedHeader> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    throw invalidToken("The token's header cannot be read.");
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "The session has expired (exp). Refresh it.";
  if (!(error instanceof errors.JWTClaimValidationFailed)) {
    return "The token's signature does not fit the key that it names.";
  }
  if (error.reason === "missing") return `The token has no ${error.claim}.`;
  if (error.claim === "aud") return "The token's audience (aud) is not the trusted issuer's.";
  if (error.claim === "nbf") return "The token is not good yet (nbf).";
  return `The token's ${error.claim} is not as it should be.`;
}

/** @throws {GatewayFault} 401 where the verified claims are no user's */
function callerOf(claims: JWTPayload, { claims: paths, tiers }: Known): Caller {
  if (claims.role !== "authenticated") {
    throw invalidToken("The token's role is not authenticated: it is no signed-in user's.");
  }
  const uid = at(claims, paths.uid);
  if (typeof uid !== "string" || uid === "" || uid.length > 255 || RESERVED_USERS.includes(uid)) {
    throw invalidToken(`The token has no usable ${paths.uid}, which is mapped to uid.`);
  }
  // As in the function, a user without a known plan is one on the lowest tier, and not refused.
  return { uid, tier: tierOf(at(claims, paths.tier), tiers) ?? 1 };
}

/** What stands at a dotted path. */
function at(claims: unknown, path: string): unknown {
  return path.split(".").reduce(
    (value: unknown, name) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined,
    claims,
  );
}
