/** The border between JavaScript and the core: trust cannot be made on this side of it. */
// Loads the module.
import { NOTHING } from "../../supabase/functions/behest-token/upstream.ts";
import "../../supabase/functions/behest-token/wasm.ts";
import assert from "node:assert/strict";
import { exportPKCS8, generateKeyPair, SignJWT } from "jose";
import { Candidate, Core, type Fault, Grant, Session, Token } from "../../pkg/behest_token.js";

const SECRET = "a-secret-of-at-least-thirty-two-bytes";
const now = Math.floor(Date.now() / 1000);

async function open(changes: Record<string, string> = {}): Promise<Core> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const settings: Record<string, string> = {
    SUPABASE_URL: "https://ref.supabase.co",
    SUPABASE_PUBLISHABLE_KEY: "sb_publishable_1",
    JWT_SECRET: SECRET,
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_BASE_URL: "https://amber-fox-042.behest.app",
    BEHEST_KEY: await exportPKCS8(privateKey),
    BEHEST_KID: "sk_1",
    BEHEST_TENANT_ID: "tenant",
    BEHEST_PROJECT_ID: "project",
    ...changes,
  };
  return await Core.open({ get: (name) => settings[name] });
}

async function authorization(): Promise<string> {
  const token = await new SignJWT({ sub: "u_1", aud: "authenticated" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(now + 60)
    .sign(new TextEncoder().encode(SECRET));
  return `Bearer ${token}`;
}

Deno.test("JavaScript can make no handle of its own", async () => {
  const core = await open();
  const forged = <T>(of: { prototype: T }): T => Object.create(of.prototype as object);
  assert.throws(() => core.grant(forged(Session), undefined));
  assert.throws(() => core.confirm(forged(Candidate), undefined, now));
  assert.throws(() => core.verify(forged(Token), now));
  assert.throws(() => core.sign(forged(Grant), now));
  assert.throws(() => core.grant({ uid: "u_1" } as unknown as Session, undefined));
});

Deno.test("no step can be left out", async () => {
  const core = await open();
  const token = core.read(NOTHING, await authorization());
  assert.throws(() => core.confirm(token as unknown as Candidate, undefined, now));
  const candidate = await core.verify(core.read(NOTHING, await authorization()), now);
  assert.throws(() => core.grant(candidate as unknown as Session, undefined));
  // With the user check on there is no session without the Auth server's answer.
  assert.throws(() => core.confirm(candidate, undefined, now), { code: "internal" });
});

Deno.test("a step uses up the one before: nothing is minted twice", async () => {
  for (let again = 0; again < 4; again++) {
    // A core of its own for each: misuse costs the instance.
    const core = await open({ BEHEST_USER_CHECK: "claims" });
    const token = core.read(NOTHING, await authorization());
    const candidate = await core.verify(token, now);
    if (again === 0) {
      assert.throws(() => core.verify(token, now));
      continue;
    }
    const session = core.confirm(candidate, undefined, now);
    if (again === 1) {
      assert.throws(() => core.confirm(candidate, undefined, now));
      continue;
    }
    const grant = core.grant(session, undefined);
    if (again === 2) {
      assert.throws(() => core.grant(session, undefined));
      continue;
    }
    assert.match(await core.sign(grant, now), /^\{"token":"eyJ/);
    assert.throws(() => core.sign(grant, now));
  }
});

Deno.test("a clock that tells no time signs no token", async () => {
  for (const nonsense of [NaN, -1, Infinity]) {
    const core = await open({ BEHEST_USER_CHECK: "claims" });
    const candidate = await core.verify(core.read(NOTHING, await authorization()), now);
    const grant = core.grant(core.confirm(candidate, undefined, now), undefined);
    await assert.rejects(
      async () => await core.sign(grant, nonsense),
      (fault: Fault) => fault.code === "internal",
    );
  }
});

Deno.test("a clock that tells no time lets no token through", async () => {
  const core = await open();
  for (const time of [NaN, -1, Infinity]) {
    const token = core.read(NOTHING, await authorization());
    await assert.rejects(async () => await core.verify(token, time), { code: "expired_token" });
  }
});
