/** A double of Supabase Auth, as much of it as supabase-js calls here. */
import { Buffer } from "node:buffer";

export interface AuthUser {
  readonly id: string;
  readonly email: string;
  readonly is_anonymous: boolean;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** @returns whose a token is, of the function's double or of a session */
export function ownerOf(token: string): string | undefined {
  return token.startsWith("bt.") ? token.split(".")[1] : userOfSession(token);
}

/** @returns whose a session token is */
export function userOfSession(authorization: string | null): string {
  const payload = authorization?.split(".")[1] ?? "";
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString()).sub;
  } catch {
    return `nobody (${authorization})`;
  }
}

export class AuthDouble {
  /** The paths that were called. */
  readonly calls: string[] = [];
  /** Every session token that was given out. */
  readonly tokens: string[] = [];
  /** Seconds that a session lives by the device's date; less than none, where that is ahead. */
  life = 3600;
  /** Seconds by which this server's date is behind the device's. */
  behind = 0;
  /** What each session token says of its user. */
  appMetadata: unknown = {};
  /** Takes the place of the answer to a refresh. */
  onRefresh: ((user: AuthUser) => Response | Promise<Response | undefined> | undefined) | undefined;
  #users = new Map<string, AuthUser>();
  #refreshTokens = new Map<string, string>();
  #count = 0;

  async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.slice("/auth/v1/".length);
    this.calls.push(path);
    const body = await request.json().catch(() => ({}));
    if (path === "logout") return new Response(null, { status: 204 });
    if (path === "signup") return this.#session(`guest-${++this.#count}`, true);
    if (path === "user") return this.#user(request);
    if (searchParams.get("grant_type") === "password") {
      return this.#session(body.email.split("@")[0], false);
    }
    const user = this.#users.get(this.#refreshTokens.get(body.refresh_token) ?? "");
    if (!user) return refusal("refresh_token_not_found");
    const other = await this.onRefresh?.(user);
    if (other) return other;
    this.#refreshTokens.delete(body.refresh_token);
    return this.#session(user.id, user.is_anonymous);
  }

  /** The session ends at the server: refresh tokens are good no more. */
  endSessions(): void {
    this.#refreshTokens.clear();
  }

  /** A PUT is somebody who signs up. */
  #user(request: Request): Response {
    const user = this.#users.get(userOfSession(request.headers.get("Authorization")));
    if (!user) return refusal("session_not_found");
    const next = request.method === "PUT" ? { ...user, is_anonymous: false } : user;
    this.#users.set(user.id, next);
    return Response.json(next);
  }

  #session(id: string, is_anonymous: boolean): Response {
    const user = { id, email: `${id}@example.com`, is_anonymous, aud: "authenticated" };
    this.#users.set(id, user);
    const refresh_token = `refresh-${++this.#count}`;
    this.#refreshTokens.set(refresh_token, id);
    const iat = Math.floor(Date.now() / 1000) - this.behind;
    const exp = iat + this.life;
    const header = part({ alg: "ES256", typ: "JWT", kid: "k1" });
    const { appMetadata: app_metadata } = this;
    const claims = part({ sub: id, exp, iat, app_metadata, is_anonymous, jti: this.#count });
    const access_token = `${header}.${claims}.${part("signature")}`;
    this.tokens.push(access_token, refresh_token);
    return Response.json({
      access_token,
      token_type: "bearer",
      expires_in: this.life,
      expires_at: exp,
      refresh_token,
      user,
    });
  }
}

/** What Auth says of a session that is over. */
export function refusal(code: string): Response {
  return Response.json({ code: 400, error_code: code, msg: "Invalid Refresh Token" }, {
    status: 400,
    headers: { "x-sb-error-code": code },
  });
}
