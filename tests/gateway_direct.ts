/** A project whose gateway double trusts an issuer, and what is asked of it. */

import assert from "node:assert/strict";
import { makeCredentials } from "../dev/gateway/credentials.ts";
import { type Gateway, startGateway } from "../dev/gateway/gateway.ts";
import type { TrustedIssuer } from "../dev/gateway/issuers.ts";
import { chat } from "./gateway_calls.ts";
import { type Issuer, startIssuer } from "./support/doctor_issuer.ts";
import { type Claims, makeSigner, START } from "./support/keys.ts";

/** Made once: RSA keys take longer than a test. */
export const CREDENTIALS = await makeCredentials();
export const [ES256, NEXT, STRANGER, RS256, EDDSA, HS256] = await Promise.all([
  makeSigner("ES256"),
  makeSigner("ES256"),
  makeSigner("ES256"),
  makeSigner("RS256"),
  makeSigner("EdDSA"),
  makeSigner("HS256"),
]);

/** A project that trusts a running issuer, both at `START`. */
export interface Direct {
  readonly issuer: Issuer;
  readonly gateway: Gateway;
  /** A good session but for these claims. */
  sign(claims?: Claims, signer?: typeof ES256): Promise<string>;
  /** Lets milliseconds pass at the gateway. */
  pass(ms: number): void;
}

/** A test in such a project. */
export function direct(
  title: string,
  work: (direct: Direct, test: Deno.TestContext) => Promise<void>,
  trusted: Partial<TrustedIssuer> = {},
  limits = {},
): void {
  Deno.test(title, async (test) => {
    let now = START * 1000;
    const issuer = startIssuer(ES256, RS256);
    const gateway = await startGateway({
      credentials: CREDENTIALS,
      trustedIssuers: [{ issuer: issuer.issuer, jwksUrl: issuer.jwksUrl, ...trusted }],
      limits,
      now: () => now,
    });
    try {
      await work({
        issuer,
        gateway,
        sign: (claims, signer = ES256) => issuer.sign(signer, claims, {}, START),
        pass: (ms) => void (now += ms),
      }, test);
    } finally {
      await gateway.stop();
      await issuer.stop();
    }
  });
}

/** Asserts that chat and models refuse it alike, in these words, which repeat nothing of the token. */
export async function refused(gateway: Gateway, token: string, words: RegExp, status = 401) {
  const headers = { Authorization: `Bearer ${token}` };
  for (const answer of [chat(gateway, token), fetch(`${gateway.url}/v1/models`, { headers })]) {
    const { status: said, headers, body } = await answer.then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      body: await answer.json(),
    }));
    const { code, message } = body.error;
    assert.deepEqual([said, code], [status, status === 401 ? "invalid_token" : "server_error"]);
    assert.match(message, words);
    assert.equal(headers.has("Retry-After"), status === 503);
    const parts = token.split(".").filter((part) => part.length > 3);
    assert.ok(parts.every((part) => !message.includes(part)));
  }
}

/** Who a chat says that one is. */
export async function whoIs(gateway: Gateway, token: string): Promise<string> {
  const answer = await (await chat(gateway, token)).json();
  return /you are (.*)\.$/.exec(answer.choices?.[0].message.content)?.[1] ?? JSON.stringify(answer);
}
