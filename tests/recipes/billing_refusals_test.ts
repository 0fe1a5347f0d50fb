/** docs/stripe-webhook.ts as it is written: what is not taken, what is left alone, what is tried again. */
import assert from "node:assert/strict";
import { findDeno, HOSTED_DENO } from "../../dev/run/denos.ts";
import { type Call, event, onScene, type Scene, type Webhook } from "../support/billing.ts";
import { settingNames } from "../support/billing_page.ts";
import { STRIPE_KEY, subscription } from "../support/stripe_double.ts";

type Promised = (scene: Scene, webhook: Webhook) => Promise<void>;

/** A user on `free` who has just paid for `max`, and the event of it. */
async function justPaid(scene: Scene): Promise<{ user: string; payload: string }> {
  const { id: user, customer } = await scene.signUp();
  const paid = scene.double.set(subscription({ user, customer, prices: ["price_max"] }));
  return { user, payload: event("created", paid) };
}

/** What came to Stripe and to the database while something was done. */
async function touched(scene: Scene, work: () => Promise<void>): Promise<number> {
  const before = scene.double.asked.length + scene.written.length;
  await work();
  return scene.double.asked.length + scene.written.length - before;
}

/** The same event is taken once the fault is mended, as Stripe sends it again. */
async function takenLater(scene: Scene, webhook: Webhook, user: string, payload: string) {
  assert.equal((await scene.deliver(webhook, payload)).status, 200);
  assert.equal(await scene.planOf(user), "max");
}

