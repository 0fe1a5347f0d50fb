/** The whole way on a real local Supabase: sign-up, Behest token, chat. */

import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import OpenAI from "openai";
import { findDeno, HOSTED_DENO } from "../dev/run/denos.ts";
import { type Stack, type StackOptions, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";

interface Minted {
  token: string;
  sessionId: string;
  ttl: number;
  expiresAt: number;
  baseUrl: string;
  tier: number;
}

function stackTest(
  title: string,
  options: StackOptions,
  work: (stack: Stack, test: Deno.TestContext) => Promise<void>,
): void {
  Deno.test(title, async (test) => {
    const stack = await startStack({
      port: 0,
      gatewayPort: 0,
      quiet: true,
      ...options,
    });
    try {
      await work(stack, test);
    } finally {
      await stack.stop();
    }
  });
}

function client({ url, publishableKey }: Stack): SupabaseClient {
  return createClient(url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

async function signUp(
  stack: Stack,
): Promise<{ supabase: SupabaseClient; id: string }> {
  const supabase = client(stack);
  const { data, error } = await supabase.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: crypto.randomUUID(),
  });
  assert.ifError(error);
  return { supabase, id: data.user!.id };
}

async function signIn(stack: Stack, plan: string): Promise<SupabaseClient> {
  const supabase = client(stack);
  const { email, password } = stack.users.find((user) => user.plan === plan)!;
  const { error } = await supabase.auth.signInWithPassword({ email, password });
  assert.ifError(error);
  return supabase;
}

async function mint(supabase: SupabaseClient): Promise<Minted> {
  const { data, error } = await supabase.functions.invoke<Minted>(
    "behest-token",
  );
  assert.ifError(error);
  return data!;
}

async function streamChat(
  { token, sessionId, baseUrl }: Minted,
): Promise<string> {
  const openai = new OpenAI({
    apiKey: token,
    baseURL: `${baseUrl}/v1`,
    defaultHeaders: { "X-Session-Id": sessionId },
  });
  const stream = await openai.chat.completions.create({
    model: "any",
    stream: true,
    messages: [{ role: "user", content: "ping" }],
  });
  let text = "";
  for await (const { choices } of stream) {
    text += choices[0]?.delta.content ?? "";
  }
  return text;
}

for (const mode of ["api-key", "local"] as const) {
  for (const version of [Deno.version.deno, HOSTED_DENO]) {
    stackTest(
      `in ${mode} mode on Deno ${version} a new user gets a token that a chat accepts`,
      { mode, deno: await findDeno(version) },
      async (stack) => {
        const { supabase, id } = await signUp(stack);
        const minted = await mint(supabase);
        const claims = decodeJwt(minted.token);
        assert.deepEqual(
          [claims.uid, claims.tier, claims.sid, claims.exp],
          [id, 1, minted.sessionId, minted.expiresAt],
        );
        assert.equal(minted.baseUrl, stack.gatewayUrl);
        const text = await streamChat(minted);
        for (const part of ["ping", id, "tier 1"]) {
          assert.ok(text.includes(part));
        }

        const log = stack.functionLog.join("\n");
        assert.ok(log.includes(id));
        for (
          const secret of [
            minted.token,
            stack.credentials.apiKey,
            stack.jwtSecret,
          ]
        ) {
          assert.ok(!log.includes(secret));
        }
        assert.ok(!log.includes("@example.com"));
      },
    );
  }
}

stackTest(
  "the seeded users get the tiers of their plans",
  {},
  async (stack, test) => {
    for (const [plan, tier] of [["free", 1], ["pro", 2], ["max", 3]] as const) {
      await test.step(plan, async () => {
        const minted = await mint(await signIn(stack, plan));
        assert.equal(minted.tier, tier);
        assert.equal(decodeJwt(minted.token).tier, tier);
      });
    }
  },
);

stackTest(
  "a plan is the service role's to change, and the next token has its tier",
  {},
  async (stack) => {
    const { supabase, id } = await signUp(stack);
    await supabase.from("profiles").update({ plan: "max" }).eq("id", id);
    await supabase.from("profiles").upsert({ id, plan: "max" });
    await supabase.from("profiles").delete().eq("id", id);
    assert.equal((await mint(supabase)).tier, 1);

    await setPlan(stack.url, stack.secretKey, id, "pro");
    assert.equal((await mint(supabase)).tier, 2);
  },
);

stackTest(
  "a user reads one profile, their own, and a stranger none, however many ask at once",
  {},
  async (stack) => {
    const { supabase, id } = await signUp(stack);
    const own = await supabase.from("profiles").select("id, plan");
    assert.deepEqual(own.data, [{ id, plan: "free" }]);
    const strangers = await client(stack).from("profiles").select("id");
    assert.deepEqual(strangers.data, []);

    const { data } = await supabase.auth.getSession();
    const user = `Bearer ${data.session!.access_token}`;
    const get = async (path: string, Authorization: string) => {
      const headers = { apikey: stack.publishableKey, Authorization };
      return await (await fetch(stack.url + path, { headers })).json();
    };
    await Promise.all(Array.from({ length: 20 }, async () => {
      const answers = [
        get("/auth/v1/user", user),
        get("/rest/v1/profiles?select=id", user),
        get("/rest/v1/profiles?select=id", `Bearer ${stack.publishableKey}`),
      ];
      const [known, row, nothing] = await Promise.all(answers);
      assert.deepEqual([known.id, row, nothing], [id, [{ id }], []]);
    }));
  },
);

stackTest("a session that was signed out gets no token", {}, async (stack) => {
  const { supabase } = await signUp(stack);
  const { data: { session } } = await supabase.auth.getSession();
  await supabase.auth.signOut();
  const answer = await fetch(stack.functionUrl, {
    method: "POST",
    headers: { Authorization: `Bearer ${session!.access_token}` },
  });
  assert.deepEqual(
    [answer.status, (await answer.json()).error.code],
    [401, "invalid_session"],
  );
});

stackTest(
  "a browser's preflight passes the front, a foreign origin does not",
  {},
  async (stack) => {
    const headers = {
      Origin: "http://localhost:3000",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,apikey,content-type,x-client-info",
    };
    const allowed = await fetch(stack.functionUrl, {
      method: "OPTIONS",
      headers,
    });
    assert.equal(allowed.status, 204);
    assert.equal(
      allowed.headers.get("access-control-allow-origin"),
      headers.Origin,
    );
    for (const name of headers["Access-Control-Request-Headers"].split(",")) {
      assert.ok(
        allowed.headers.get("access-control-allow-headers")!.includes(name),
        name,
      );
    }

    const foreign = await fetch(stack.functionUrl, {
      method: "POST",
      headers: { Origin: "https://evil.example" },
    });
    assert.deepEqual(
      [foreign.status, (await foreign.json()).error.code],
      [403, "origin_forbidden"],
    );

    const auth = await fetch(`${stack.url}/auth/v1/token`, {
      method: "OPTIONS",
      headers,
    });
    assert.match(auth.headers.get("access-control-allow-headers")!, /apikey/);
  },
);

stackTest("the stack's own settings can be overridden for the function", {
  env: { BEHEST_PLAN_TIERS: '{"free":7}', BEHEST_TTL: "60" },
}, async (stack) => {
  const { tier, ttl } = await mint(await signIn(stack, "free"));
  assert.deepEqual([tier, ttl], [7, 60]);
});

stackTest(
  "a taken port fails with a message that names the flag, and frees the rest",
  {},
  async (stack) => {
    const [port, gatewayPort] = [stack.url, stack.gatewayUrl].map((url) =>
      Number(new URL(url).port)
    );
    await assert.rejects(
      startStack({ port, gatewayPort: 0, quiet: true }),
      /--port/,
    );
    await assert.rejects(
      startStack({ port: 0, gatewayPort, quiet: true }),
      /--gateway-port/,
    );
  },
);

Deno.test("a stopped stack leaves no process and no port", async () => {
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  await stack.stop();
  await stack.broken;
  for (const url of [stack.url, stack.gatewayUrl]) {
    await assert.rejects(fetch(url), TypeError);
  }
});
