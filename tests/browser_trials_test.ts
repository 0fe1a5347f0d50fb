/** The demo page's buttons that make something go wrong, and what its client does about it. */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { browserTest } from "./support/browser.ts";
import {
  claim,
  click,
  countedMints,
  fault,
  nextToken,
  reach,
  send,
  shownToken,
  signIn,
} from "./support/demo.ts";

browserTest("the trials of the demo page", {}, {
  "the switch changes which key signs, in the same chat session": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    assert.match(await claim(page, "kid"), /^behest_/);
    const session = await claim(page, "sid");
    for (
      const [label, kid] of [
        ["Signing key", stack.credentials.kid],
        ["API key", await claim(page, "kid")],
      ]
    ) {
      await page.locator("#mode label", { hasText: label }).click();
      await page.locator("#claims", { hasText: kid }).waitFor();
      assert.equal(await claim(page, "sid"), session);
      assert.match(await send(page, label), /on tier 2\.$/);
    }
    assert.equal(await countedMints(page), 3);
  },

  "a token that the gateway has revoked is healed by one mint": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    const token = await shownToken(page);
    const session = await claim(page, "sid");
    const statuses = gatewayStatuses(page, stack.gatewayUrl);
    await click(page, "Revoke this token");
    await page.locator("#log", { hasText: "refuses this token" }).waitFor();
    await send(page, "And now?");
    await nextToken(page, token);
    assert.equal(await claim(page, "sid"), session);
    assert.deepEqual(statuses, [401, 200]);
    assert.equal(await countedMints(page), 2);
    assert.equal(await page.locator("#requests").textContent(), "2");
  },

  "while the function is down the token at hand serves, and a user reads what to do": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    const session = await claim(page, "sid");
    await click(page, "Take the function down");
    await page.locator("#down[aria-pressed=true]").waitFor();
    await send(page, "Still there?");
    assert.equal(await countedMints(page), 1);

    await click(page, "Ask again in the same session");
    const [code, message] = await fault(page, "mint");
    assert.equal(code, "network");
    assert.match(message, /^No answer came\. Check your connection/);
    assert.equal(await page.locator("#client-status").textContent(), "failed");

    await click(page, "Bring the function up");
    await page.locator("#down[aria-pressed=false]").waitFor();
    await click(page, "Ask again in the same session");
    assert.equal(await claim(page, "sid"), session);
    await send(page, "Back again");
    assert.equal(await countedMints(page), 3);
  },

  "another user in a second tab is followed by the first, with a token of their own": async (
    page,
    stack,
  ) => {
    const [free, pro] = stack.users;
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    assert.equal(await claim(page, "uid"), pro.id);
    const session = await claim(page, "sid");
    await send(page, "Who am I?");
    const [second] = await Promise.all([
      page.context().waitForEvent("page"),
      click(page, "Another user, second tab"),
    ]);
    for (const tab of [second, page]) {
      await tab.locator("#session", { hasText: "free@example.com" }).waitFor();
      // What the other user said is no matter of this one.
      assert.equal(await tab.locator(".message").count(), 0);
      assert.ok((await send(tab, "And now?")).includes(free.id));
      await tab.locator("#claims", { hasText: free.id }).waitFor();
      assert.notEqual(await claim(tab, "sid"), session);
    }
    assert.equal(new URL(second.url()).search, "");

    // Signed out in one tab is signed out in both.
    await click(second, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    await click(page, "Ask again in the same session");
    assert.equal((await fault(page, "mint"))[0], "no_session");
  },

  "while an answer streams each trial works, and the answer comes to its end": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    const first = await shownToken(page);
    await sendLong(page);
    await click(page, "Ask again in the same session");
    const token = await nextToken(page, first);
    assert.ok(await page.locator("#step-chat[data-state=busy]").isVisible(), "it has ended");
    await click(page, "Revoke this token");
    await page.locator("#log", { hasText: "refuses this token" }).waitFor();
    await page.locator("#mode label", { hasText: "Signing key" }).click();
    await nextToken(page, token);
    await click(page, "Take the function down");
    await page.locator("#down[aria-pressed=true]").waitFor();
    await reach(page, "chat", "done");
    assert.match((await page.locator(".gateway p").textContent())!, /on tier 2\.$/);
    await click(page, "Bring the function up");
    await page.locator("#down[aria-pressed=false]").waitFor();
    await page.locator("#mode label", { hasText: "API key" }).click();
    await page.locator("#claims", { hasText: "behest_" }).waitFor();
  },

  "who signs out while an answer streams or a mint hangs leaves nothing of it behind": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    await shownToken(page);
    await sendLong(page);
    const ended = page.waitForEvent(
      "requestfailed",
      (request) => request.url().startsWith(stack.gatewayUrl),
    );
    await click(page, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    await ended;
    assert.equal(await page.locator(".message").count(), 0);
    assert.equal(await page.locator("#step-chat").getAttribute("data-state"), "idle");

    const held = Promise.withResolvers<void>();
    await page.route(stack.functionUrl, async (route) => {
      await held.promise;
      await route.continue().catch(() => {});
    }, { times: 1 });
    await Promise.all([page.waitForRequest(stack.functionUrl), signIn(page, "free")]);
    await click(page, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    held.resolve();
    // The client has ended it by itself, which is no failure.
    const line = page.locator("#log li", { hasText: "given up after" }).filter({ hasText: "Mint" });
    await line.waitFor();
    assert.equal(await page.locator("#log .failed").count(), 0);
    assert.equal(await page.locator("#step-mint").getAttribute("data-state"), "idle");

    // The next user has the whole page.
    await signIn(page, "max");
    await reach(page, "claims", "done");
    assert.match(await send(page, "Hello"), /on tier 3\.$/);
    assert.equal(await page.locator(".message").count(), 2);
  },

  "what another tab has done to the function is seen on return, and a failure changes nothing":
    async (page, stack) => {
      await page.goto(stack.pageUrl);
      const other = await page.context().newPage();
      await other.goto(stack.pageUrl);
      await other.locator("#mode label", { hasText: "Signing key" }).click();
      await other.locator("#log", { hasText: "it signs by itself" }).waitFor();
      await comeBack(page);
      await page.locator("#mode [value=local]:checked").waitFor({ state: "attached" });
      await click(other, "Take the function down");
      await other.locator("#down[aria-pressed=true]").waitFor();
      await comeBack(page, "window", "focus");
      await page.locator("#down[aria-pressed=true]").waitFor();
      await page.locator("#mode:disabled").waitFor();
      await click(page, "Bring the function up");
      await page.locator("#down[aria-pressed=false]").waitFor();
      assert.ok(await page.locator("#mode [value=local]").isChecked());

      await page.route("**/dev/function", (route) => route.abort());
      await page.locator("#mode label", { hasText: "API key" }).click();
      await page.locator("#trials[data-state=failed]").waitFor();
      const told = await page.locator("#trials .fault").textContent();
      assert.match(told!, /^no_stackThe local stack does not answer\. /);
      await page.locator("#mode:enabled").waitFor();
      assert.ok(await page.locator("#mode [value=local]").isChecked());
      await page.unroute("**/dev/function");
      await page.locator("#mode label", { hasText: "API key" }).click();
      await page.locator("#log", { hasText: "Behest signs" }).waitFor();
    },

  "without a token nothing can be revoked, and another page changes nothing at all": async (
    page,
    stack,
  ) => {
    await page.goto(stack.pageUrl);
    const revoke = page.getByRole("button", { name: "Revoke this token" });
    assert.ok(await revoke.isDisabled());
    // As any other page on this machine would ask.
    const answer = await fetch(`${stack.url}/dev/function`, {
      method: "POST",
      headers: { Origin: "http://localhost:3000" },
      body: JSON.stringify({ state: "down" }),
    });
    assert.equal(answer.status, 403);
    await answer.body?.cancel();
    await signIn(page, "free");
    await reach(page, "claims", "done");
    assert.ok(await revoke.isEnabled());
    await click(page, "Sign out");
    await page.locator("#session", { hasText: "Signed out" }).waitFor();
    assert.ok(await revoke.isDisabled());
  },
});

/** No tab of a browser without a screen is ever hidden: it hears what it would on return. */
function comeBack(page: Page, target = "document", event = "visibilitychange"): Promise<void> {
  return page.evaluate(`${target}.dispatchEvent(new Event("${event}")), undefined`);
}

/** Sends what is answered word by word for seconds, and waits for the first word. */
async function sendLong(page: Page): Promise<void> {
  await page.getByLabel("Message").fill("a ".repeat(240));
  await click(page, "Send");
  await page.locator(".gateway p", { hasText: "You said" }).waitFor();
}

/** The status of each answer of the gateway from now on. */
function gatewayStatuses(page: Page, url: string): number[] {
  const statuses: number[] = [];
  page.on("response", (response) => {
    if (!response.url().startsWith(url) || response.request().method() === "OPTIONS") return;
    statuses.push(response.status());
  });
  return statuses;
}
