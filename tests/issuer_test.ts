/** Sessions of the stack's issuer, as a project with signing keys and the hook gives them. */

import assert from "node:assert/strict";
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { HOOK } from "../dev/stack/issuer/hook.ts";
import type { Claims } from "../dev/stack/issuer/keys.ts";
import type { Issuer } from "../dev/stack/issuer/remote.ts";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";
import { chat, client, mint, REFUSED, signUp, TAKEN, verdict } from "./support/issuer.ts";
import { sign } from "./support/realtime.ts";
import { plans, subscribed, Tabs } from "./support/realtime_tabs.ts";

interface World {
  stack: Stack;
  issuer: Issuer;
}

/** In this order: the function looks for unknown keys once in 30 s, and a forged token names some. */
const PROMISES: Record<string, (world: World) => Promise<void>> = {
  async "supabase-js signs in, reads its row, refreshes the same session, and signs out"(
    { stack },
  ) {
    const supabase = client(stack);
    const { data, error } = await supabase.auth.signInWithPassword(stack.users[1]!);
    assert.ifError(error);
    const { access_token, user } = data.session!;
    assert.equal(decodeProtectedHeader(access_token).alg, "ES256");
    const row = await supabase.from("profiles").select("id, plan");
    assert.deepEqual(row.data, [{ id: user.id, plan: "pro" }]);
    assert.ifError((await supabase.auth.updateUser({ data: { name: "P" } })).error);

    const refreshed = await supabase.auth.refreshSession();
    assert.ifError(refreshed.error);
    const [before, after] = [access_token, refreshed.data.session!.access_token].map((token) =>
      decodeJwt<{ session_id: string; amr: unknown; user_metadata: Claims }>(token)
    );
    assert.equal(after!.session_id, before!.session_id);
    assert.deepEqual(after!.amr, before!.amr);
    assert.deepEqual([before!.user_metadata.name, after!.user_metadata.name], [undefined, "P"]);
    assert.equal((await mint(stack, access_token)).status, 200);

    assert.ifError((await supabase.auth.signOut()).error);
    assert.deepEqual((await verdict(stack, access_token)).slice(0, 2), [403, "session_not_found"]);
    const refused = await mint(stack, access_token);
    assert.deepEqual([refused.status, refused.error.code], [401, "invalid_session"]);
  },

  async "the plan stands in the token, which the published key verifies, and not in GET /user"(
    { stack, issuer },
  ) {
    const { supabase, session, id } = await signUp(stack);
    const { payload, protectedHeader } = await jwtVerify(
      session.access_token,
      createRemoteJWKSet(new URL(issuer.jwksUrl)),
      { issuer: `${stack.url}/auth/v1`, audience: "authenticated", algorithms: ["ES256"] },
    );
    assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "kid", "typ"]);
    // With a hook on, what Go has written is a map.
    assert.deepEqual(Object.keys(payload), [
      ...["aal", "amr", "app_metadata", "aud", "email", "exp", "iat", "is_anonymous", "iss"],
      ...["phone", "role", "session_id", "sub", "user_metadata"],
    ]);
    const raw = { provider: "email", providers: ["email"] };
    assert.deepEqual(payload.app_metadata, { plan: "free", ...raw });
    assert.deepEqual(payload.amr, [{ method: "password", timestamp: payload.iat }]);
    assert.deepEqual([payload.sub, payload.exp! - payload.iat!], [id, 3600]);
    assert.deepEqual((await supabase.auth.getUser()).data.user?.app_metadata, raw);
    assert.deepEqual(session.user.app_metadata, raw);

    // supabase-js verifies it by itself, without asking.
    const { data, error } = await supabase.auth.getClaims();
    assert.ifError(error);
    assert.equal(data?.claims.sub, id);
  },

  async "an upgrade stands in the next token of the same session"({ stack }) {
    const { supabase, id } = await signUp(stack);
    await setPlan(stack.url, stack.secretKey, id, "max");
    const { data } = await supabase.auth.refreshSession();
    const { app_metadata } = decodeJwt<{ app_metadata: Claims }>(data.session!.access_token);
    assert.equal(app_metadata.plan, "max");
  },

  async "who has no row signs in all the same, without a plan"({ stack }) {
    const { supabase, id } = await signUp(stack);
    assert.ifError((await plans(stack).rows.delete().eq("id", id)).error);
    const { data, error } = await supabase.auth.refreshSession();
    assert.ifError(error);
    const { app_metadata } = decodeJwt<{ app_metadata: Claims }>(data.session!.access_token);
    assert.deepEqual(app_metadata, { provider: "email", providers: ["email"] });
  },

  async "from claims the function asks nobody, in either mode, and checked again it asks"(
    { stack },
  ) {
    const set = async (wanted: Record<string, string>) => {
      const answer = await fetch(`${stack.url}/dev/function`, {
        method: "POST",
        headers: { Origin: stack.pageUrl },
        body: JSON.stringify(wanted),
      });
      return await answer.json();
    };
    const { supabase, id } = await signUp(stack);
    await setPlan(stack.url, stack.secretKey, id, "pro");
    const token = (await supabase.auth.refreshSession()).data.session!.access_token;
    await setPlan(stack.url, stack.secretKey, id, "max");
    await supabase.auth.signOut();
    // What the token says counts until it expires: the plan of before, and the session.
    for (const state of ["local", "api-key"]) {
      assert.deepEqual(await set({ state, way: "claims" }), { state, way: "claims" });
      const { status, tier, steps } = await mint(stack, token);
      assert.deepEqual([status, tier, steps], [200, 2, ["verify", "mint"]]);
    }
    assert.deepEqual(await set({ way: "checked" }), { state: "api-key", way: "checked" });
    assert.equal((await mint(stack, token)).error.code, "invalid_session");
  },

  async "the gateway takes such a session as it is, on the tier of its plan"({ stack, issuer }) {
    const supabase = client(stack);
    const { data } = await supabase.auth.signInWithPassword(stack.users[2]!);
    const { access_token } = data.session!;
    const { status, text } = await chat(stack, access_token);
    assert.equal(status, 200, text);
    for (const part of [data.user!.id, "tier 3"]) assert.ok(text.includes(part), text);
    const claims = decodeJwt(access_token);
    for (
      const token of [
        await sign(claims, stack.jwtSecret),
        await issuer.sign({ ...claims, iss: "http://127.0.0.1:1/auth/v1" }),
      ]
    ) assert.equal((await chat(stack, token)).status, 401);
  },

  async "supabase-js hears of its user's row by such a session"({ stack }) {
    const tabs = new Tabs(stack);
    try {
      const [user] = stack.users;
      const { change } = await subscribed(await tabs.open(user), `id=eq.${user!.id}`);
      await plans(stack).set(user!, "pro");
      assert.equal(await change(), "pro");
    } finally {
      await tabs.close();
    }
  },

  async "after a rotation old and new sessions are good, until the old key is taken back"(
    { stack, issuer },
  ) {
    const old = await signUp(stack);
    await issuer.rotateKey();
    const young = await signUp(stack);
    const kids = [young, old].map(({ session }) => decodeProtectedHeader(session.access_token).kid);
    const { keys } = await (await fetch(issuer.jwksUrl)).json();
    assert.deepEqual(keys.map(({ kid }: { kid: string }) => kid), kids);
    // The function has the set of its start, and fetches the new one.
    for (const { session } of [old, young]) {
      assert.deepEqual(await verdict(stack, session.access_token), TAKEN);
      assert.equal((await mint(stack, session.access_token)).status, 200);
    }

    await issuer.retireKeys();
    assert.deepEqual(await verdict(stack, old.session.access_token), REFUSED);
    assert.equal((await mint(stack, old.session.access_token)).status, 401);
    assert.deepEqual(await verdict(stack, young.session.access_token), TAKEN);
    // Its refresh token is no JWT, and gives a session of the new key.
    const { data } = await old.supabase.auth.refreshSession();
    assert.deepEqual(await verdict(stack, data.session!.access_token), TAKEN);
  },

  async "nobody turns the keys but the stack"({ stack, issuer }) {
    const before = JSON.stringify(issuer.jwks);
    for (const what of ["rotate", "retire", "sign"]) {
      for (const path of ["/issuer/", "/auth/v1/issuer/", "/auth/v1/..%2f..%2fissuer/"]) {
        const answer = await fetch(`${stack.url}${path}${what}`, {
          method: "POST",
          headers: { apikey: stack.secretKey },
          body: "{}",
        });
        await answer.body?.cancel();
        assert.ok(!answer.ok, path);
      }
    }
    assert.equal(JSON.stringify(await (await fetch(issuer.jwksUrl)).json()), before);
  },

  async "a token that the issuer has not signed, or not for here, is refused by everyone"(
    { stack, issuer },
  ) {
    const { session: { access_token } } = await signUp(stack);
    assert.deepEqual(await verdict(stack, access_token), TAKEN);
    const claims = decodeJwt(access_token);
    const [head, payload, signature] = access_token.split(".") as [string, string, string];
    const { kid } = decodeProtectedHeader(access_token);
    const { privateKey } = await generateKeyPair("ES256");
    const foreign = (header: Claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: "ES256", ...header }).sign(privateKey);
    const forged = new UnsecuredJWT({ ...claims, sub: stack.users[2]!.id }).encode();
    const flipped = (signature[0] === "A" ? "B" : "A") + signature.slice(1);
    // An issuer that let the token choose its algorithm would take the last one.
    const cases: Record<string, string> = {
      "with the project's secret": await sign(claims, stack.jwtSecret),
      "with another key": await foreign({}),
      "with another key by our name": await foreign({ kid }),
      "with none": forged,
      "with none that is empty": `${forged}e30`,
      "of other claims": `${head}.${forged.split(".")[1]}.${signature}`,
      "with a bit that is not ours": `${head}.${payload}.${flipped}`,
      "without its signature": `${head}.${payload}.`,
      "of another issuer": await issuer.sign({ ...claims, iss: "https://x.supabase.co/auth/v1" }),
      "of no issuer": await issuer.sign({ ...claims, iss: undefined }),
      "with the public key": await sign(claims, JSON.stringify(issuer.jwks.keys[0])),
    };
    for (const [title, token] of Object.entries(cases)) {
      assert.deepEqual(await verdict(stack, token), REFUSED, title);
      assert.equal((await mint(stack, token)).status, 401, title);
    }

    const now = Math.floor(Date.now() / 1000);
    const expired = await issuer.sign({ ...claims, iat: now - 7200, exp: now - 3600 });
    assert.deepEqual(await verdict(stack, expired), [403, "bad_jwt", 401, "PGRST303"]);
    const { status, error } = await mint(stack, expired);
    assert.deepEqual([status, error.code], [401, "expired_token"]);
  },
};

Deno.test("a project with signing keys and the hook", async (test) => {
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true, issuer: { hook: HOOK } });
  try {
    for (const [title, work] of Object.entries(PROMISES)) {
      await test.step(title, () => work({ stack, issuer: stack.issuer! }));
    }
    const log = stack.functionLog.join("\n");
    assert.match(log, /"alg":"ES256"/);
    assert.doesNotMatch(log, /"code":"ok"[^\n]*"alg":"HS256"/);
  } finally {
    await stack.stop();
  }
});
