/** Calls to the gateway double, as its tests make them. */

import assert from "node:assert/strict";
import { importPKCS8, SignJWT } from "jose";
import { type Credentials, makeCredentials } from "../dev/gateway/credentials.ts";
import { type Gateway, type GatewayOptions, startGateway } from "../dev/gateway/gateway.ts";

/** The one origin that is allowed. */
export const ORIGIN = "http://localhost:3000";

/** Made once: an RSA key takes longer than a test. */
const CREDENTIALS = await makeCredentials();

/** A test with a gateway of its own. */
export function gatewayTest(
  title: string,
  work: (gateway: Gateway, test: Deno.TestContext) => Promise<void>,
  options: GatewayOptions = {},
): void {
  Deno.test(title, async (test) => {
    const gateway = await startGateway({
      credentials: CREDENTIALS,
      origins: [ORIGIN],
      ...options,
    });
    try {
      await work(gateway, test);
    } finally {
      await gateway.stop();
    }
  });
}

/** Fields of a mint call over those of a good one; undefined leaves one out. */
export function mint(
  gateway: Gateway,
  fields: Record<string, unknown> = {},
  key?: string,
) {
  return fetch(`${gateway.url}/v1/auth/mint`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key ?? gateway.credentials.apiKey}` },
    body: JSON.stringify({
      user_id: "u-1",
      role: "user",
      ttl: 900,
      session_id: "s-1",
      tier: 2,
      ...fields,
    }),
  });
}

/** The token of a mint call that must succeed. */
export async function mintToken(
  gateway: Gateway,
  fields: Record<string, unknown> = {},
): Promise<string> {
  return (await (await mint(gateway, fields)).json()).jwt;
}

/** A chat of one message; a body that is text is sent as it is. */
export function chat(
  gateway: Gateway,
  token: string,
  headers: Record<string, string> = { "X-Session-Id": "s-1" },
  body: unknown = {
    model: "any",
    messages: [{ role: "user", content: "ping" }],
  },
) {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Asserts that the call was answered with 200. */
export async function served(call: Promise<Response>): Promise<void> {
  const answer = await call;
  await answer.body?.cancel();
  assert.equal(answer.status, 200);
}

/** Asserts the status, the code and the documented form of an error. */
export async function refused(
  answer: Response,
  status: number,
  code: string,
): Promise<void> {
  const { error } = await answer.json();
  assert.deepEqual([answer.status, error.code], [status, code]);
  assert.deepEqual(Object.keys(error), ["code", "message", "details"]);
  assert.match(answer.headers.get("x-trace-id")!, /^[0-9a-f]{32}$/);
}

/** Claims that the gateway accepts. */
export function goodClaims(
  { tenantId, projectId }: Credentials,
): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000);
  return {
    tid: tenantId,
    pid: projectId,
    uid: "u-1",
    role: "user",
    scp: [],
    iss: "https://api.behest.ai",
    aud: "behest",
    iat,
    nbf: iat,
    exp: iat + 900,
    jti: crypto.randomUUID(),
    sid: "s-1",
    tier: 1,
  };
}

/** Signs as a tenant does, with claims and header over those of a good token. */
export async function signLocally(
  credentials: Credentials,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const pem = atob(credentials.signingKey.slice("behest_pk_".length));
  return await new SignJWT({ ...goodClaims(credentials), ...claims })
    .setProtectedHeader({
      alg: "RS256",
      typ: "JWT",
      kid: credentials.kid,
      ...header,
    })
    .sign(await importPKCS8(pem, "RS256"));
}
