/** `fetch` takes the token to Behest, and to no other place. */
import assert from "node:assert/strict";
import { settle, watch } from "../support/client_calls.ts";
import { BASE_URL } from "../support/client_function.ts";
import { CHAT, inWorld, rejects, signIn } from "../support/client_world.ts";

const ADA = { user: "ada" };

Deno.test("requests under the base URL carry the token and the Behest session, as a string, a URL or a Request", async () => {
  await inWorld(ADA, async (world) => {
    const inputs = [
      CHAT,
      new URL(CHAT),
      new Request(CHAT),
      BASE_URL,
      `${BASE_URL}/`,
      `${CHAT}?a=b`,
    ];
    for (const input of inputs) {
      assert.equal((await world.behest.fetch(input)).status, 200);
      assert.equal(world.gateway.last.headers.get("Authorization"), "Bearer bt.ada.1");
      assert.equal(world.gateway.last.headers.get("X-Session-Id"), "sid-ada-1");
    }
    assert.equal(world.sent.length, inputs.length);
    assert.equal(world.gateway.last.url, `${CHAT}?a=b`);
  });
});

Deno.test("redirects are not followed, whatever the caller wants, and the token goes no further", async () => {
  await inWorld(ADA, async (world) => {
    const away = { status: 302, headers: { Location: "https://evil.example/" } };
    world.gateway.reply = () => new Response(null, away);
    for (const redirect of ["follow", "error", "manual", undefined] as const) {
      const init: RequestInit = redirect ? { redirect } : {};
      const response = await world.behest.fetch(CHAT, init);
      assert.equal(response.status, 302);
      assert.notEqual(world.gateway.last.init.redirect, "follow");
      assert.notEqual(world.gateway.last.init.redirect, undefined);
    }
    await world.behest.fetch(new Request(CHAT, { redirect: "follow" }));
    assert.equal(world.gateway.last.init.redirect, "manual");
    assert.equal(world.sent.length, 5);
  });
});

Deno.test("an Authorization of the caller's is overwritten, an X-Session-Id and every other header stay", async () => {
  const given = {
    authorization: "Bearer of-somebody-else",
    "x-session-id": "own-session",
    "X-Trace": "7",
    Accept: "text/event-stream",
  };
  await inWorld(ADA, async (world) => {
    const inits: [RequestInfo, RequestInit][] = [
      [CHAT, { headers: given }],
      [CHAT, { headers: new Headers(given) }],
      [CHAT, { headers: Object.entries(given) }],
      [new Request(CHAT, { headers: given }), {}],
    ];
    for (const [input, init] of inits) {
      await world.behest.fetch(input, init);
      const { headers } = world.gateway.last;
      assert.equal(headers.get("Authorization"), "Bearer bt.ada.1");
      assert.equal(headers.get("X-Session-Id"), "own-session");
      assert.equal(headers.get("X-Trace"), "7");
      assert.equal(headers.get("Accept"), "text/event-stream");
    }
    assert.deepEqual(inits[0]?.[1].headers, given);
  });
});

Deno.test("method, body, signal and the rest of init go on as they are", async () => {
  await inWorld(ADA, async (world) => {
    const { signal } = new AbortController();
    const body = new Uint8Array([1, 2, 3]);
    const init = { method: "PATCH", body, signal, keepalive: true, cache: "no-store" } as const;
    await world.behest.fetch(CHAT, init);
    const sent = world.gateway.last.init;
    assert.equal(sent.method, "PATCH");
    assert.equal(sent.body, body);
    assert.equal(sent.signal, signal);
    assert.equal(sent.keepalive, true);
    assert.equal(sent.cache, "no-store");
  });
});