const promises: Record<string, Promised> = {
  "what Stripe has not signed, or long ago, or otherwise, is 400 and touches nothing": async (
    scene,
    webhook,
  ) => {
    const { user, payload } = await justPaid(scene);
    const now = Math.floor(Date.now() / 1000);
    const forged = {
      "another secret": { secret: "whsec_of_another_endpoint" },
      "an empty secret": { secret: " " },
      "another user": { body: (text: string) => text.replaceAll(user, crypto.randomUUID()) },
      "one byte more": { body: (text: string) => `${text} ` },
      "the same in another form": {
        body: (text: string) => JSON.stringify(JSON.parse(text), null, 2),
      },
      "no body": { body: () => "" },
      "six minutes ago": { timestamp: now - 360 },
      "years ago": { timestamp: 1 },
      "an empty signature": { signature: "" },
      "no signature at all": { signature: `t=${now}` },
      "a made-up one": { signature: `t=${now},v1=${"0".repeat(64)}` },
      "another scheme": { signature: `t=${now},v0=${"0".repeat(64)}` },
      "no time": { signature: `v1=${"0".repeat(64)}` },
    };
    const calls = await touched(scene, async () => {
      for (const [how, delivery] of Object.entries(forged)) {
        assert.equal((await scene.deliver(webhook, payload, delivery)).status, 400, how);
      }
      assert.equal((await scene.send(webhook, payload)).status, 400, "no header");
    });
    assert.equal(calls, 0);
    assert.equal(await scene.planOf(user), "free");
    // Four minutes in a queue are no attack.
    const said = await scene.deliver(webhook, payload, { timestamp: now - 240 });
    assert.equal(said.status, 200, said.words);
  },

  "any other method is 405 and says which one it wants": async (_, webhook) => {
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const answer = await fetch(webhook.url, { method });
      await answer.body?.cancel();
      assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"], method);
    }
  },

  "an event of something else is acknowledged, and nobody is asked": async (scene, webhook) => {
    const { payload } = await justPaid(scene);
    const other = JSON.stringify({ ...JSON.parse(payload), type: "invoice.paid" });
    const calls = await touched(scene, async () => {
      assert.equal((await scene.deliver(webhook, other)).status, 200);
    });
    assert.equal(calls, 0);
  },

  "a price that STRIPE_PLANS does not have gives no plan, and is named in the log": async (
    scene,
    webhook,
  ) => {
    const { id: user, customer } = await scene.signUp();
    const poster = scene.double.set(subscription({ user, customer, prices: ["price_poster"] }));
    const said = await scene.deliver(webhook, event("created", poster));
    assert.equal(said.status, 200);
    assert.match(said.words, /STRIPE_PLANS does not have price_poster$/);
    await webhook.logged("STRIPE_PLANS does not have price_poster");
    assert.equal(await scene.planOf(user), "free");
    scene.double.set(subscription({ user, customer, prices: ["price_pro"] }));
    await scene.deliver(webhook, event("updated", poster));
    assert.equal(await scene.planOf(user), "pro");
  },

  "a subscription of nobody, or of a user who is not there, is acknowledged in words": async (
    scene,
    webhook,
  ) => {
    for (
      const [user, words] of [
        [undefined, /nobody's plan/],
        ["", /nobody's plan/],
        [crypto.randomUUID(), /the database has no user/],
        ["no-uuid", /the database has no user/],
        ["' or true; --", /the database has no user/],
      ] as const
    ) {
      const customer = `cus_${crypto.randomUUID()}`;
      const paid = scene.double.set(subscription({ user, customer, prices: ["price_max"] }));
      const said = await scene.deliver(webhook, event("created", paid));
      assert.equal(said.status, 200, `${user}`);
      assert.match(said.words, words);
      await webhook.logged(said.words);
    }
  },

  "a database that is down, refuses or lacks the migration is 503, until it is mended": async (
    scene,
    webhook,
  ) => {
    const { user, payload } = await justPaid(scene);
    const { publishableKey } = scene.stack;
    const withKey = (call: Call, apikey: string) =>
      scene.askDatabase({ ...call, headers: { ...call.headers, apikey } });
    const faults: Record<string, (call: Call) => Response | Promise<Response>> = {
      "down": () => Response.json({ message: "no" }, { status: 502 }),
      "timed out": () => Response.json({ code: "57014" }, { status: 500 }),
      "busy": () => new Response("slower", { status: 429 }),
      "another key": (call) => withKey(call, "sb_secret_of_another"),
      "a key without the right": (call) => withKey(call, publishableKey),
      "no set_plan": (call) => scene.askDatabase({ ...call, path: `${call.path}_of_a_later_day` }),
      // A key never goes where an answer points to.
      "elsewhere": ({ path }) => Response.redirect(scene.stack.url + path, 307),
      // What the table does not take is no unknown user: the payment waits for who mends it.
      ...Object.fromEntries(
        ["22P02", "23514", "23502", "23503", "22001", "P0001", "42501"].map((code) => [
          code,
          () => Response.json({ code, message: "no" }, { status: 400 }),
        ]),
      ),
    };
    for (const [how, fault] of Object.entries(faults)) {
      scene.atDatabase = fault;
      const said = await scene.deliver(webhook, payload);
      assert.equal(said.status, 503, `${how}: ${said.words}`);
      assert.equal(await scene.planOf(user), "free", how);
    }
    scene.atDatabase = () => {};
    await takenLater(scene, webhook, user, payload);
  },

  "a Stripe that is down or refuses the key is 503, and nobody's plan changes": async (
    scene,
    webhook,
  ) => {
    const { user, payload } = await justPaid(scene);
    scene.double.failing = 500;
    assert.equal((await scene.deliver(webhook, payload)).status, 503);
    scene.double.failing = undefined;
    const other = await scene.start({
      ...scene.settings(),
      STRIPE_SECRET_KEY: `${STRIPE_KEY}WXYZ`,
    });
    assert.equal((await scene.deliver(other, payload)).status, 503);
    assert.equal(await scene.planOf(user), "free");
    await takenLater(scene, webhook, user, payload);
  },

  "settings that are missing or wrong are a 500 that names them and shows none": async (scene) => {
    const good = scene.settings();
    const { payload } = await justPaid(scene);
    const wrong: [Record<string, string>, string[]][] = [
      [{}, Object.keys(good)],
      ...["", "{", "{}", "[]", '"pro"', "null", '["price_pro"]', '{"pro":"price_pro"}']
        .map((text): [Record<string, string>, string[]] => [
          { ...good, STRIPE_PLANS: text },
          ["STRIPE_PLANS"],
        ]),
      [{ ...good, STRIPE_PLANS: '{"price_pro":""}' }, ["STRIPE_PLANS"]],
      [{ ...good, STRIPE_PLANS: '{"price_pro":2}' }, ["STRIPE_PLANS"]],
      [{ ...good, SUPABASE_SECRET_KEYS: good.STRIPE_SECRET_KEY }, ["SUPABASE_SECRET_KEYS"]],
      [{ ...good, SUPABASE_SECRET_KEYS: "null" }, ["SUPABASE_SECRET_KEYS"]],
    ];
    await Promise.all(wrong.map(async ([settings, names]) => {
      const webhook = await scene.start(settings);
      const { status, words } = await scene.deliver(webhook, payload);
      assert.equal(status, 500, words);
      assert.deepEqual(words.match(/[A-Z]+(?:_[A-Z]+)+/g), names, JSON.stringify(settings));
      await webhook.logged(`500 ${words}`);
    }));
    assert.deepEqual(settingNames().sort(), Object.keys(good).sort());
  },

  "a key that no header takes is 503, and is not shown": async (scene) => {
    const good = scene.settings();
    const { user, payload } = await justPaid(scene);
    for (const broken of ["\n", "\u00e4\u4e00"]) {
      const keys = JSON.stringify({ default: `${scene.stack.secretKey}${broken}of another line` });
      const stripe = `${STRIPE_KEY}${broken}of another line`;
      for (
        const settings of [
          { ...good, SUPABASE_SECRET_KEYS: keys },
          { ...good, STRIPE_SECRET_KEY: stripe },
        ]
      ) {
        const said = await scene.deliver(await scene.start(settings), payload);
        assert.equal(said.status, 503, said.words);
        assert.equal(await scene.planOf(user), "free");
      }
    }
  },

  "a legacy key does as well, and goes where the gateways of its time look": async (scene) => {
    const { user, payload } = await justPaid(scene);
    const { SUPABASE_SECRET_KEYS: _, ...settings } = scene.settings();
    const legacy = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmVk";
    const webhook = await scene.start({ ...settings, SUPABASE_SERVICE_ROLE_KEY: legacy });
    const seen: (string | undefined)[] = [];
    scene.atDatabase = (call) => {
      seen.push(call.headers.apikey, call.headers.authorization);
      const headers = { "content-type": "application/json", apikey: scene.stack.secretKey };
      return scene.askDatabase({ ...call, headers });
    };
    await takenLater(scene, webhook, user, payload);
    assert.deepEqual(seen, [legacy, `Bearer ${legacy}`]);
    seen.length = 0;
    const today = await scene.start();
    await takenLater(scene, today, user, payload);
    assert.deepEqual(seen, [scene.stack.secretKey, undefined]);
    scene.atDatabase = () => {};
  },
};

for (const version of [Deno.version.deno, HOSTED_DENO]) {
  Deno.test(`docs/stripe-webhook.ts takes nothing else, on Deno ${version}`, async (test) => {
    await onScene(await findDeno(version), async (scene, webhook) => {
      for (const [title, keep] of Object.entries(promises)) {
        await test.step(title, () => keep(scene, webhook));
      }
    });
  });
}
