/** The local token against the official SDK's, claim by claim. */
import assert from "node:assert/strict";
import { SignJWT } from "jose";
import { makeCredentials } from "../dev/gateway/credentials.ts";
import { createHandler } from "../supabase/functions/behest-token/handler.ts";
import { systemClock } from "../supabase/functions/behest-token/upstream.ts";
import { sdkSign } from "./sdk/sdk.ts";

const SECRET = "a-secret-of-at-least-thirty-two-bytes";
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The header and the claims as the text has them: their order counts. */
function read(token: string): { header: Record<string, unknown>; claims: [string, unknown][] } {
  const part = (index: number) => {
    const base64 = token.split(".")[index].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(new TextDecoder().decode(
      Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)),
    ));
  };
  return { header: part(0), claims: Object.entries(part(1)) };
}

/** Mints through the function, in local mode and without a call. */
async function mint(
  settings: Record<string, string>,
  sub: string,
  plan: string,
  body: unknown,
): Promise<{ token: string; sessionId: string; ttl: number; expiresAt: number; tier: number }> {
  const all: Record<string, string> = {
    SUPABASE_URL: "https://ref.supabase.co",
    JWT_SECRET: SECRET,
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_BASE_URL: "https://amber-fox-042.behest.app",
    ...settings,
  };
  const handler = createHandler({
    env: { get: (name) => all[name] },
    fetch: () => Promise.reject(new Error("nobody is called")),
    clock: systemClock,
    log: () => {},
  });
  const session = await new SignJWT({ sub, aud: "authenticated", app_metadata: { plan } })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));
  const response = await handler(
    new Request("http://localhost/", {
      method: "POST",
      headers: { Authorization: `Bearer ${session}` },
      body: JSON.stringify(body),
    }),
  );
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test("the local token is the official SDK's, claim by claim and in its order", async () => {
  const { signingKey, kid, tenantId, projectId } = await makeCredentials();
  const inputs = [
    { userId: "6f1c1e0e-3f4b-4b59-9d6d-0c6a4f3f2b10", sessionId: "s_1", plan: "pro", ttl: 900 },
    { userId: 'a "quoted" ünï/côdé \u2028 user', sessionId: "a.b:c-d", plan: "42", ttl: 86_400 },
  ];
  for (const { userId, sessionId, plan, ttl } of inputs) {
    const settings = {
      BEHEST_KEY: signingKey,
      BEHEST_KID: kid,
      BEHEST_TENANT_ID: tenantId,
      BEHEST_PROJECT_ID: projectId,
      BEHEST_TTL: String(ttl),
    };
    const before = Date.now();
    const ours = await mint(settings, userId, plan, { sessionId });
    const sdks = await sdkSign({
      key: signingKey,
      kid,
      tenantId,
      projectId,
      userId,
      sessionId,
      tier: ours.tier,
      ttl,
    });
    // Whole seconds on both sides: one more may have begun.
    const passed = Math.ceil((Date.now() - before) / 1000);
    const [mine, theirs] = [read(ours.token), read(sdks.token)];
    assert.deepEqual(mine.header, theirs.header);
    assert.deepEqual(mine.claims.map(([name]) => name), theirs.claims.map(([name]) => name));
    const theirClaims = new Map(theirs.claims);
    for (const [name, value] of mine.claims) {
      const theirValue = theirClaims.get(name);
      if (name === "jti") {
        // Random in both, and of one form.
        assert.match(String(value), UUID_V4);
        assert.match(String(theirValue), UUID_V4);
      } else if (["iat", "nbf", "exp"].includes(name)) {
        // The two were made one after the other, within the time that has passed.
        const later = Number(theirValue) - Number(value);
        assert.ok(later >= 0 && later <= passed, `${name} is ${later} s later`);
      } else {
        assert.deepEqual(value, theirValue, name);
      }
    }
    const claims = Object.fromEntries(mine.claims);
    assert.equal(claims.nbf, claims.iat);
    assert.equal(claims.exp, Number(claims.iat) + ttl);
    assert.deepEqual(
      [ours.sessionId, ours.ttl, ours.expiresAt],
      [sdks.session_id, sdks.ttl, claims.exp],
    );
  }
});

Deno.test("without a session id in the body both make a fresh UUID v4", async () => {
  const { signingKey, kid, tenantId, projectId } = await makeCredentials();
  const settings = {
    BEHEST_KEY: signingKey,
    BEHEST_KID: kid,
    BEHEST_TENANT_ID: tenantId,
    BEHEST_PROJECT_ID: projectId,
  };
  const one = await mint(settings, "u_1", "free", {});
  const other = await mint(settings, "u_1", "free", { sessionId: null });
  const sdks = await sdkSign({ key: signingKey, kid, tenantId, projectId, userId: "u_1" });
  for (const id of [one.sessionId, other.sessionId, sdks.session_id]) assert.match(id, UUID_V4);
  assert.notEqual(one.sessionId, other.sessionId);
});
