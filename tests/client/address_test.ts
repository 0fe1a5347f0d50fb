/** The token goes to Behest's address, and to nothing that only looks like it. */
import assert from "node:assert/strict";
import { settle, valueOf, watch } from "../support/client_calls.ts";
import { BASE_URL } from "../support/client_function.ts";
import { CHAT, inWorld, rejects } from "../support/client_world.ts";

const ADA = { user: "ada" };

/** What looks like Behest's address, and is another. */
const FOREIGN = [
  "https://evil.example/v1/chat/completions",
  "https://amber-fox-042.behest.app.evil.example/v1",
  "https://amber-fox-042.behest.app@evil.example/v1",
  "https://evil.example#amber-fox-042.behest.app",
  "https://evil.example?https://amber-fox-042.behest.app/v1",
  "https://evil.example/https://amber-fox-042.behest.app/v1",
  "https://behest.app/v1",
  "https://other.behest.app/v1",
  "https://amber-fox-042.behest.app:8443/v1",
  "http://amber-fox-042.behest.app/v1",
  "wss://amber-fox-042.behest.app/v1",
  "ftp://amber-fox-042.behest.app/v1",
  "data:text/plain,amber-fox-042.behest.app",
  "blob:https://amber-fox-042.behest.app/1b2c",
  "javascript:fetch('https://amber-fox-042.behest.app')",
  "file:///v1/chat",
  "https:\\\\evil.example\\v1",
  "//evil.example/v1",
  "/v1/chat/completions",
  "v1/chat/completions",
  "",
  "https://",
  "https://behest.invalid.evil.example/v1",
  "http://behest.invalid/v1",
  "https://behest.invalid:444/v1",
];

Deno.test("every other URL is foreign_url, and nothing is sent, whether the base URL comes from the option or the answer", async () => {
  for (const options of [{}, { baseUrl: BASE_URL }]) {
    await inWorld({ ...ADA, options }, async (world) => {
      for (const url of FOREIGN) await rejects(world.behest.fetch(url), "foreign_url", url);
      await rejects(world.behest.fetch(new URL("https://evil.example/")), "foreign_url");
      await rejects(world.behest.fetch(new Request("https://evil.example/")), "foreign_url");
      assert.equal(world.sent.length, 0);
      assert.equal(world.mints.length, options.baseUrl ? 0 : 1);
    });
  }
});

Deno.test("a base URL that is known beforehand refuses a foreign URL also while nobody is signed in", async () => {
  await inWorld({ options: { baseUrl: `${BASE_URL}/` } }, async (world) => {
    await rejects(world.behest.fetch("https://evil.example/"), "foreign_url");
    await rejects(world.behest.fetch(CHAT), "no_session");
  });
});

Deno.test("a base URL with a path holds as whole segments, which no dots and no encoding step out of", async () => {
  const baseUrl = "https://gate.example/behest/v2";
  await inWorld({ ...ADA, options: { baseUrl } }, async (world) => {
    const outside = [
      "",
      "/",
      "/behest",
      "/behest/v",
      "/behest/v22",
      "/behest/v2x/chat",
      "/Behest/v2/chat",
    ];
    const climbing = [
      "/behest/v2/../v1",
      "/behest/v2/%2e%2e/v1",
      "/behest/v2/.%2E/../x",
      "/behest/v2/..\\x",
    ];
    for (const path of [...outside, ...climbing]) {
      await rejects(world.behest.fetch(`https://gate.example${path}`), "foreign_url", path);
    }
    assert.equal(world.mints.length, 0);
    for (const path of ["", "/", "/chat", "/chat?next=/../..", "?a", "/a/../b"]) {
      await world.behest.fetch(baseUrl + path);
    }
    assert.equal(world.sent.length, 6);
    for (const { url } of world.sent) assert.ok(url.startsWith(baseUrl), url);
  });
});

Deno.test("the option's base URL counts where the function names another", async () => {
  await inWorld({ ...ADA, options: { baseUrl: "https://own.example" } }, async (world) => {
    assert.equal((await world.behest.getToken()).baseUrl, "https://own.example");
    await rejects(world.behest.fetch(CHAT), "foreign_url");
    await world.behest.fetch("https://own.example/v1/models");
    assert.equal(world.gateway.last.url, "https://own.example/v1/models");
  });
});

Deno.test("a baseUrl option that is neither https nor this machine's is refused at once", async () => {
  const bad = [
    "http://behest.example",
    "ftp://x.example",
    "behest.example",
    "",
    "//x.example",
    "javascript:1",
  ];
  for (const baseUrl of bad) {
    await assert.rejects(inWorld({ options: { baseUrl } }, async () => {}), TypeError, baseUrl);
  }
  for (const baseUrl of ["http://localhost:8787", "http://127.0.0.1:9000", "http://[::1]:1"]) {
    await inWorld({ ...ADA, options: { baseUrl } }, async (world) => {
      await world.behest.fetch(`${baseUrl}/v1/models`);
      assert.equal(world.gateway.last.owner, "ada");
    });
  }
});

Deno.test("the placeholder's origin stands for the token's own base URL, with path and query", async () => {
  await inWorld(ADA, async (world) => {
    const url = "https://behest.invalid/v1/models?limit=2";
    for (const input of [url, new URL(url), new Request(url)]) {
      const waiting = watch(world.behest.fetch(input));
      await settle();
      assert.equal(valueOf(waiting)?.status, 200);
      assert.equal(world.gateway.last.url, `${BASE_URL}/v1/models?limit=2`);
      assert.equal(world.gateway.last.owner, "ada");
    }
  });
});

Deno.test("a page's own address is no leave for a relative URL", async () => {
  const page = Object.getOwnPropertyDescriptor(globalThis, "location");
  const pages = [
    "https://app.example/chat",
    "https://behest.invalid.example/",
    "http://localhost:5173/",
  ];
  for (const href of pages) {
    Object.defineProperty(globalThis, "location", { value: new URL(href), configurable: true });
    try {
      await inWorld(ADA, async (world) => {
        for (const url of ["/v1/models", "v1/models", "", "?a", "//evil.example/v1"]) {
          await rejects(world.behest.fetch(url), "foreign_url", `${url} on ${href}`);
        }
        assert.equal(world.sent.length, 0);
      });
    } finally {
      if (page) Object.defineProperty(globalThis, "location", page);
      else Reflect.deleteProperty(globalThis, "location");
    }
  }
});

Deno.test("a new token's base URL that is another takes no request to the old one, also not as a second try", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    world.gateway.refuse("bt.ada.1");
    world.function.always((mint) =>
      world.function.good(mint, { baseUrl: "https://moved.example" })
    );
    await rejects(world.chat(), "foreign_url");
    assert.equal(world.sent.length, 1);
    await rejects(world.chat(), "foreign_url");
    await world.behest.fetch("https://moved.example/v1/models");
    assert.equal(world.gateway.last.token, "bt.ada.2");
  });
});
