/**
 * The three ways in a real browser, with real supabase-js and the OpenAI SDK: by the function with
 * everything checked, by the function from claims, and without a function.
 */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { HOOK } from "../dev/stack/issuer/hook.ts";
import { browserTest, channels } from "./support/browser.ts";
import { claim, click, countedMints, reach, send, signIn } from "./support/demo.ts";

browserTest("each way leads from a sign-in to a streamed answer", {
  stack: { issuer: { hook: HOOK } },
}, {
  "checked, from claims, direct: the same user on the same tier, and no function on the last":
    async (
      page,
      stack,
    ) => {
      await page.goto(stack.pageUrl);
      await signIn(page, "pro");
      const uid = await claim(page, "uid");
      assert.match(await send(page, "Checked?"), /on tier 2\.$/);

      await go(page, "From claims");
      assert.equal(await claim(page, "uid"), uid);
      assert.equal(await claim(page, "tier"), "2");
      assert.match(await send(page, "From claims?"), /on tier 2\.$/);

      const mints = await countedMints(page);
      await go(page, "Direct");
      assert.equal(await claim(page, "sub"), uid);
      assert.equal(await claim(page, "app_metadata.plan"), "pro");
      assert.equal(await claim(page, "iss"), `${stack.url}/auth/v1`);
      assert.match(await send(page, "Direct?"), /on tier 2\.$/);
      assert.equal(await countedMints(page), mints);

      await go(page, "Checked");
      assert.equal(await claim(page, "uid"), uid);
      assert.equal(await countedMints(page), mints + 1);
    },

  "an upgrade is in the next token on each of them": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "New user");
    await reach(page, "claims", "done");
    const plans = ["pro", "max", "free"];
    for (const [nth, way] of (["Checked", "From claims", "Direct"] as const).entries()) {
      if (nth > 0) await go(page, way);
      await channels(stack, 1);
      const plan = plans[nth]!;
      await page.locator("#plan label", { hasText: plan }).click();
      const tier = way === "Direct" ? plan : `${["free", "pro", "max"].indexOf(plan) + 1}`;
      await page.locator("#claims .tier", { hasText: tier }).waitFor();
    }
    assert.match(await send(page, "And now?"), /on tier 1\.$/);
  },

  "side by side: three calls in sequence, two, and none": async (page, stack) => {
    await page.goto(stack.pageUrl);
    const compare = page.getByRole("button", { name: "Compare them now" });
    assert.ok(await compare.isDisabled());
    for (const [way, title] of [["Direct", "No mint"], ["Checked", "Mint"]] as const) {
      await page.locator("#way label", { hasText: way }).click();
      await page.getByRole("heading", { name: title, exact: true }).waitFor();
    }
    // Without a session there is nothing to compare, whatever was switched.
    assert.ok(await compare.isDisabled());
    await signIn(page, "max");
    await reach(page, "claims", "done");
    await click(page, "Compare them now");
    await page.locator("#ways[data-state=done]").waitFor();
    const rows = await page.locator("#ways tbody tr").all();
    const shown = await Promise.all(rows.map((row) => row.locator("td").allTextContents()));
    assert.deepEqual(shown.map(([calls, count]) => [calls, count]), [
      ["functionAuth and tableBehest", "3"],
      ["functionBehest", "2"],
      ["none", "0"],
    ]);
    const times = shown.map(([, , time]) => Number(/^(\d+(?:\.\d)?) ms$/.exec(time!)?.[1]));
    // Three servers were asked, or none.
    assert.ok(times[0]! > times[2]!, `${times}`);
    // It comes back to the way that was gone before.
    await reach(page, "claims", "done");
    assert.equal(await claim(page, "tier"), "3");
  },

  "another user on the direct way is another user at Behest": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    await reach(page, "claims", "done");
    await go(page, "Direct");
    const free = await claim(page, "sub");
    assert.match(await send(page, "Who?"), new RegExp(`${free}.* on tier 1\\.$`));
    await signIn(page, "max");
    await page.locator("#claims .tier", { hasText: "max" }).waitFor();
    const max = await claim(page, "sub");
    assert.notEqual(max, free);
    assert.match(await send(page, "And who?"), new RegExp(`${max}.* on tier 3\\.$`));
  },
});

async function go(page: Page, way: string): Promise<void> {
  const log = page.locator("#log li[data-kind=trial]");
  const before = await log.count();
  await page.locator("#way label", { hasText: way }).click();
  await log.nth(before).waitFor();
  await reach(page, "claims", "done");
}
