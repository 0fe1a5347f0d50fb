/** The real OpenAI SDK through `openai()`: one client, good for every user and token to come. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { until, watch } from "../support/client_calls.ts";
import { BASE_URL, refused } from "../support/client_function.ts";
import { ask, behestError, codeIn, failure, inChat, REPLY } from "../support/client_openai.ts";
import { inWorld, signIn, signOut } from "../support/client_world.ts";

const ADA = { user: "ada" };

Deno.test("one client made before a sign-in serves every user and token to come", async () => {
  await inChat({}, async (world, openai) => {
    assert.equal(openai.baseURL, "https://behest.invalid/v1");
    for (const user of ["ada", "bob", "ada"]) {
      await signIn(world.tab, user);
      assert.equal((await ask(openai)).choices[0]?.message.content, "that");
      assert.equal(world.gateway.last.url, `${BASE_URL}/v1/chat/completions`);
      assert.equal(world.gateway.last.owner, user);
      assert.ok(world.gateway.last.headers.get("X-Session-Id")?.startsWith(`sid-${user}`));
    }
    world.clock.advance(900);
    await ask(openai);
    assert.equal(world.gateway.last.token, "bt.ada.4");
  });
});

Deno.test("where the base URL is known it is the client's own, and stays so whatever its options say", async () => {
  await inWorld({ ...ADA, options: { baseUrl: BASE_URL } }, async (world) => {
    world.gateway.reply = () => Response.json(REPLY);
    // The types leave these out; JavaScript does not.
    const options: object = { baseURL: "https://evil.example", apiKey: "own", fetch };
    const openai = world.behest.openai(OpenAI, options);
    assert.equal(openai.baseURL, `${BASE_URL}/v1`);
    await ask(openai);
    assert.equal(world.gateway.last.token, "bt.ada.1");
  });
});

Deno.test("options of its own go on: retries, headers, and an X-Session-Id that stays", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = () => Response.json(REPLY);
    const headers = { "X-Session-Id": "own", "X-Trace": "7" };
    const openai = world.behest.openai(OpenAI, { maxRetries: 7, defaultHeaders: headers });
    assert.equal(openai.maxRetries, 7);
    await ask(openai);
    assert.equal(world.gateway.last.headers.get("X-Session-Id"), "own");
    assert.equal(world.gateway.last.headers.get("X-Trace"), "7");
  });
});

Deno.test("where nobody is signed in the call ends with no_session, and nothing is minted or sent", async () => {
  await inChat({}, async (world, openai) => {
    assert.equal(behestError(await failure(ask(openai))).code, "no_session");
    assert.equal(world.mints.length, 0);
    assert.equal(world.sent.length, 0);
  });
});

Deno.test("a mint that fails reaches the caller as its BehestError, after one mint and not after three", async () => {
  for (
    const [status, code] of [[500, "internal"], [429, "rate_limited"], [402, "quota_exceeded"]]
  ) {
    await inChat(ADA, async (world, openai) => {
      world.function.always(() => refused(status as number, code as string));
      assert.equal(behestError(await failure(ask(openai))).code, code);
      assert.equal(world.mints.length, 1);
      assert.equal(world.sent.length, 0);
    });
  }
});

Deno.test("a 401 is a new token and one more request, within one try of the SDK", async () => {
  await inChat(ADA, async (world, openai) => {
    await ask(openai);
    world.gateway.reply = ({ token }) =>
      token === "bt.ada.1" ? new Response("", { status: 401 }) : Response.json(REPLY);
    assert.equal((await ask(openai)).choices.length, 1);
    assert.deepEqual(world.sent.map(({ token }) => token), ["bt.ada.1", "bt.ada.1", "bt.ada.2"]);
    assert.equal(world.gateway.last.init.body, world.sent[0]?.init.body);
  });
});

Deno.test("a 401 whose re-mint fails reaches the caller as its BehestError, after one mint more", async () => {
  for (
    const [status, code, headers] of [
      [500, "internal", {}],
      [429, "rate_limited", { "Retry-After": "60" }],
      [401, "invalid_session", {}],
    ] as const
  ) {
    await inChat(ADA, async (world, openai) => {
      await ask(openai);
      world.gateway.reply = () => new Response("", { status: 401 });
      world.function.always(() => refused(status, code, headers));
      assert.equal(behestError(await failure(ask(openai))).code, code);
      assert.equal(world.mints.length, 2);
      assert.equal(world.sent.length, 2);
    });
  }
});

Deno.test("what a user has asked is never sent with the next user's token, when they change during a re-mint", async () => {
  await inChat(ADA, async (world, openai) => {
    await ask(openai);
    world.gateway.reply = ({ owner }) =>
      owner === "ada" ? new Response("", { status: 401 }) : Response.json(REPLY);
    world.function.hold();
    const waiting = watch(ask(openai));
    await until("a re-mint", () => world.mints.length === 2);
    world.function.always((mint) => world.function.good(mint));
    await signIn(world.tab, "bob");
    await until("an end", () => waiting.outcome !== undefined);
    assert.equal(codeIn(waiting), "user_changed");
    assert.ok(world.sent.every(({ owner }) => owner === "ada"));
    assert.equal(world.mints.filter(({ user }) => user === "bob").length, 0);
  });
});

Deno.test("what a user has asked is never sent with the next user's token, when they change between the SDK's own tries", async () => {
  await inChat(ADA, async (world, openai) => {
    await ask(openai);
    world.gateway.hold();
    const waiting = watch(ask(openai));
    await until("a request", () => world.sent.length === 2);
    await signIn(world.tab, "bob");
    world.gateway.reply = () => Response.json(REPLY);
    world.gateway.last.answer(new Response("", { status: 503 }));
    await until("an end", () => waiting.outcome !== undefined);
    assert.ok(world.sent.every(({ owner }) => owner === "ada"));
    assert.equal(codeIn(waiting), "user_changed");
  });
});

Deno.test("a switch or a sign-out while the call waits for its first mint ends it, and nothing is sent", async () => {
  for (const next of ["bob", undefined]) {
    await inChat(ADA, async (world, openai) => {
      world.function.hold();
      const waiting = watch(ask(openai));
      await until("a mint", () => world.mints.length === 1);
      world.function.always((mint) => world.function.good(mint));
      await (next ? signIn(world.tab, next) : signOut(world.tab));
      await until("an end", () => waiting.outcome !== undefined);
      assert.equal(codeIn(waiting), next ? "user_changed" : "no_session");
      assert.equal(world.sent.length, 0);
    });
  }
});

Deno.test("429 and 5xx of Behest are the SDK's own to try again, and cost no mint", async () => {
  await inChat(ADA, async (world, openai) => {
    world.gateway.reply = ({ nth }) =>
      nth < 3 ? new Response("", { status: 503 }) : Response.json(REPLY);
    await ask(openai);
    assert.equal(world.sent.length, 3);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("closed and foreign_url reach the caller as they are, after one try", async () => {
  await inChat(ADA, async (world, openai) => {
    const foreign = world.behest.openai(OpenAI);
    foreign.baseURL = "https://evil.example/v1";
    assert.equal(behestError(await failure(ask(foreign))).code, "foreign_url");
    assert.ok(world.mints.length <= 1);
    world.behest.close();
    assert.equal(behestError(await failure(ask(openai))).code, "closed");
    assert.equal(world.sent.length, 0);
  });
});
