/** docs/stripe-webhook.ts as it is written: whatever comes, and however, the plan is what is paid. */
import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import { findDeno, HOSTED_DENO } from "../../dev/run/denos.ts";
import { event, onScene, type Scene, type Webhook } from "../support/billing.ts";
import { loadCheckout, statusTable } from "../support/billing_page.ts";
import { subscription } from "../support/stripe_double.ts";

/** The tier of the next token. */
async function tierOf(app: SupabaseClient): Promise<number> {
  const { data, error } = await app.functions.invoke<{ tier: number }>("behest-token");
  assert.ifError(error);
  return data!.tier;
}

/** Every order of a list. */
function permutations<T>(list: T[]): T[][] {
  if (list.length < 2) return [list];
  return list.flatMap((first, nth) =>
    permutations(list.toSpliced(nth, 1)).map((rest) => [first, ...rest])
  );
}

const promises: Record<string, (scene: Scene, webhook: Webhook) => Promise<void>> = {
  "what is paid is the next token's tier: bought, upgraded, downgraded, ended": async (
    scene,
    webhook,
  ) => {
    const { id: user, customer, app } = await scene.signUp();
    const id = `sub_${user}`;
    assert.equal(await tierOf(app), 1);
    for (
      const [type, prices, status, tier] of [
        ["created", ["price_pro"], "active", 2],
        ["updated", ["price_max"], "active", 3],
        ["updated", ["price_pro_year"], "active", 2],
        ["deleted", ["price_pro_year"], "canceled", 1],
      ] as const
    ) {
      const now = scene.double.set(
        subscription({ id, user, customer, prices: [...prices], status }),
      );
      const said = await scene.deliver(webhook, event(type, now));
      assert.equal(said.status, 200, said.words);
      assert.equal(await tierOf(app), tier, said.words);
    }
  },

  "who buys by the lines on Checkout is on the plan, and one customer for ever": async (
    scene,
    webhook,
  ) => {
    const { checkoutUrl } = await loadCheckout();
    const { id, app } = await scene.signUp();
    const { data: { user } } = await app.auth.getUser();
    const { asked } = scene.double;
    const buy = async () => {
      asked.length = 0;
      const url = await checkoutUrl(scene.double.client(), user!, "price_max", "https://my.app/");
      assert.match(url!, /^https:\/\/checkout\.stripe\.com\//);
      return Object.fromEntries(asked.at(-1)!.params);
    };
    const session = await buy();
    assert.deepEqual(session, {
      mode: "subscription",
      customer: session.customer,
      "line_items[0][price]": "price_max",
      "line_items[0][quantity]": "1",
      "subscription_data[metadata][user_id]": id,
      success_url: "https://my.app/",
    });
    assert.equal(asked.at(-2)!.params.get("metadata[user_id]"), id);
    assert.equal((await buy()).customer, session.customer);
    assert.ok(asked.every(({ path }) => path !== "/v1/customers"), "no second customer");
    scene.double.forgetSearch();
    assert.equal((await buy()).customer, session.customer);

    const { customer, "subscription_data[metadata][user_id]": who } = session;
    const bought = subscription({ customer, user: who, prices: ["price_max"] });
    await scene.deliver(webhook, event("created", scene.double.set(bought)));
    assert.equal(await tierOf(app), 3);
  },

  "each status gives or takes the plan as docs/billing.md says": async (scene, webhook) => {
    const { id: user, customer } = await scene.signUp();
    const id = `sub_${user}`;
    const rows = statusTable();
    assert.equal(rows.length, 8);
    for (const [status, kept] of rows) {
      for (const before of ["active", "canceled"]) {
        scene.double.set(
          subscription({ id, user, customer, prices: ["price_max"], status: before }),
        );
        await scene.deliver(
          webhook,
          event("updated", subscription({ id, user, customer, prices: [] })),
        );
        const now = subscription({ id, user, customer, prices: ["price_max"], status });
        await scene.deliver(webhook, event("paused", scene.double.set(now)));
        assert.equal(await scene.planOf(user), kept ? "max" : "free", `${before}, then ${status}`);
      }
    }
  },

  "of several subscriptions and items the best counts, and another user's does not": async (
    scene,
    webhook,
  ) => {
    const [one, other] = [await scene.signUp(), await scene.signUp()];
    const { customer } = one;
    const pro = subscription({ customer, user: one.id, prices: ["price_pro"] });
    for (
      const paid of [
        pro,
        subscription({ customer, user: one.id, prices: ["price_max"], status: "unpaid" }),
        subscription({ customer, user: other.id, prices: ["price_max"] }),
        subscription({ customer, prices: ["price_max"] }),
        subscription({ customer, user: one.id, prices: ["price_max"], quantity: 0 }),
      ]
    ) scene.double.set(paid);
    await scene.deliver(webhook, event("updated", pro));
    assert.equal(await scene.planOf(one.id), "pro");
    assert.equal(await scene.planOf(other.id), "free");

    // On the third page of Stripe's list, and not its first item.
    const best = subscription({ customer, user: one.id, prices: ["price_pro", "price_max"] });
    scene.double.set(best);
    await scene.deliver(webhook, event("updated", pro));
    assert.equal(await scene.planOf(one.id), "max");
    scene.double.set({ ...best, status: "canceled" });
    await scene.deliver(webhook, event("deleted", best));
    assert.equal(await scene.planOf(one.id), "pro");
  },

  "in whatever order events arrive, late and twice, the plan is what Stripe says now": async (
    scene,
    webhook,
  ) => {
    const { id: user, customer } = await scene.signUp();
    const as = (prices: string[], status: "trialing" | "active" | "canceled") =>
      subscription({ id: `sub_${user}`, user, customer, prices, status });
    const history = [
      event("created", as(["price_pro"], "trialing")),
      event("updated", as(["price_max"], "active")),
      event("updated", as(["price_pro"], "active")),
      event("deleted", as(["price_pro"], "canceled")),
    ];
    for (
      const [now, plan] of [
        [as(["price_pro"], "canceled"), "free"],
        [as(["price_max"], "active"), "max"],
      ] as const
    ) {
      scene.double.set(now);
      for (const order of permutations(history)) {
        for (const arriving of order) {
          for (let times = 0; times < 2; times++) {
            assert.equal((await scene.deliver(webhook, arriving)).status, 200);
            assert.equal(await scene.planOf(user), plan);
          }
        }
      }
    }
  },

  "of two at once the one with the older answer does not have the last word": async (
    scene,
    webhook,
  ) => {
    const { id: user, customer } = await scene.signUp();
    const paid = subscription({ user, customer, prices: ["price_max"] });
    const [first, second] = [event("created", paid), event("deleted", paid)];
    scene.double.set(paid);
    const arrived = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    scene.atDatabase = async () => {
      scene.atDatabase = () => {};
      arrived.resolve();
      await held.promise;
    };
    const late = scene.deliver(webhook, first);
    // It has asked Stripe, and is about to write `max`.
    await arrived.promise;
    scene.double.set({ ...paid, status: "canceled" });
    assert.equal((await scene.deliver(webhook, second)).status, 200);
    assert.equal(await scene.planOf(user), "free");
    scene.written.length = 0;
    held.resolve();
    assert.equal((await late).status, 200);
    assert.deepEqual(scene.written, ["max", "free"]);
    assert.equal(await scene.planOf(user), "free");
  },

  "a storm of events while the subscription changes ends at what Stripe says": async (
    scene,
    webhook,
  ) => {
    const { id: user, customer } = await scene.signUp();
    const pause = () => new Promise<void>((done) => setTimeout(done, Math.random() * 10));
    scene.double.beforeAnswer = pause;
    scene.atDatabase = pause;
    const plans = ["price_pro", "price_max", "none"];
    for (let round = 0; round < 5; round++) {
      const deliveries = Array.from({ length: 12 }, async (_, nth) => {
        await pause();
        const prices = [plans[(nth + round) % 3]];
        const now = scene.double.set(
          subscription({ id: `sub_${user}`, user, customer, prices }),
        );
        // Stripe sends again what was not taken.
        for (let tries = 0; tries < 40; tries++) {
          if ((await scene.deliver(webhook, event("updated", now))).status === 200) return;
        }
        assert.fail("it is never taken");
      });
      await Promise.all(deliveries);
      const [{ items }] = scene.double.all(customer);
      const expected = { price_pro: "pro", price_max: "max" }[items.data[0].price.id] ?? "free";
      assert.equal(await scene.planOf(user), expected, `round ${round}`);
    }
    scene.double.beforeAnswer = () => {};
    scene.atDatabase = () => {};
  },

  "an answer of Stripe's that never holds is left to its next delivery": async (scene, webhook) => {
    const { id: user, customer } = await scene.signUp();
    const pro = subscription({ user, customer, prices: ["price_pro"] });
    const max = { ...subscription({ user, customer, prices: ["price_max"] }), id: pro.id };
    let nth = 0;
    scene.double.set(pro);
    scene.double.beforeAnswer = () => void scene.double.set(nth++ % 2 === 0 ? max : pro);
    scene.written.length = 0;
    const said = await scene.deliver(webhook, event("updated", pro));
    scene.double.beforeAnswer = () => {};
    assert.equal(said.status, 503, said.words);
    assert.deepEqual(scene.written, ["pro", "max", "pro", "max", "pro"]);
    scene.double.set(max);
    assert.equal((await scene.deliver(webhook, event("updated", pro))).status, 200);
    assert.equal(await scene.planOf(user), "max");
  },
};

for (const version of [Deno.version.deno, HOSTED_DENO]) {
  Deno.test(`docs/stripe-webhook.ts keeps the plan at what is paid, on Deno ${version}`, async (test) => {
    await onScene(await findDeno(version), async (scene, webhook) => {
      for (const [title, keep] of Object.entries(promises)) {
        await test.step(title, () => keep(scene, webhook));
      }
    });
  });
}
