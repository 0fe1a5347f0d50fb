import assert from "node:assert/strict";
import { expectCode } from "../support/expect.ts";
import { authRefusal, failing, json } from "../support/upstreams.ts";
import { type Settings, World } from "../support/world.ts";

const OPUS = "claude-3-opus";
const POLICY = JSON.stringify({ [OPUS]: ["pro", "MAX"], "closed": [] });

const ROWS: [string, unknown, unknown, string, Settings?][] = [
  ["a plan that is named", "pro", OPUS, "ok"],
  ["a plan in another case", "PRO", OPUS, "ok"],
  ["a plan that the policy writes in capitals", "max", OPUS, "ok"],
  ["a plan that is not named", "free", OPUS, "model_forbidden"],
  ["a model that is not named", "free", "gpt-4o", "ok"],
  ["a model in another case, which is another model", "free", "Claude-3-Opus", "ok"],
  ["a model that nobody may use", "max", "closed", "model_forbidden"],
  ["a model named like a member of every object", "free", "__proto__", "ok"],
  ["no model", "free", undefined, "ok"],
  ["a model of null", "free", null, "ok"],
  ["a numeric plan of a tier that is named", 2, OPUS, "ok"],
  ["a numeric plan as text", "3", OPUS, "ok"],
  ["a numeric plan of a tier that is not named", 1, OPUS, "model_forbidden"],
  ["a numeric plan of a tier without a name", 9, OPUS, "model_forbidden"],
  ["no plan, which counts as free", null, OPUS, "model_forbidden"],
  ["no plan, where BEHEST_TIER is pro's", null, OPUS, "ok", { BEHEST_TIER: "2" }],
  ["a tier of two plans, by number", 2, OPUS, "ok", { BEHEST_PLAN_TIERS: '{"team":2,"pro":2}' }],
  ["a tier of two plans, by the name that is not named", "team", OPUS, "model_forbidden", {
    BEHEST_PLAN_TIERS: '{"team":2,"pro":2}',
  }],
];

for (const [what, plan, model, code, settings] of ROWS) {
  Deno.test(`the model policy, asked by ${what}: ${code}`, async () => {
    const world = await World.make({ BEHEST_MODEL_POLICY: POLICY, ...settings }, {
      plan: json([{ plan }]),
    });
    await expectCode(world, { body: JSON.stringify({ model }) }, code);
    assert.equal(
      world.to("mint").length,
      code === "ok" ? 1 : 0,
      "a refused model is minted nothing",
    );
  });
}

Deno.test("without a policy every model is allowed", async () => {
  await expectCode(await World.make({}, { plan: json([]) }), { body: `{"model":"${OPUS}"}` }, "ok");
});

Deno.test("a plan that could not be read counts as the plans of BEHEST_TIER", async () => {
  const body = `{"model":"${OPUS}"}`;
  for (const [tier, code] of [["1", "model_forbidden"], ["2", "ok"]] as const) {
    const settings = {
      BEHEST_MODEL_POLICY: POLICY,
      BEHEST_PLAN_ON_ERROR: "default",
      BEHEST_TIER: tier,
    };
    await expectCode(await World.make(settings, { plan: failing(500) }), { body }, code);
  }
});

Deno.test("an ended session is told so, and not what its plan may use", async () => {
  const world = await World.make(
    { BEHEST_MODEL_POLICY: POLICY },
    { user: authRefusal(), plan: json([{ plan: "free" }]) },
  );
  await expectCode(world, { body: `{"model":"${OPUS}"}` }, "invalid_session");
});
