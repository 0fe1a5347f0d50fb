/** Contract, "Plan and tier": what each plan is worth, and what each failure leads to. */
import assert from "node:assert/strict";
import { knows } from "../../support/answers.ts";
import { expectCode } from "../../support/expect.ts";
import { sessionToken, signerOf } from "../../support/keys.ts";
import {
  type Behaviour,
  brokenJson,
  failing,
  gatewayRefusal,
  hang,
  html,
  json,
  NO_COLUMN,
  NO_RIGHT,
  NO_TABLE,
  redirect,
  restRefusal,
  tooMany,
  unreachable,
} from "../../support/upstreams.ts";
import { type Sent, type Settings, World } from "../../support/world.ts";

const KEY = await signerOf("ES256");
const WORTHLESS = 9;

/** The three places where a plan may stand. */
const PLACES: Record<string, (plan: unknown) => Promise<[World, Sent]>> = {
  "the table": async (plan) => [await worldOf({}, { plan: json([{ plan }]) }), {}],
  "the Auth server's app_metadata": async (plan) => {
    const user = knows({ app_metadata: { plan } });
    // The token still says what was true when it was made, and counts where the answer says nothing.
    const stale = plan === null ? {} : { plan: "free" };
    const token = await sessionToken(KEY, { app_metadata: stale });
    return [await worldOf({ BEHEST_PLAN_CLAIM: "app_metadata.plan" }, { user }), { token }];
  },
  "the token's app_metadata": async (plan) => {
    const settings = { BEHEST_PLAN_CLAIM: "app_metadata.plan", BEHEST_USER_CHECK: "claims" };
    const token = await sessionToken(KEY, { app_metadata: { plan } });
    return [await worldOf(settings), { token }];
  },
};

function worldOf(settings: Settings, routes: Record<string, Behaviour> = {}): Promise<World> {
  return World.make({ BEHEST_TIER: String(WORTHLESS), ...settings }, routes);
}

function notices(world: World): number {
  return world.lines.filter((line) => "notice" in line).length;
}

async function expectTier(world: World, sent: Sent, tier: number, logged: number): Promise<void> {
  for (const _ of [1, 2, 3]) {
    const { body } = await expectCode(world, sent, "ok");
    assert.equal(body.tier, tier);
    assert.equal(JSON.parse(world.to("mint").at(-1)?.body ?? "{}").tier, tier);
  }
  assert.equal(notices(world), logged);
}

/** What stands there, its tier, and whether the log tells of it (once, in three requests). */
const PLANS: [string, unknown, number, boolean][] = [
  ["free is 1", "free", 1, false],
  ["pro is 2", "pro", 2, false],
  ["max is 3", "max", 3, false],
  ["a name is case-insensitive", "MaX", 3, false],
  ["a whole number is a tier as it stands", 7, 7, false],
  ["zero is a tier as it stands", 0, 0, false],
  ["a string of a whole number is a tier as it stands", "7", 7, false],
  ["null is BEHEST_TIER", null, WORTHLESS, false],
  ["an unknown name is BEHEST_TIER, and logged", "gold", WORTHLESS, true],
  ["a fraction is BEHEST_TIER, and logged", 2.5, WORTHLESS, true],
  ["a number below zero is BEHEST_TIER, and logged", -1, WORTHLESS, true],
  ["a string of a number below zero is BEHEST_TIER, and logged", "-1", WORTHLESS, true],
  ["a number that no tier can be is BEHEST_TIER, and logged", 2 ** 32, WORTHLESS, true],
  ["an empty string is BEHEST_TIER, and logged", "", WORTHLESS, true],
  ["a list is BEHEST_TIER, and logged", ["max"], WORTHLESS, true],
];

for (const [place, world] of Object.entries(PLACES)) {
  for (const [rule, plan, tier, logged] of PLANS) {
    Deno.test(`from ${place}: ${rule}`, async () => {
      await expectTier(...await world(plan), tier, logged ? 1 : 0);
    });
  }
}

const NAMED: [string, Settings, unknown, number][] = [
  ["a number", { BEHEST_PLAN_TIERS: '{"1":3}' }, 1, 3],
  ["a string of a number", { BEHEST_PLAN_TIERS: '{"1":3}' }, "1", 3],
  ["true", { BEHEST_PLAN_TIERS: '{"true":2,"false":1}' }, true, 2],
  ["false", { BEHEST_PLAN_TIERS: '{"true":2,"false":1}' }, false, 1],
];
const UNNAMED = [true, "+3", "03", "00", "3.0", "3e0", "٣"];

