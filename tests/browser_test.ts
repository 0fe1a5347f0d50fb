/**
 * The demo page in a real Chromium: only a browser tells whether the CORS of the
 * function and of the gateway lets a page through, and keeps another one out.
 * `SCREENSHOT=docs/demo.png deno test -A tests/browser_test.ts` also takes the
 * picture of the README.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { makePage } from "../dev/stack/page.ts";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { startChromium } from "./chromium.ts";

/** How long the page may take for one step, in ms. */
const PATIENCE = 10_000;

/** How long it may take to load, in ms: its bundler is downloaded for the first one. */
const BUNDLE_PATIENCE = 60_000;

const UUID = /^[0-9a-f-]{36}$/;

/** Where to write a picture of the page, if anywhere. */
const screenshot = Deno.env.get("SCREENSHOT");

/** What each test does with a page that nobody has used. Users may chat once. */
const tests: Record<string, (page: Page, stack: Stack) => Promise<void>> = {
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
    if (screenshot) await takePicture(page, screenshot);
  },

  "each user has the tier of their plan, a new one the lowest": async (page, stack) => {
    await page.goto(stack.pageUrl);
    for (const [user, tier] of [["free", "1"], ["max", "3"], ["New user", "1"]]) {
      await signIn(page, user);
      await page.locator("#step-claims[data-state=done] .tier", { hasText: tier }).waitFor();
    }
  },

  "a token minted again stays in the chat session": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    await reach(page, "claims", "done");
    const token = (await page.locator("#minted code").textContent())!;
    const session = await page.locator("#claims").getByText(UUID).last().textContent();
    await click(page, "Mint again");
    await page.locator("#minted code").filter({ hasNotText: token }).waitFor();
    await reach(page, "claims", "done");
    assert.equal(await page.locator("#claims").getByText(UUID).last().textContent(), session);
  },

  "a session that was signed out gets no token": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "max");
    await reach(page, "claims", "done");
    await click(page, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    await click(page, "Mint again");
    assert.equal((await fault(page, "mint"))[0], "invalid_session");
    assert.equal(await page.locator("#claims").textContent(), "");
    assert.ok(await page.getByRole("button", { name: "Send" }).isDisabled());
  },

  "what the gateway refuses is shown as its code and message": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    await click(page, "Send");
    await reach(page, "chat", "done");
    await page.getByLabel("Message").fill("Once more");
    await click(page, "Send");
    const [code, message] = await fault(page, "chat");
    assert.equal(code, "quota_exceeded");
    assert.notEqual(message, "");
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
      assert.equal((await fault(page, "mint"))[0], "no_answer");
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
};

Deno.test("in a real browser", async (test) => {
  const browser = await startChromium();
  try {
    // The picture is of the ports that one has.
    const ports = screenshot ? {} : { port: 0, gatewayPort: 0 };
    const stack = await startStack({ ...ports, quiet: true, limits: { quota: 1 } });
    try {
      for (const [title, work] of Object.entries(tests)) {
        await test.step(title, async () => {
          const page = await browser.newPage({
            viewport: { width: 1160, height: 800 },
            // Sharp in the README, where the picture is about 800 pixels wide, and under 200 KB.
            deviceScaleFactor: 4 / 3,
            reducedMotion: "reduce",
          });
          page.setDefaultTimeout(PATIENCE);
          page.setDefaultNavigationTimeout(BUNDLE_PATIENCE);
          try {
            await work(page, stack);
          } finally {
            await page.close();
          }
        });
      }
    } finally {
      await stack.stop();
    }
  } finally {
    await browser.close();
  }
});

function click(page: Page, name: string): Promise<void> {
  return page.getByRole("button", { name, exact: true }).click();
}

async function signIn(page: Page, user: string): Promise<void> {
  await page.locator("#choices label", { hasText: user }).click();
  await click(page, "Sign in");
}

/** Waits until the step with this id is in this state. */
function reach(page: Page, step: string, state: "done" | "failed"): Promise<void> {
  return page.locator(`#step-${step}[data-state=${state}]`).waitFor();
}

/** The code and the message that a failed step shows. */
async function fault(page: Page, step: string): Promise<string[]> {
  await reach(page, step, "failed");
  return await page.locator(`#step-${step} .fault > *`).allTextContents();
}

/** The first token of all is slower than those that people will see: it takes another one. */
async function takePicture(page: Page, path: string): Promise<void> {
  await click(page, "Mint again");
  await page.mouse.move(0, 0);
  await reach(page, "mint", "done");
  await page.screenshot({ path, fullPage: true });
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
