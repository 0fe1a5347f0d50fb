/** A signed-in user who wants a plan without paying, by every way of the REST API, on the stack. */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type Stack, startStack } from "../../dev/stack/stack.ts";

let stack: Stack;
Deno.test.beforeAll(async () => {
  stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
});
Deno.test.afterAll(() => stack.stop());

/** Whose plan is whose, as the secret key sees it. */
async function plans(): Promise<unknown> {
  const supabase = clientOf(stack.secretKey);
  const { data, error } = await supabase.from("profiles").select("id, plan, plan_version").order(
    "id",
  );
  assert.ifError(error);
  return data;
}

function clientOf(key: string): SupabaseClient {
  return createClient(stack.url, key, { auth: { persistSession: false, autoRefreshToken: false } });
}

async function signIn(
  plan: string,
): Promise<{ supabase: SupabaseClient; token: string; id: string }> {
  const supabase = clientOf(stack.publishableKey);
  const user = stack.users.find((user) => user.plan === plan);
  assert.ok(user);
  const { data, error } = await supabase.auth.signInWithPassword(user);
  assert.ifError(error);
  return { supabase, token: data.session!.access_token, id: user.id };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly prefer?: string;
  readonly body?: unknown;
}

/** What a user sends who moves themself, or another, to `max`. */
function attacksOf(own: string, other: string): [what: string, sent: Sent][] {
  const rows = "/rest/v1/profiles";
  const max = { plan: "max" };
  const merge = "resolution=merge-duplicates";
  return [
    ["an update", { method: "PATCH", path: `${rows}?id=eq.${own}`, body: max }],
    ["an update that returns the row", {
      method: "PATCH",
      path: `${rows}?id=eq.${own}&select=id`,
      prefer: "return=representation",
      body: max,
    }],
    ["an update of all", { method: "PATCH", path: rows, body: max }],
    ["an update of no row", { method: "PATCH", path: `${rows}?id=is.null`, body: max }],
    ["an update of another's", { method: "PATCH", path: `${rows}?id=eq.${other}`, body: max }],
    ["an update of one column of many", {
      method: "PATCH",
      path: `${rows}?id=eq.${own}&columns=plan`,
      body: { plan: "max", created_at: null },
    }],
    ["the version alone", {
      method: "PATCH",
      path: `${rows}?id=eq.${own}`,
      body: { plan_version: 9 },
    }],
    ["an insert", { method: "POST", path: rows, body: { id: own, ...max } }],
    ["an insert of many", {
      method: "POST",
      path: rows,
      body: [{ id: own, ...max }, { id: other, ...max }],
    }],
    ["an insert with columns=", {
      method: "POST",
      path: `${rows}?columns=id,plan`,
      body: [{ id: own, ...max, created_at: "never" }],
    }],
    ["an upsert", { method: "POST", path: rows, prefer: merge, body: { id: own, ...max } }],
    ["an upsert with on_conflict and columns=", {
      method: "POST",
      path: `${rows}?on_conflict=id&columns=id,plan`,
      prefer: `${merge},return=representation`,
      body: [{ id: own, ...max }],
    }],
    ["an upsert of another's", {
      method: "POST",
      path: `${rows}?on_conflict=id`,
      prefer: merge,
      body: { id: other, ...max },
    }],
    ["a put", {
      method: "PUT",
      path: `${rows}?id=eq.${own}`,
      body: { id: own, ...max, plan_version: 0, created_at: "2026-01-01T00:00:00Z" },
    }],
    ["the RPC", {
      method: "POST",
      path: "/rest/v1/rpc/set_plan",
      body: { user_id: own, ...max },
    }],
    ["the RPC for another", {
      method: "POST",
      path: "/rest/v1/rpc/set_plan",
      body: { user_id: other, ...max },
    }],
    ["the RPC by GET", { method: "GET", path: `/rest/v1/rpc/set_plan?user_id=${own}&plan=max` }],
    ["the trigger's function", { method: "POST", path: "/rest/v1/rpc/keep_plan", body: {} }],
    ["the sign-up's function", { method: "POST", path: "/rest/v1/rpc/create_profile", body: {} }],
  ];
}

async function statusOf({ method, path, prefer, body }: Sent, headers: Record<string, string>) {
  const answer = await fetch(stack.url + path, {
    method,
    headers: {
      ...headers,
      "Content-Type": "application/json",
      ...(prefer === undefined ? {} : { "Prefer": prefer }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, text };
}

for (const who of ["a user", "a stranger"] as const) {
  Deno.test(`${who} who asks the REST API for a plan, in any way, is refused`, async (test) => {
    const { token, id } = await signIn("free");
    const other = stack.users.find(({ plan }) => plan === "pro")!.id;
    const before = await plans();
    const apikey = stack.publishableKey;
    const headers: Record<string, string> = who === "a user"
      ? { apikey, Authorization: `Bearer ${token}` }
      : { apikey };
    for (const [what, sent] of attacksOf(id, other)) {
      await test.step(what, async () => {
        const { status, text } = await statusOf(sent, headers);
        // A trigger's function is nothing to call, whoever asks.
        const refusal = what.endsWith("'s function") ? 400 : who === "a user" ? 403 : 401;
        assert.equal(status, refusal, text);
        if (refusal !== 400) assert.equal(JSON.parse(text).code, "42501");
        assert.deepEqual(await plans(), before);
      });
    }
  });
}

Deno.test("a user's own supabase-js is refused by the rights, and says so", async () => {
  const { supabase, id } = await signIn("free");
  const update = await supabase.from("profiles").update({ plan: "max" }).eq("id", id);
  const upsert = await supabase.from("profiles").upsert({ id, plan: "max" });
  const rpc = await supabase.rpc("set_plan", { user_id: id, plan: "max" });
  for (const { status, error } of [update, upsert, rpc]) {
    assert.deepEqual([status, error?.code], [403, "42501"]);
  }
});

Deno.test("a sign-up cannot choose its plan", async () => {
  const supabase = clientOf(stack.publishableKey);
  const { error } = await supabase.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: crypto.randomUUID(),
    options: { data: { plan: "max", app_metadata: { plan: "max" } } },
  });
  assert.ifError(error);
  const { data } = await supabase.from("profiles").select("plan, plan_version");
  assert.deepEqual(data, [{ plan: "free", plan_version: 0 }]);
});

Deno.test("the secret key sets a plan by RPC, and is told what is wrong with a call", async () => {
  const billing = clientOf(stack.secretKey);
  const { supabase, id } = await signIn("max");
  const done = await billing.rpc("set_plan", { user_id: id, plan: "pro" });
  assert.deepEqual([done.error, done.status], [null, 204]);
  const { data } = await supabase.from("profiles").select("plan");
  assert.deepEqual(data, [{ plan: "pro" }]);

  const none = await billing.rpc("set_plan", { user_id: id, plan: null });
  assert.deepEqual([none.status, none.error?.message], [
    400,
    "plan is empty: give its name, such as free",
  ]);
  const nobody = await billing.rpc("set_plan", { user_id: crypto.randomUUID(), plan: "pro" });
  assert.match(nobody.error?.message ?? "", /There is no user/);
  assert.deepEqual([nobody.status, nobody.error?.code], [404, "PT404"]);
});
