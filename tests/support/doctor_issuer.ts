/** An Auth server that shows keys and signs sessions in GoTrue's claim layout, on a real socket. */
import type { JWK } from "jose";
import { type Claims, type Header, sessionToken, type Signer } from "./keys.ts";

/** A running one. What it shows and says may be changed at any time. */
export interface Issuer {
  /** `http://127.0.0.1:<port>`: the project. */
  readonly url: string;
  /** What its tokens have as `iss`. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** Every request, in order. */
  readonly asked: { readonly url: string; readonly headers: Headers }[];
  /** The set that it shows. */
  keys: JWK[];
  /** Answers in its place. */
  bend?: (request: Request) => Response | undefined;
  /** What signing in gives, whoever asks. */
  session?: string;
  /** A session that ends an hour after `at` (in seconds). */
  sign(signer: Signer, claims?: Claims, header?: Header, at?: number): Promise<string>;
  stop(): Promise<void>;
}

const JWKS = "/auth/v1/.well-known/jwks.json";

/** @param signers whose public keys it shows */
export function startIssuer(...signers: Signer[]): Issuer {
  const ended = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: ended.signal, onListen: () => {} },
    (request) => {
      self.asked.push({ url: request.url, headers: new Headers(request.headers) });
      return self.bend?.(request) ?? answer(self, new URL(request.url).pathname);
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const issuer = `${url}/auth/v1`;
  const self: Issuer = {
    url,
    issuer,
    jwksUrl: url + JWKS,
    asked: [],
    keys: signers.map(({ jwk }) => jwk),
    sign(signer, claims, header, at = Math.floor(Date.now() / 1000)) {
      return sessionToken(signer, { iss: issuer, iat: at, exp: at + 3600, ...claims }, header);
    },
    stop() {
      ended.abort();
      return server.finished;
    },
  };
  return self;
}

function answer({ keys, session }: Issuer, path: string): Response {
  if (path === JWKS) return Response.json({ keys });
  if (path === "/auth/v1/token" && session) {
    const refresh_token = "v1-refresh-token-of-a-session";
    return Response.json({ access_token: session, token_type: "bearer", refresh_token });
  }
  return Response.json({}, { status: path === "/auth/v1/health" ? 200 : 404 });
}
