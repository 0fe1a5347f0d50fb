/** An upgrade in a real browser: by Realtime, without a click, in the user's every tab and in no other's. */

import assert from "node:assert/strict";
import { browserTest } from "./support/browser.ts";
import { claim, countedMints, send, signIn } from "./support/demo.ts";

browserTest("an upgrade is felt without a click", {}, {
  "billing writes a plan, and the next token has its tier": async (page, stack) => {
    await page.goto(stack.pageUrl);
    await signIn(page, "free");
    assert.equal(await claim(page, "tier"), "1");
    await page.locator("#plan label", { hasText: "max" }).click();
    await page.locator("#claims .tier", { hasText: "3" }).waitFor();
    assert.match(await send(page, "Who am I?"), /on tier 3\.$/);
    assert.equal(await countedMints(page), 2);
  },
});
