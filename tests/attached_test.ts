/** `deno task dev --supabase`: the function and the gateway around a Supabase that is there already. */

import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { lookAt, readAttached } from "../dev/stack/attached.ts";
import { startFront } from "../dev/stack/front.ts";
import { startAttached, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";
import { runInBrowser } from "./support/browser.ts";
import { createBehest } from "./support/client_module.ts";
import { claim, click, send } from "./support/demo.ts";

const KEY = "sb_publishable_of_a_project";

Deno.test("with --supabase the whole way goes through a Supabase that is there, and nothing is written to it", async (test) => {
  const there = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  const to = readAttached(there.url, there.publishableKey);
  const stack = await startAttached({ port: 0, gatewayPort: 0, quiet: true }, to);
  const rows = async () => {
    const headers = { apikey: there.secretKey };
    return await (await fetch(`${there.url}/rest/v1/profiles?order=id`, { headers })).json();
  };
  try {
    const before = await rows();
    const [free] = there.users;
    assert.ok(free);

    await test.step("its users, plans and Realtime are the ones that count", async () => {
      const supabase = createClient(stack.url, stack.publishableKey, {
        auth: { persistSession: false, autoRefreshToken: false },
      });
      const { error } = await supabase.auth.signInWithPassword(free);
      assert.equal(error, null);
      const behest = createBehest(supabase);
      try {
        const { tier, baseUrl } = await behest.getToken();
        assert.deepEqual([tier, baseUrl], [1, stack.gatewayUrl]);
        const answer = await behest.fetch(`${baseUrl}/v1/models`);
        assert.equal(answer.status, 200);
        await answer.body?.cancel();
        behest.watchPlan();
        await until(() => there.realtime.load.channels === 1);
        await setPlan(there.url, there.secretKey, free.id, "max");
        await until(async () => (await behest.getToken()).tier === 3);
        await setPlan(there.url, there.secretKey, free.id, "free");
      } finally {
        behest.close();
        await supabase.removeAllChannels();
        supabase.realtime.disconnect();
        await until(() => there.realtime.load.sockets === 0);
      }
    });

    await test.step("nothing is written, and nobody's plan can be", async () => {
      const plan = await fetch(`${stack.url}/dev/plan`, {
        method: "POST",
        headers: { Origin: stack.url },
        body: JSON.stringify({ id: free.id, plan: "max" }),
      });
      assert.equal(plan.status, 404);
      await plan.body?.cancel();
      const plans = (list: { id: string; plan: string }[]) =>
        list.map(({ id, plan }) => [id, plan]);
      assert.deepEqual(plans(await rows()), plans(before));
    });

    await runInBrowser(test, {}, {
      "the page takes a user of its own, and offers none": async (page) => {
        await page.goto(stack.pageUrl);
        assert.equal(await page.locator("#choices").isVisible(), false);
        assert.equal(await page.locator("#upgrade").isVisible(), false);
        await page.getByLabel("E-mail").fill(free.email);
        await page.getByLabel("Password").fill(free.password);
        await click(page, "Sign in");
        assert.equal(await claim(page, "uid"), free.id);
        assert.match(await send(page, "Who am I?"), /on tier 1\.$/);
      },
    });
  } finally {
    await stack.stop();
    await there.stop();
  }
});

Deno.test("what is no URL, or a key that belongs on no page, is refused by its flag before anything is asked", () => {
  const urls = [
    "",
    "example.com",
    "ftp://a.example",
    "https://a:b@a.example",
    "http://:b@a.example",
  ];
  for (const url of [...urls, "http://a.example/?x", "http://a.example/#x"]) {
    assert.throws(() => readAttached(url, KEY), /--supabase is the project's URL/);
  }
  assert.throws(() => readAttached("https://abc.supabase.co", undefined), /wants --key/);
  const legacy = (role: string) => `h.${btoa(JSON.stringify({ role }))}.s`;
  const secret = [
    "sb_secret_abc",
    " sb_secret_abc",
    legacy("service_role"),
    legacy("supabase_admin"),
  ];
  for (const key of [...secret, "abc", "h.e30.s"]) {
    assert.throws(
      () => readAttached("https://abc.supabase.co", key),
      /--key is the publishable key/,
    );
  }
  for (const key of [KEY, `${KEY}\n`, legacy("anon")]) {
    const to = readAttached("http://localhost:54321/", key);
    assert.deepEqual(to, { url: "http://127.0.0.1:54321", publishableKey: key.trim() });
  }
});

/** A Supabase that answers so, by path. */
async function answering(
  answers: Record<string, [status: number, body?: unknown]>,
  test: (to: { url: string; publishableKey: string }) => Promise<void>,
): Promise<void> {
  const methods: Set<string> = new Set();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    methods.add(request.method);
    const [status, body = {}] = answers[new URL(request.url).pathname] ?? [404];
    return Response.json(body, { status });
  });
  try {
    await test({ url: `http://127.0.0.1:${server.addr.port}`, publishableKey: KEY });
    assert.deepEqual([...methods], ["GET"]);
  } finally {
    await server.shutdown();
  }
}

const SETTINGS = "/auth/v1/settings";
const PROFILES = "/rest/v1/profiles";

Deno.test("the migration's absence is named, with what to run", async () => {
  const cases: [status: number, code: string, found: RegExp | undefined][] = [
    [404, "PGRST205", /^There is no table profiles: `npx behest-token init --migration`/],
    [400, "42703", /^profiles lacks plan or plan_version: `npx behest-token init/],
    [503, "PGRST001", /^The plans could not be looked at: 503 PGRST001\.$/],
    [401, "42501", undefined],
  ];
  for (const [status, code, found] of cases) {
    await answering({ [SETTINGS]: [200], [PROFILES]: [status, { code }] }, async (to) => {
      const [text] = await lookAt(to);
      if (found) assert.match(text ?? "", found);
      else assert.equal(text, undefined);
    });
  }
  await answering({ [SETTINGS]: [200], [PROFILES]: [200, []] }, async (to) => {
    assert.deepEqual(await lookAt(to), []);
  });
});

Deno.test("a Supabase that does not answer, refuses the key, or is none, is said before anything is started", async () => {
  await assert.rejects(
    lookAt({ url: "http://127.0.0.1:9", publishableKey: KEY }),
    /does not answer at http:\/\/127\.0\.0\.1:9\. Is it started\?/,
  );
  await answering({ [SETTINGS]: [401] }, async (to) => {
    await assert.rejects(lookAt(to), /refuses this key: take the publishable one/);
  });
  await answering({ [SETTINGS]: [302] }, async (to) => {
    await assert.rejects(lookAt(to), /answers 302: that is no Supabase/);
  });
});

async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await happened()) {
    assert.ok(performance.now() < end, "this never happens");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("cookies of other programs on this machine do not go to Supabase, and none of its comes back", async () => {
  let seen: Headers | undefined;
  const there = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    seen = request.headers;
    return new Response("", { headers: { "Set-Cookie": "a=b" } });
  });
  const front = await startFront(0);
  try {
    front.open({ "/rest/v1": `http://127.0.0.1:${there.addr.port}` });
    const answer = await fetch(`${front.url}/rest/v1/profiles`, {
      headers: { Cookie: "session=secret", Referer: "http://127.0.0.1/private", apikey: KEY },
    });
    await answer.body?.cancel();
    assert.equal(seen?.get("apikey"), KEY);
    assert.deepEqual([seen?.get("cookie"), seen?.get("referer")], [null, null]);
    assert.equal(answer.headers.get("set-cookie"), null);
  } finally {
    await front.stop();
    await there.shutdown();
  }
});
