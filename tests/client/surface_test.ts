/** What the module offers, and that importing it does nothing. */
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import * as client from "../support/client_module.ts";
import { settle } from "../support/client_calls.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { inWorld, rejects, SUPABASE_URL } from "../support/client_world.ts";

Deno.test("any supabase-js client fits as it is, and making a Behest client calls nothing", async () => {
  const calls: unknown[] = [];
  const fetch = (input: RequestInfo | URL) => (calls.push(input), Promise.reject(new TypeError()));
  const supabase = createClient(SUPABASE_URL, "sb_publishable_x", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch },
  });
  const behest = client.createBehest(supabase);
  await settle();
  await rejects(behest.getToken(), "no_session");
  assert.deepEqual(calls, []);
  behest.close();
  await supabase.auth.dispose();
});

Deno.test("every method can be handed on by itself", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const { getToken, fetch, fetchToken, invalidate, newSession, subscribe, getSnapshot, close } =
      world.behest;
    assert.equal((await getToken()).token, "bt.ada.1");
    assert.equal((await fetch("https://amber-fox-042.behest.app/v1/models")).status, 200);
    assert.equal((await fetchToken()).token, "bt.ada.1");
    invalidate();
    newSession();
    subscribe(() => {})();
    assert.equal(getSnapshot().status, "idle");
    close();
  });
});

Deno.test("functionName names the function that is called", async () => {
  await inWorld({ user: "ada", options: { functionName: "mint-it" } }, async (world) => {
    await world.token();
    assert.ok(world.function.last.url.endsWith("/functions/v1/mint-it"));
  });
});

Deno.test("options that are undefined are as good as not there", async () => {
  const options = {
    functionName: undefined,
    baseUrl: undefined,
    sessionId: undefined,
    refreshBefore: undefined,
    timeout: undefined,
  };
  await inWorld({ user: "ada", options }, async (world) => {
    assert.equal(await world.token(), "bt.ada.1");
    assert.ok(world.function.last.url.endsWith("/functions/v1/behest-token"));
    assert.deepEqual(world.function.last.body, {});
  });
});

Deno.test("where no fetch is given the global one is looked up at each use", async () => {
  const own = globalThis.fetch;
  const seen: string[] = [];
  try {
    await inMinimal("ada", async (_, behest) => {
      for (const name of ["first", "second"]) {
        globalThis.fetch = () => (seen.push(name), Promise.resolve(new Response("ok")));
        await behest.fetch("https://amber-fox-042.behest.app/v1/models");
      }
    }, { fetch: undefined });
  } finally {
    globalThis.fetch = own;
  }
  assert.deepEqual(seen, ["first", "second"]);
});

Deno.test("importing the module does nothing, where there is no page, no network and no time", async () => {
  const entry = new URL("../support/client_module.ts", import.meta.url);
  const code = `
    for (const name of ["fetch", "setTimeout", "setInterval", "BroadcastChannel", "localStorage",
      "sessionStorage", "addEventListener", "WebSocket", "queueMicrotask", "performance"]) {
      Object.defineProperty(globalThis, name, { get() { throw new Error(name + " is touched"); } });
    }
    const before = Object.keys(globalThis).length;
    const names = Object.keys(await import(${JSON.stringify(entry.href)}));
    if (Object.keys(globalThis).length !== before) throw new Error("something was left behind");
    console.log(names.join());`;
  const { code: exit, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
  }).output();
  assert.equal(exit, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /BehestError,createAt,createBehest/);
});

Deno.test("the client imports nothing but its own files", async () => {
  const folder = new URL("../../client/", import.meta.url);
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, from] of text.matchAll(/\bfrom\s+"([^"]+)"|\bimport\("([^"]+)"\)/g)) {
      assert.match(from ?? "", /^\.\//, name);
    }
  }
});
