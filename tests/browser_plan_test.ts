/**
 * An upgrade in a real browser: by Realtime, without a click, in every tab of the user and in no
 * other's.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Stack } from "../dev/stack/stack.ts";
import { browserTest, channels } from "./support/browser.ts";
import { claim, countedMints, reach, send, signIn } from "./support/demo.ts";

browserTest("an upgrade is felt without a click", {}, {
  "what billing writes is in the next token, within a second": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    await watched(page, stack, 1);
    assert.equal(await claim(page, "tier"), "1");
    const took: number[] = [];
    for (const [plan, tier] of [["max", 3], ["pro", 2], ["free", 1], ["max", 3]] as const) {
      const begin = performance.now();
      await choose(page, plan);
      await tierOf(page, tier);
      took.push(performance.now() - begin);
    }
    // The best of several: a machine that is busy makes some of them late.
    assert.ok(Math.min(...took) < 1000, `${took.map(Math.round)} ms`);
    assert.match(await send(page, "Who am I?"), /on tier 3\.$/);
    assert.equal(await countedMints(page), 5);
    assert.ok(await page.locator("#plan input[value=max]").isChecked());
  },

  "every tab of the user follows, and no other user's does": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "pro");
    await watched(page, stack, 1);
    const twin = await page.context().newPage();
    await twin.goto(stack.pageUrl);
    await watched(twin, stack, 2);
    const stranger = await (await page.context().browser()!.newContext()).newPage();
    await stranger.goto(stack.pageUrl);
    await signIn(stranger, "max");
    await watched(stranger, stack, 3);
    const before = await countedMints(stranger);

    await choose(page, "free");
    await tierOf(page, 1);
    await tierOf(twin, 1);
    // What happens to others has long happened once their own change is through.
    assert.equal(await countedMints(stranger), before);
    await choose(stranger, "pro");
    await tierOf(stranger, 2);
    assert.equal(await countedMints(stranger), before + 1);
    assert.equal(await claim(page, "tier"), "1");
    await stranger.context().close();
  },

  "an upgrade during an outage of Realtime is seen as soon as it is back": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "New user");
    await watched(page, stack, 1);
    // A first look tells no change: this one is told.
    await choose(page, "pro");
    await tierOf(page, 2);
    stack.realtime.set("down");
    try {
      await page.locator("#log", { hasText: "Realtime" }).waitFor();
      await choose(page, "max");
      await page.locator("#log", { hasText: "Billing writes the plan max" }).waitFor();
      assert.equal(await claim(page, "tier"), "2");
    } finally {
      stack.realtime.set("up");
    }
    await tierOf(page, 3);
    assert.equal(await countedMints(page), 3);
  },
});

function choose(page: Page, plan: string): Promise<void> {
  return page.locator("#plan label", { hasText: plan }).click();
}

async function tierOf(page: Page, tier: number): Promise<void> {
  await page.locator("#claims .tier", { hasText: `${tier}` }).waitFor();
  await reach(page, "claims", "done");
}

async function watched(page: Page, stack: Stack, count: number): Promise<void> {
  await reach(page, "claims", "done");
  await channels(stack, count);
}