Deno.test("429, 5xx and the rest come back as they are, after one try", async () => {
  for (const status of [200, 204, 304, 400, 402, 403, 404, 408, 409, 429, 500, 502, 503, 504]) {
    await inWorld(ADA, async (world) => {
      const bare = status === 204 || status === 304;
      const own = new Response(bare ? null : `${status}`, {
        status,
        headers: { "Retry-After": "9" },
      });
      world.gateway.reply = () => own;
      assert.equal(await world.chat(), own);
      assert.equal(own.bodyUsed, false);
      assert.equal(world.sent.length, 1);
      assert.equal(world.mints.length, 1);
      assert.equal(await world.token(), "bt.ada.1");
    });
  }
});

Deno.test("a Behest that cannot be reached is the platform's own TypeError, after one try", async () => {
  await inWorld(ADA, async (world) => {
    const own = new TypeError("Failed to fetch");
    world.gateway.reply = () => Promise.reject(own);
    await assert.rejects(world.chat(), (error) => error === own);
    assert.equal(world.sent.length, 1);
    assert.equal(await world.token(), "bt.ada.1");
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("an abort reaches the request that is under way, and is the signal's own reason", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.hold();
    for (
      const make of [
        (signal: AbortSignal) => world.chat({ signal }),
        (signal: AbortSignal) => world.behest.fetch(new Request(CHAT, { signal })),
      ]
    ) {
      const controller = new AbortController();
      const waiting = watch(make(controller.signal));
      await settle();
      controller.abort("enough");
      await settle();
      assert.deepEqual(waiting.outcome, { error: "enough" });
    }
  });
});

Deno.test("an abort of a Request's own signal, or of init's instead of it, ends the wait for a mint", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const [own, given] = [new AbortController(), new AbortController()];
    const one = watch(world.behest.fetch(new Request(CHAT, { signal: own.signal })));
    const init = { signal: given.signal };
    const other = watch(world.behest.fetch(new Request(CHAT, { signal: own.signal }), init));
    await settle();
    own.abort("enough");
    await settle();
    assert.deepEqual(one.outcome, { error: "enough" });
    assert.equal(other.outcome, undefined);
    given.abort("enough, too");
    await settle();
    assert.deepEqual(other.outcome, { error: "enough, too" });
    assert.equal(world.sent.length, 0);
  });
});

Deno.test("the token never stands in what the caller gave: not in its headers, its init or its Request", async () => {
  await inWorld(ADA, async (world) => {
    const headers = new Headers({ "X-Trace": "7" });
    const init = { headers };
    const request = new Request(CHAT, init);
    await world.behest.fetch(CHAT, init);
    await world.behest.fetch(request);
    for (const own of [headers, init.headers, request.headers]) {
      assert.equal(own.get("Authorization"), null);
      assert.equal(own.get("X-Session-Id"), null);
    }
    assert.deepEqual(Object.keys(init), ["headers"]);
  });
});

Deno.test("a stream comes through chunk by chunk, and an abort in its midst ends it at its source", async () => {
  await inWorld(ADA, async (world) => {
    let chunks!: ReadableStreamDefaultController<Uint8Array>;
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => void (chunks = controller),
      cancel: (reason) => void (cancelled = reason),
    });
    const own = new Response(source);
    world.gateway.reply = () => own;
    const response = await world.chat();
    assert.equal(response, own);
    const reader = response.body!.getReader();
    for (const text of ["one", "two"]) {
      const next = reader.read();
      chunks.enqueue(new TextEncoder().encode(text));
      assert.equal(new TextDecoder().decode((await next).value), text);
    }
    await reader.cancel("enough");
    assert.equal(cancelled, "enough");
  });
});

Deno.test("where no token can be had fetch rejects with the BehestError, and sends nothing", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => new Response("", { status: 500 }));
    await rejects(world.chat(), "bad_answer");
    assert.equal(world.sent.length, 0);
  });
});

Deno.test("a switch between two requests sends each with its own user's token", async () => {
  await inWorld(ADA, async (world) => {
    for (const user of ["ada", "bob", "ada"]) {
      if (world.tab.user !== user) await signIn(world.tab, user);
      await Promise.all([world.chat(), world.chat()]);
      assert.equal(world.gateway.last.owner, user);
    }
  });
});
