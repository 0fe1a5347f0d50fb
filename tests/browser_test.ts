/**
 * The demo page in a real Chromium: only a browser tells whether the CORS of the
 * function and of the gateway lets a page through, and keeps another one out.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { makePage } from "../dev/stack/page.ts";
import { browserTest } from "./support/browser.ts";
import {
  claim,
  click,
  countedMints,
  fault,
  nextToken,
  reach,
  shownToken,
  signIn,
} from "./support/demo.ts";

browserTest("in a real browser", {
  // Users may chat once.
  stack: { limits: { quota: 1 } },
}, {
  "a user signs in, mints across origins, and reads a chat as it streams": async (page, stack) => {
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    const problems: string[] = [];
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    const preflights = await watchPreflights(page, stack.functionUrl);
    await page.goto(stack.pageUrl);
    assert.notEqual(new URL(page.url()).origin, new URL(stack.functionUrl).origin);

    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === stack.functionUrl),
      signIn(page, "pro"),
    ]);
    await reach(page, "claims", "done");
    assert.equal(await page.locator("#claims .tier").textContent(), "2");
    assert.match((await page.locator("#claims .left").textContent())!, /^in 1[45]:\d\d$/);
    const timings = await page.locator("#timings li > :first-child").allTextContents();
    assert.deepEqual(timings.sort(), ["mint", "plan", "user", "verify"]);

    assert.deepEqual(preflights.map(({ status }) => status), [204]);
    for (const name of ["apikey", "authorization", "content-type", "x-client-info"]) {
      assert.ok(preflights[0].asked.split(",").includes(name), name);
    }

    // Strings, since the types of this file are not those of a page.
    await page.evaluate(`
      lengths = new Set();
      new MutationObserver(() => {
        lengths.add(document.querySelector(".gateway p")?.textContent.length);
      }).observe(document.querySelector("#messages"), { childList: true, subtree: true });
    `);
    await click(page, "Send");
    await reach(page, "chat", "done");
    const text = (await page.locator(".gateway p").textContent())!;
    assert.ok(text.includes(stack.users.find(({ plan }) => plan === "pro")!.id));
    assert.ok(text.includes("tier 2"));
    assert.ok(await page.evaluate<number>("lengths.size") >= 5, "the answer came in one piece");

    const shown = await page.content();
    const sessionToken = (await answer.request().allHeaders()).authorization.split(" ")[1];
    for (const token of [sessionToken, (await answer.json()).token]) {
      const signature = token.split(".")[2];
      assert.ok(shown.includes(signature.slice(-6)));
      assert.ok(!shown.includes(signature.slice(-16)));
    }
    assert.deepEqual(problems, []);
    const ours = [stack.pageUrl, stack.url, stack.gatewayUrl].map((url) => new URL(url).host);
    assert.deepEqual([...hosts].sort(), ours.sort());
  },

  "each user has the tier of their plan, a new one the lowest": async (page, stack) => {
    await page.goto(stack.pageUrl);
    for (const [user, tier] of [["free", "1"], ["max", "3"], ["New user", "1"]]) {
      await signIn(page, user);
      await page.locator("#step-claims[data-state=done] .tier", { hasText: tier }).waitFor();
    }
  },

  "asked again, a token is another one of the same chat session, until a new one is wished for":
    async (page, stack) => {
      await page.goto(stack.pageUrl);
      await signIn(page, "free");
      const first = await shownToken(page);
      const session = await claim(page, "sid");
      await click(page, "Ask again in the same session");
      const second = await nextToken(page, first);
      assert.equal(await claim(page, "sid"), session);
      await click(page, "New session");
      await nextToken(page, second);
      assert.notEqual(await claim(page, "sid"), session);
      assert.equal(await countedMints(page), 3);
    },

  "who has signed out gets no token, and is told to sign in": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "max");
    await reach(page, "claims", "done");
    await click(page, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    await click(page, "Ask again in the same session");
    assert.deepEqual(await fault(page, "mint"), ["no_session", "Sign in first."]);
    assert.match((await page.locator("#session").textContent())!, /without a user there is no/);
    assert.equal(await page.locator("#claims").textContent(), "");
    assert.ok(await page.getByRole("button", { name: "Send" }).isDisabled());
    assert.equal(await countedMints(page), 1);
  },

  "a session is kept over a reload, and that of an earlier stack is not": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await page.evaluate(`localStorage.setItem("behest-demo-earlier", "{}")`);
    await signIn(page, "free");
    const uid = await claim(page, "uid");
    await page.reload();
    assert.equal(await claim(page, "uid"), uid);
    assert.ok(await page.locator("#choices [value=free]").isChecked());
    const keys = await page.evaluate<string[]>("Object.keys(localStorage)");
    assert.deepEqual(keys, [`behest-demo-${stack.publishableKey.slice(-8)}`]);
  },

  "what the gateway refuses is shown in a user's words": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    await click(page, "Send");
    await reach(page, "chat", "done");
    await page.getByLabel("Message").fill("Once more");
    await click(page, "Send");
    const [code, message, detail] = await fault(page, "chat");
    assert.equal(code, "quota_exceeded");
    assert.match(message, /^Your share is used up\. /);
    assert.equal(detail, "The quota of this user is used up.");
    // What was not sent is there to be sent again, and nowhere else.
    assert.equal(await page.getByLabel("Message").inputValue(), "Once more");
    assert.equal(await page.locator(".message").count(), 2);
  },

  "the newest words of a chat are in sight, and the earlier ones are reached by keys": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    assert.match(await emptyChat(page), /^"Sign in, then ask\./);
    await signIn(page, "max");
    await reach(page, "claims", "done");
    assert.match(await emptyChat(page), /^"Ask: /);
    await page.evaluate(`document.querySelector("#messages").style.maxHeight = "11rem"`);
    await page.getByLabel("Message").fill("word ".repeat(100));
    await click(page, "Send");
    await reach(page, "chat", "done");
    const [below, height] = await page.evaluate<number[]>(`(() => {
      const box = document.querySelector("#messages");
      return [box.scrollHeight - box.clientHeight - box.scrollTop, box.scrollHeight - box.clientHeight];
    })()`);
    assert.ok(height > 100, `there is nothing to scroll: ${height}`);
    assert.ok(below < 2, `${below} pixels are below`);
    const scrolled = page.evaluate(`new Promise((done) => {
      document.querySelector("#messages").addEventListener("scroll", () => done(), { once: true });
    })`);
    await page.getByRole("log", { name: "Chat" }).focus();
    await page.keyboard.press("Home");
    await scrolled;
  },

  "a page of an origin that is not allowed reads nothing": async (page, stack) => {
    const show = makePage(stack);
    const foreign = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => await show(request) ?? new Response(null, { status: 404 }),
    );
    try {
      const printed: string[] = [];
      page.on("console", (message) => printed.push(message.text()));
      const preflights = await watchPreflights(page, stack.functionUrl);
      await page.goto(`http://127.0.0.1:${foreign.addr.port}`);
      await signIn(page, "pro");
      assert.equal((await fault(page, "mint"))[0], "network");
      assert.ok(printed.some((text) => text.includes("CORS policy")), printed.join("\n"));
      assert.deepEqual(preflights.map(({ status }) => status), [204]);

      // Without a header of its own a request needs no preflight, and does arrive.
      assert.equal(await read(page, stack.functionUrl, "POST"), "TypeError");
      const line = JSON.parse(stack.functionLog.at(-1)!);
      assert.deepEqual([line.status, line.code], [403, "origin_forbidden"]);
      assert.equal(await read(page, `${stack.gatewayUrl}/.well-known/jwks.json`), "TypeError");
    } finally {
      await foreign.shutdown();
    }
  },
});

/** What stands in a chat in which nothing has been said. */
function emptyChat(page: Page): Promise<string> {
  return page.evaluate(`getComputedStyle(document.querySelector("#messages"), "::before").content`);
}

/** Has the page call the URL: the name of the error, or `read`. */
function read(page: Page, url: string, method = "GET"): Promise<string> {
  return page.evaluate(
    ([url, method]) => fetch(url, { method }).then(() => "read", (error) => error.name),
    [url, method],
  );
}

/** Every preflight to the URL from now on: what was asked for, and the answer's status. */
async function watchPreflights(
  page: Page,
  url: string,
): Promise<{ asked: string; status: number }[]> {
  const seen: { asked: string; status: number }[] = [];
  const asked = new Map<string, string>();
  const devTools = await page.context().newCDPSession(page);
  devTools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.method !== "OPTIONS" || request.url !== url) return;
    asked.set(requestId, request.headers["Access-Control-Request-Headers"]);
  });
  devTools.on("Network.responseReceived", ({ requestId, response }) => {
    const headers = asked.get(requestId);
    if (headers !== undefined) seen.push({ asked: headers, status: response.status });
  });
  await devTools.send("Network.enable");
  return seen;
}
