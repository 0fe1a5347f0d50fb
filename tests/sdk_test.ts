/** The official Behest SDK works against the gateway double, in both its modes. */

import assert from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { type Gateway, type GatewayOptions, startGateway } from "../dev/gateway/gateway.ts";
import { callSdk, SdkError, type SdkMint, sdkSign } from "./sdk/sdk.ts";

function sdkTest(
  title: string,
  work: (gateway: Gateway) => Promise<void>,
  options: GatewayOptions = {},
): void {
  Deno.test(title, async () => {
    const gateway = await startGateway(options);
    try {
      await work(gateway);
    } finally {
      await gateway.stop();
    }
  });
}

const USER = { user_id: "u-1", session_id: "s-1", tier: 2, ttl: 900 };
const CHAT = { model: "any", messages: [{ role: "user", content: "ping" }] };

/** Arguments of `Behest(…)` for minting over HTTP. */
function overHttp({ url, credentials }: Gateway) {
  return { key: credentials.apiKey, base_url: url };
}

function signed({ credentials }: Gateway): Promise<SdkMint> {
  const { signingKey, kid, tenantId, projectId } = credentials;
  return sdkSign({
    key: signingKey,
    kid,
    tenantId,
    projectId,
    userId: "u-1",
    sessionId: "s-1",
    tier: 2,
    ttl: 900,
  });
}

sdkTest("the SDK mints over HTTP", async (gateway) => {
  const minted = await callSdk<SdkMint>("mint", overHttp(gateway), USER);
  const claims = decodeJwt(minted.token);
  assert.deepEqual([minted.session_id, minted.ttl], ["s-1", 900]);
  assert.deepEqual([claims.uid, claims.sid, claims.tier], ["u-1", "s-1", 2]);
});

sdkTest(
  "a token of the gateway has the header and the claims of one that the SDK signs",
  async (gateway) => {
    const minted = await callSdk<SdkMint>("mint", overHttp(gateway), USER);
    const local = await signed(gateway);
    const [header, localHeader] = [minted, local].map(({ token }) => decodeProtectedHeader(token));
    assert.deepEqual({ ...header, kid: "" }, { ...localHeader, kid: "" });

    const [claims, localClaims] = [minted, local].map(({ token }) => decodeJwt(token));
    assert.deepEqual(Object.keys(claims), Object.keys(localClaims));
    const unique = { jti: "", iat: 0, nbf: 0, exp: 0 };
    assert.deepEqual({ ...claims, ...unique }, { ...localClaims, ...unique });
    assert.equal(
      claims.exp! - claims.iat!,
      localClaims.exp! - localClaims.iat!,
    );
  },
);

sdkTest(
  "the SDK chats with a token that the gateway minted, streaming and not",
  async (gateway) => {
    const args = { ...CHAT, session_id: "s-1", user_id: "u-1", tier: 2 };
    // deno-lint-ignore no-explicit-any -- the SDK hands on plain JSON
    const answer = await callSdk<any>("chat", overHttp(gateway), args);
    // deno-lint-ignore no-explicit-any -- the SDK hands on plain JSON
    const chunks = await callSdk<any[]>("chat", overHttp(gateway), {
      ...args,
      stream: true,
    });
    const streamed = chunks.map(({ choices }) => choices[0].delta.content ?? "")
      .join("");
    assert.equal(streamed, answer.choices[0].message.content);
    for (const part of ["ping", "u-1", "tier 2"]) {
      assert.ok(
        streamed.includes(part),
      );
    }
  },
);

sdkTest("the gateway accepts a token that the SDK signed", async (gateway) => {
  const { token } = await signed(gateway);
  const args = { ...CHAT, token, session_id: "s-1" };
  // deno-lint-ignore no-explicit-any -- the SDK hands on plain JSON
  const answer = await callSdk<any>("chat", overHttp(gateway), args);
  assert.match(answer.choices[0].message.content, /ping.*u-1.*tier 2/);
});

sdkTest(
  "the SDK raises its typed error for each of the gateway's",
  async (gateway) => {
    const stranger = { ...overHttp(gateway), key: "behest_sk_live_guess" };
    await raises(
      callSdk("mint", stranger, USER),
      "BehestAuthError",
      401,
      "invalid_token",
    );
    await raises(
      callSdk("mint", overHttp(gateway), { ...USER, ttl: 1 }),
      "BehestBadRequestError",
      422,
      "validation_error",
    );
    const { token } = await signed(gateway);
    const args = { ...CHAT, token, session_id: "s-1" };
    await raises(
      callSdk("chat", overHttp(gateway), args),
      "BehestRateLimitError",
      429,
      "rate_limited",
    );
  },
  { limits: { requestsPerMinute: { 1: 0 } } },
);

async function raises(
  call: Promise<unknown>,
  type: string,
  status: number,
  code: string,
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof SdkError);
    assert.deepEqual([error.type, error.status, error.code], [
      type,
      status,
      code,
    ]);
    return true;
  });
}
