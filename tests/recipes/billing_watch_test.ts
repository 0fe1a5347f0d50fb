/** The whole way of docs/billing.md: from a payment to the tier of the next message, untouched. */
import assert from "node:assert/strict";
import { event, onScene, until } from "../support/billing.ts";
import { createBehest } from "../support/client_module.ts";
import { subscription } from "../support/stripe_double.ts";

Deno.test("docs/billing.md: what is paid is in the next token of an app that watches the plan", async () => {
  await onScene(Deno.execPath(), async (scene, webhook) => {
    const { stack, double } = scene;
    const { id: user, customer, app } = await scene.signUp();
    const behest = createBehest(app);
    try {
      assert.equal((await behest.getToken()).tier, 1);
      behest.watchPlan();
      await until("joined", () => stack.realtime.load.channels === 1);
      for (
        const [price, status, tier] of [
          ["price_pro", "trialing", 2],
          ["price_max", "active", 3],
          ["price_max", "canceled", 1],
        ] as const
      ) {
        const now = subscription({ id: `sub_${user}`, user, customer, prices: [price], status });
        await scene.deliver(webhook, event("updated", double.set(now)));
        await until(`tier ${tier}`, async () => (await behest.getToken()).tier === tier);
      }
    } finally {
      behest.close();
      await app.removeAllChannels();
      app.realtime.disconnect();
      await until("gone", () => stack.realtime.load.sockets === 0);
    }
  });
});
