/** Nothing secret is written to a storage, logged, or put into what can be seen. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { settle } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import type { BehestError } from "../support/client_module.ts";
import { seen } from "../support/client_seen.ts";
import { type ClientWorld, inWorld, signIn, signOut } from "../support/client_world.ts";

const CONSOLE = ["debug", "error", "info", "log", "trace", "warn", "dir", "table"] as const;

/** Everything that is printed while this runs. */
async function printedBy(run: () => Promise<void>): Promise<unknown[][]> {
  const printed: unknown[][] = [];
  const own = CONSOLE.map((name) => [name, console[name]] as const);
  for (const name of CONSOLE) console[name] = (...what: unknown[]) => void printed.push(what);
  try {
    await run();
  } finally {
    for (const [name, print] of own) console[name] = print;
  }
  return printed;
}

/** Every token that was ever given out. */
function tokensOf(world: ClientWorld): string[] {
  const minted = world.mints.map(({ user, nth }) => `bt.${user}.${nth}`);
  return [...world.auth.tokens, ...minted];
}

function assertNone(world: ClientWorld, text: string, what: string): void {
  for (const token of tokensOf(world)) assert.ok(!text.includes(token), `${what}: ${text}`);
}

Deno.test("neither the client, its snapshot, nor what openai() makes shows a token", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const openai = world.behest.openai(OpenAI, { maxRetries: 0 });
    world.gateway.reply = () => Response.json({ choices: [] });
    await openai.chat.completions.create({ model: "x", messages: [] });
    assert.equal(world.sent.length, 1);
    assertNone(world, seen(world.behest), "the client");
    assertNone(world, seen(world.behest.getSnapshot()), "the snapshot");
    assertNone(world, seen(openai), "openai()");
    assert.ok(!seen(world.behest.getSnapshot()).includes("bt."));
  });
});

Deno.test("no error shows a token, whatever went wrong with one at hand or under way", async () => {
  const faults: [string, (world: ClientWorld) => void][] = [
    ["HTTP", (world) => world.function.always(() => refused(500, "internal"))],
    ["refused", (world) => world.function.always(() => refused(401, "invalid_session"))],
    ["expired", (world) => world.function.always(() => refused(401, "expired_token"))],
    ["no JSON", (world) => world.function.always(() => new Response("<html>"))],
    [
      "half an answer",
      (world) => world.function.always((mint) => world.function.good(mint, { ttl: "900" })),
    ],
    [
      "an error that tells of a token",
      (world) =>
        world.function.always((mint) =>
          Response.json({ token: `bt.${mint.user}.${mint.nth}`, error: {} }, { status: 500 })
        ),
    ],
    ["network", (world) => {
      world.function.reply = () => Promise.reject(new TypeError("Failed to fetch"));
    }],
    [
      "relay",
      (world) =>
        world.function.always((mint) =>
          new Response(`no ${mint.user}`, { status: 500, headers: { "x-relay-error": "true" } })
        ),
    ],
  ];
  for (const [what, fault] of faults) {
    await inWorld({ user: "ada" }, async (world) => {
      await world.token();
      world.behest.invalidate();
      fault(world);
      const error: BehestError = await world.behest.getToken().catch((error) => error);
      assert.equal(error.name, "BehestError", what);
      assertNone(world, seen(error), what);
      assertNone(world, seen(world.behest.getSnapshot()), what);
    });
  }
});

Deno.test("errors of foreign_url, user_changed, closed and behest_rejected show no token", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    await world.token();
    const errors: unknown[] = [];
    const keep = (error: unknown) => void errors.push(error);
    await world.behest.fetch("https://evil.example").catch(keep);
    world.gateway.reply = () => new Response("", { status: 401 });
    await world.chat();
    await world.chat().catch(keep);
    world.function.hold();
    world.behest.invalidate();
    const waiting = world.behest.getToken().catch(keep);
    await settle();
    await signIn(world.tab, "bob");
    await waiting;
    world.behest.close();
    await world.behest.getToken().catch(keep);
    assert.equal(errors.length, 4);
    for (const error of errors) assertNone(world, seen(error), String(error));
  });
});

Deno.test("nothing is printed, through sign-ins, mints, failures, 401s and the end", async () => {
  const printed = await printedBy(() =>
    inWorld({ user: "ada" }, async (world) => {
      await world.chat();
      world.gateway.refuse("bt.ada.1");
      await world.chat();
      world.function.always(() => new Response("<html>"));
      world.behest.invalidate();
      await world.behest.getToken().catch(() => {});
      await signOut(world.tab);
      await world.behest.getToken().catch(() => {});
      await signIn(world.tab, "bob");
      await world.behest.getToken().catch(() => {});
      world.behest.close();
    })
  );
  assert.deepEqual(printed, []);
});

Deno.test("nothing is written to any storage: not supabase-js's, not the page's, no cookie", async () => {
  const written: unknown[] = [];
  const spy = (name: string) =>
    new Proxy({}, {
      get: (_, key) => (written.push([name, key]), () => null),
      set: (_, key) => (written.push([name, key]), true),
    });
  const names = ["localStorage", "sessionStorage", "indexedDB", "caches", "cookieStore"] as const;
  const own = names.map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  for (const name of names) {
    Object.defineProperty(globalThis, name, { value: spy(name), configurable: true });
  }
  try {
    await inWorld({ user: "ada" }, async (world) => {
      const keys = [...world.tab.storage.keys()];
      await world.chat();
      world.behest.newSession();
      await world.token();
      await world.behest.fetchToken();
      assert.deepEqual([...world.tab.storage.keys()], keys);
      for (const value of world.tab.storage.values()) assert.ok(!value.includes("bt."));
    });
  } finally {
    for (const [name, descriptor] of own) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
  assert.deepEqual(written, []);
});
