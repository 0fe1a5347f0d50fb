/** An access token hook on the stack, and what becomes of a sign-in where it fails. */

import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import type { Claims } from "../dev/stack/issuer/keys.ts";
import { startStack } from "../dev/stack/stack.ts";

Deno.test("a hook that fails is a failed sign-in, and is called as Auth calls it", async () => {
  const log: string[] = [];
  const { error } = console;
  console.error = (line) => log.push(line);
  const issuer = { hook: new URL("support/odd_hook.sql", import.meta.url) };
  const stack = await startStack({ port: 0, gatewayPort: 0, issuer });
  const auth = async (path: string, body: unknown) => {
    const answer = await fetch(`${stack.url}/auth/v1/${path}`, {
      method: "POST",
      headers: { apikey: stack.publishableKey },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const password = crypto.randomUUID();
  const failure = {
    code: 500,
    error_code: "unexpected_failure",
    msg: "Error running hook URI: pg-functions://postgres/public/behest_access_token_hook",
  };
  try {
    for (const what of ["raise", "null", "bare", "lacks", "list"]) {
      const user = { email: `${what}@example.com`, password };
      for (const path of ["signup", "token?grant_type=password"]) {
        assert.deepEqual(await auth(path, user), { status: 500, body: failure }, what);
      }
    }

    const told = async (path: string, body: unknown) => {
      const { body: { access_token, refresh_token } } = await auth(path, body);
      const { sub, app_metadata } = decodeJwt<{ app_metadata: Claims }>(access_token);
      const { event, ...as } = app_metadata as { event: Record<string, Claims> };
      assert.deepEqual(as, {
        // Postgres has an order of its own for the names of an object.
        order: [
          ...["aal", "amr", "aud", "exp", "iat", "iss", "sub", "role", "email", "phone"],
          ...["session_id", "app_metadata", "is_anonymous", "user_metadata"],
        ],
        role: "supabase_auth_admin",
        path: "auth",
        timeout: "2s",
      });
      const { uuid, time, ...metadata } = event.metadata!;
      assert.ok(uuid && time);
      assert.deepEqual(metadata, { name: "customize-access-token", ip_address: "127.0.0.1" });
      assert.equal(event.user_id, sub);
      return { method: event.authentication_method, access_token, refresh_token };
    };
    const user = { email: "tell@example.com", password };
    assert.equal((await told("signup", user)).method, "password");
    const signedIn = await told("token?grant_type=password", user);
    assert.equal(signedIn.method, "password");
    const { refresh_token } = signedIn;
    const refreshed = await told("token?grant_type=refresh_token", { refresh_token });
    assert.equal(refreshed.method, "token_refresh");

    // A refresh that fails has used up nothing.
    const set = async (hook: string) => {
      const answer = await fetch(`${stack.url}/auth/v1/user`, {
        method: "PUT",
        headers: {
          apikey: stack.publishableKey,
          Authorization: `Bearer ${refreshed.access_token}`,
        },
        body: JSON.stringify({ data: { hook } }),
      });
      await answer.body?.cancel();
      assert.equal(answer.status, 200);
    };
    const last = { refresh_token: refreshed.refresh_token };
    await set("raise");
    const failed = await auth("token?grant_type=refresh_token", last);
    assert.deepEqual(failed, { status: 500, body: failure });
    await set("tell");
    assert.equal((await told("token?grant_type=refresh_token", last)).method, "token_refresh");
  } finally {
    await stack.stop();
    console.error = error;
  }
  // For who runs the stack, and for nobody who signs in.
  for (const why of ["a secret of the database", "lacks session_id", "is no object"]) {
    assert.ok(log.some((line) => line.startsWith("issuer: ") && line.includes(why)), why);
  }
});