for (const [what, settings, plan, tier] of NAMED) {
  Deno.test(`a name of BEHEST_PLAN_TIERS comes first, also one that is ${what}`, async () => {
    await expectTier(await worldOf(settings, { plan: json([{ plan }]) }), {}, tier, 0);
  });
}

for (const plan of UNNAMED) {
  Deno.test(`${JSON.stringify(plan)} is neither a name nor a tier: BEHEST_TIER, and logged`, async () => {
    await expectTier(await worldOf({}, { plan: json([{ plan }]) }), {}, WORTHLESS, 1);
  });
}

for (const nothing of [undefined, null]) {
  Deno.test(`where ${nothing} stands in the Auth server's answer, the token's plan counts`, async () => {
    const user = knows({ app_metadata: { plan: nothing } });
    const world = await worldOf({ BEHEST_PLAN_CLAIM: "app_metadata.plan" }, { user });
    const token = await sessionToken(KEY, { app_metadata: { plan: "max" } });
    await expectTier(world, { token }, 3, 0);
  });
}

Deno.test("a user with no row is BEHEST_TIER, and nothing to log", async () => {
  await expectTier(await worldOf({}, { plan: json([]) }), {}, WORTHLESS, 0);
});

for (
  const [what, plan] of [
    ["no such column (400)", NO_COLUMN],
    ["no right to read it (403)", NO_RIGHT],
    ["no such table (404)", NO_TABLE],
  ] as const
) {
  Deno.test(`${what} is BEHEST_TIER, and logged once`, async () => {
    await expectTier(await worldOf({}, { plan }), {}, WORTHLESS, 1);
  });
}

Deno.test("more than one row is BEHEST_TIER, and logged once", async () => {
  const plan = json([{ plan: "max" }, { plan: "pro" }]);
  await expectTier(await worldOf({}, { plan }), {}, WORTHLESS, 1);
});

for (const app_metadata of [undefined, null, {}, { plan: {} }, { other: "max" }]) {
  Deno.test(`a claim that is not there (${JSON.stringify(app_metadata)}) is BEHEST_TIER`, async () => {
    const settings = { BEHEST_PLAN_CLAIM: "app_metadata.plan.name" };
    const world = await worldOf(settings, { user: knows({ app_metadata }) });
    const { body } = await expectCode(world, {}, "ok");
    assert.equal(body.tier, WORTHLESS);
  });
}

const FAILURES: [string, Behaviour, string][] = [
  ["429", tooMany("7"), "plan_unavailable"],
  ["500", failing(500), "plan_unavailable"],
  ["503", failing(503), "plan_unavailable"],
  ["no connection", unreachable, "plan_unavailable"],
  ["a redirect", redirect(), "supabase_rejected"],
  ["HTML", html, "plan_unavailable"],
  ["broken JSON", brokenJson, "plan_unavailable"],
  ["no answer", hang, "plan_timeout"],
  ["PostgREST's 401", restRefusal(401, "PGRST301"), "plan_unavailable"],
  ["PostgREST's 406", restRefusal(406, "PGRST106"), "plan_unavailable"],
  ...[400, 401, 403, 404].map((status): [string, Behaviour, string] => [
    `somebody else's ${status}`,
    failing(status),
    "supabase_rejected",
  ]),
  ["the gateway's 401", gatewayRefusal(), "supabase_rejected"],
];

for (const [what, plan, code] of FAILURES) {
  Deno.test(`with BEHEST_PLAN_ON_ERROR=fail, ${what} is ${code}, and nothing is minted`, async () => {
    const world = await worldOf({ BEHEST_PLAN_ON_ERROR: "fail" }, { plan });
    await expectCode(world, {}, code);
    assert.equal(world.to("mint").length, 0);
  });

  Deno.test(`with BEHEST_PLAN_ON_ERROR=default, ${what} mints BEHEST_TIER`, async () => {
    const world = await worldOf({ BEHEST_PLAN_ON_ERROR: "default" }, { plan });
    const { body } = await expectCode(world, {}, "ok");
    assert.equal(body.tier, WORTHLESS);
    assert.equal(world.to("mint").length, 1);
  });
}
