/** The gateway's own half of the trust: it mints tokens, and it judges them. */

import { createLocalJWKSet, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { JSONWebKeySet } from "jose";
import type { Credentials } from "./credentials.ts";
import { randomHex } from "./credentials.ts";
import { forbidden, invalidToken } from "./fault.ts";

/** Both official SDKs default to these two. */
export const ISSUER = "https://api.behest.ai";
const AUDIENCE = "behest";

/** Ids that Behest keeps for itself. */
export const RESERVED_USERS = ["admin", "system", "dashboard-service"];

/** What a mint call asked for, already validated. */
export interface MintRequest {
  userId: string;
  role: string;
  /** seconds */
  ttl: number;
  sessionId: string;
  tier?: number;
}

/** The user whom a verified token names. */
export interface Caller {
  uid: string;
  tier: number;
}

/** Mints and verifies; made by {@linkcode makeTokens}. */
export interface Tokens {
  /** The public keys: the gateway's own, and the tenant's registered one. */
  jwks: JSONWebKeySet;
  mint(request: MintRequest): Promise<string>;
  /** The token with this `jti` is not good any more, whoever signed it. */
  revoke(jti: string): void;
  /** @throws {GatewayFault} 401 or 403 */
  verify(token: string): Promise<Caller>;
}

/**
 * @param credentials the one tenant that this gateway knows
 * @param now clock, in milliseconds since the epoch
 */
export async function makeTokens(
  credentials: Credentials,
  now: () => number,
): Promise<Tokens> {
  const { tenantId, projectId } = credentials;
  const own = await generateKeyPair("RS256");
  const kid = `behest_${randomHex(8)}`;
  const jwks: JSONWebKeySet = {
    keys: [
      { ...await exportJWK(own.publicKey), kid, alg: "RS256", use: "sig" },
      credentials.publicJwk,
    ],
  };
  const keyFor = createLocalJWKSet(jwks);
  const revoked = new Set<unknown>();

  return {
    jwks,

    mint({ userId, role, ttl, sessionId, tier }) {
      const iat = Math.floor(now() / 1000);
      // The order of the claims is that of the SDKs' local signing.
      return new SignJWT({
        tid: tenantId,
        pid: projectId,
        uid: userId,
        role,
        scp: [],
        iss: ISSUER,
        aud: AUDIENCE,
        iat,
        nbf: iat,
        exp: iat + ttl,
        jti: crypto.randomUUID(),
        sid: sessionId,
        ...(tier === undefined ? {} : { tier }),
      }).setProtectedHeader({ alg: "RS256", typ: "JWT", kid }).sign(
        own.privateKey,
      );
    },

    revoke(jti) {
      revoked.add(jti);
    },

    async verify(token) {
      const { payload, protectedHeader } = await jwtVerify(token, keyFor, {
        algorithms: ["RS256"],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ["exp", "nbf", "iat", "uid", "sid", "tid", "pid"],
        currentDate: new Date(now()),
      }).catch((error) => {
        throw invalidToken(
          error instanceof errors.JWTExpired
            ? "The token has expired. Mint a new one."
            : "The token is not one that this gateway accepts.",
        );
      });
      if (payload.jti !== undefined && revoked.has(payload.jti)) {
        throw invalidToken("The token was revoked. Mint a new one.");
      }
      // jose picks the only fitting key of a set where the token names none.
      if (protectedHeader.kid === undefined) {
        throw invalidToken("The token names no key.");
      }
      // 1e400 is read as a number without an end.
      if (!Number.isFinite(payload.exp)) {
        throw invalidToken("The token never expires.");
      }
      if (payload.iat! > now() / 1000) {
        throw invalidToken("The token is from the future.");
      }
      if (payload.tid !== tenantId || payload.pid !== projectId) {
        throw forbidden("The token belongs to another project.");
      }
      const { uid, tier = 1 } = payload;
      if (typeof uid !== "string" || uid === "" || !Number.isInteger(tier)) {
        throw invalidToken(
          "The token names no user, or no whole number as tier.",
        );
      }
      return { uid, tier: tier as number };
    },
  };
}
