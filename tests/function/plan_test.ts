import assert from "node:assert/strict";
import { userOf } from "../support/answers.ts";
import { expectCode } from "../support/expect.ts";
import { type Claims, sessionToken, signerOf, SUB } from "../support/keys.ts";
import {
  authRefusal,
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
  padded,
  raw,
  redirect,
  restRefusal,
  tooMany,
  unreachable,
} from "../support/upstreams.ts";
import {
  goodToken,
  PUBLISHABLE_KEY,
  type Settings,
  SUPABASE_URL,
  World,
} from "../support/world.ts";

const KEY = await signerOf("ES256");
const plan = (value: unknown) => json([{ plan: value }]);
const mintedTier = (world: World) => JSON.parse(world.to("mint").at(-1)?.body ?? "{}").tier;
const notices = (world: World) => world.lines.filter((line) => "notice" in line).length;

Deno.test("the plan is read with the caller's own token, so that row level security applies", async () => {
  const world = await World.make({
    SUPABASE_SERVICE_ROLE_KEY: "service",
    SUPABASE_SECRET_KEYS: '{"default":"secret"}',
  });
  await expectCode(world, {}, "ok");
  const [call, ...more] = world.to("plan");
  assert.deepEqual(more, []);
  assert.equal(call?.method, "GET");
  assert.equal(call?.url, `${SUPABASE_URL}/rest/v1/profiles?select=plan&id=eq.${SUB}`);
  const { accept: _, ...headers } = call?.headers ?? {};
  assert.deepEqual(headers, {
    apikey: PUBLISHABLE_KEY,
    authorization: `Bearer ${await goodToken()}`,
  });
  assert.equal(call?.redirect, "manual");
});

Deno.test("table, column and user column are what the settings say", async () => {
  const world = await World.make({
    BEHEST_PLAN_TABLE: "subscriptions",
    BEHEST_PLAN_COLUMN: "product",
    BEHEST_PLAN_USER_COLUMN: "user_id",
  }, { plan: json([{ product: "max", plan: "free" }]) });
  await expectCode(world, {}, "ok");
  assert.equal(
    world.to("plan")[0]?.url,
    `${SUPABASE_URL}/rest/v1/subscriptions?select=product&user_id=eq.${SUB}`,
  );
  assert.equal(mintedTier(world), 3);
});

const HOSTILE = [
  "a,b",
  "(a)",
  "a.b",
  "a&select=secret",
  "a=b",
  "a&or=(id.gt.0)",
  "a#b",
  "a?b",
  "a%26b",
  "a+b c",
  'a"b',
  "a\\b",
  "../x",
  "é\u{1F600}",
  "in.(1,2)",
  "a;b",
  "*",
];
for (const sub of HOSTILE) {
  Deno.test(`the sub ${JSON.stringify(sub)} stays one value of the plan query`, async () => {
    const world = await World.make();
    await expectCode(world, { token: await sessionToken(KEY, { sub }) }, "ok");
    const { pathname, searchParams, hash } = new URL(world.to("plan")[0]?.url ?? "");
    assert.equal(pathname, "/rest/v1/profiles");
    assert.deepEqual([...searchParams], [["select", "plan"], ["id", `eq.${sub}`]]);
    assert.equal(hash, "");
  });
}

const TIERS: [string, Behaviour, number, Settings?][] = [
  ["free", plan("free"), 1],
  ["pro", plan("pro"), 2],
  ["max", plan("max"), 3],
  ["a name in another case", plan("PrO"), 2],
  ["a name of BEHEST_PLAN_TIERS", plan("Gold"), 8, { BEHEST_PLAN_TIERS: '{"gold":8}' }],
  ["a name that BEHEST_PLAN_TIERS writes in capitals", plan("gold"), 8, {
    BEHEST_PLAN_TIERS: '{"GOLD":8}',
  }],
  ["a default name that BEHEST_PLAN_TIERS drops", plan("max"), 1, {
    BEHEST_PLAN_TIERS: '{"gold":8}',
  }],
  ["a whole number", plan(3), 3],
  ["a whole number that no name has", plan(5), 5],
  ["a whole number as text", plan("3"), 3],
  ["no row", json([]), 1],
  ["no row, with BEHEST_TIER", json([]), 2, { BEHEST_TIER: "2" }],
  ["null", plan(null), 2, { BEHEST_TIER: "2" }],
  ["an unknown name", plan("platinum"), 2, { BEHEST_TIER: "2" }],
  ["a fraction", plan("2.5"), 1],
  ["a name of every object", plan("constructor"), 1],
  ["a refused table (403)", NO_RIGHT, 2, { BEHEST_TIER: "2" }],
  ["no such table (404)", NO_TABLE, 2, { BEHEST_TIER: "2" }],
  ["no such column (400)", NO_COLUMN, 2, { BEHEST_TIER: "2" }],
];

for (const [what, behaviour, tier, settings] of TIERS) {
  Deno.test(`a plan of ${what} is tier ${tier}`, async () => {
    const world = await World.make(settings, { plan: behaviour });
    const answer = await expectCode(world, {}, "ok");
    assert.equal(answer.body.tier, tier);
    assert.equal(mintedTier(world), tier);
    assert.equal(world.line.tier, tier);
  });
}

Deno.test("a table that is not there is logged once, and so is an unknown plan name", async () => {
  for (const behaviour of [NO_TABLE, NO_COLUMN, NO_RIGHT, plan("platinum")]) {
    const world = await World.make({}, { plan: behaviour });
    for (const _ of [1, 2, 3]) await expectCode(world, {}, "ok");
    assert.equal(notices(world), 1);
  }
  const fine = await World.make({}, { plan: json([]) });
  await expectCode(fine, {}, "ok");
  assert.equal(notices(fine), 0, "a user with no row is nothing to log");
});

Deno.test("an unknown plan name is told where it is a short word, and nothing else is", async () => {
  const notice = async (name: string) => {
    const world = await World.make({}, { plan: plan(name) });
    await expectCode(world, {}, "ok");
    return String(world.lines.find((line) => "notice" in line)?.notice);
  };
  assert.match(await notice("platinum"), /"platinum"/);
  for (const name of ["ada@example.com", "sb_secret_abcdefgh", "two words", "p".repeat(17)]) {
    assert.match(await notice(name), /"…"/);
    assert.ok(!(await notice(name)).includes(name));
  }
});

const FAILURES: [string, Behaviour, string][] = [
  ["429", tooMany("7"), "plan_unavailable"],
  ["500", failing(500), "plan_unavailable"],
  ["503", failing(503), "plan_unavailable"],
  ["no connection", unreachable, "plan_unavailable"],
  ["a redirect", redirect(302), "supabase_rejected"],
  ["HTML", html, "plan_unavailable"],
  ["broken JSON", brokenJson, "plan_unavailable"],
  ["an object in place of rows", json({ plan: "max" }), "plan_unavailable"],
  ["rows that are no objects", json(["max"]), "plan_unavailable"],
  ["a row without the column", json([{ other: "max" }]), "plan_unavailable"],
  ["more than 64 KiB", padded(plan("max"), 65_537), "plan_unavailable"],
  ["no answer", hang, "plan_timeout"],
];

for (const [what, behaviour, code] of FAILURES) {
  Deno.test(`a plan that cannot be read (${what}) is ${code}, and nothing is minted`, async () => {
    const world = await World.make({}, { plan: behaviour });
    const answer = await expectCode(world, {}, code);
    if (code === "plan_unavailable") assert.match(answer.headers.get("Retry-After") ?? "", /^\d+$/);
    assert.equal(world.to("mint").length + world.to("elsewhere").length, 0);
  });
}

for (const [what, behaviour] of FAILURES) {
  Deno.test(`with BEHEST_PLAN_ON_ERROR=default, ${what} mints with BEHEST_TIER`, async () => {
    const world = await World.make({ BEHEST_PLAN_ON_ERROR: "default", BEHEST_TIER: "2" }, {
      plan: behaviour,
    });
    await expectCode(world, {}, "ok");
    assert.equal(mintedTier(world), 2);
  });
}

Deno.test("a token that PostgREST alone refuses is good: its clock or its keys are the matter", async () => {
  for (const check of ["server", "claims"]) {
    const plan = restRefusal(401, "PGRST301");
    const world = await World.make({ BEHEST_USER_CHECK: check }, { plan });
    await expectCode(world, {}, "plan_unavailable", check);
    assert.equal(world.to("mint").length, 0);
  }
});

/** What PostgREST says with one of its marks alone, in a table's stead. */
const MARKED: [string, Behaviour][] = [
  ["the header", raw("", 404, { "Proxy-Status": "PostgREST; error=PGRST205" })],
  [
    "the header behind another proxy's",
    raw("", 404, {
      "Proxy-Status": "edge; received-status=404, PostgREST; error=PGRST205",
    }),
  ],
  ["the body", json({ code: "PGRST205", details: null, hint: null, message: "no" }, 404)],
  [
    "the body with an SQLSTATE",
    json({ code: "42P01", details: null, hint: null, message: "" }, 404),
  ],
];

for (const [what, behaviour] of MARKED) {
  Deno.test(`PostgREST's refusal by ${what} alone is no plan`, async () => {
    const answer = await expectCode(await World.make({}, { plan: behaviour }), {}, "ok");
    assert.equal(answer.body.tier, 1);
  });
}

/** What only resembles it. */
const UNMARKED: [string, Behaviour][] = [
  [
    "another proxy's Proxy-Status",
    raw("", 404, { "Proxy-Status": "PostgREST-like; error=PGRST205" }),
  ],
  ["a message alone", json({ message: "no" }, 404)],
  ["a body without details", json({ code: "PGRST205", hint: null, message: "no" }, 404)],
  ["a code of six letters", json({ code: "420P01", details: null, hint: null, message: "" }, 404)],
  ["a numeric code", json({ code: 42501, details: null, hint: null, message: "" }, 403)],
  ["the Auth server's refusal", authRefusal(403, "bad_jwt")],
  ["the gateway's", gatewayRefusal()],
  [
    "PostgREST's, with a body beyond 4 KiB",
    padded(
      json({ code: "PGRST205", details: null, hint: null, message: "no" }, 404),
      4097,
    ),
  ],
];

for (const [what, behaviour] of UNMARKED) {
  Deno.test(`a refusal that bears ${what} is not PostgREST's: supabase_rejected`, async () => {
    const world = await World.make({}, { plan: behaviour });
    await expectCode(world, {}, "supabase_rejected");
    assert.equal(world.to("mint").length, 0);
  });
}

const CLAIM: Settings = { BEHEST_PLAN_CLAIM: "app_metadata.billing.plan" };
const billing = (value: unknown): Claims => ({ app_metadata: { billing: { plan: value } } });

Deno.test("BEHEST_PLAN_CLAIM takes the place of the table, and an upgrade is seen at once", async () => {
  const token = await sessionToken(KEY, billing("free"));
  const user: Behaviour = (call, scene) => json(userOf(call, billing("Max")))(call, scene);
  const world = await World.make(CLAIM, { user });
  await expectCode(world, { token }, "ok");
  assert.equal(mintedTier(world), 3);
  assert.equal(world.to("plan").length, 0);
});

Deno.test("BEHEST_PLAN_CLAIM is read from the token where claims are trusted", async () => {
  const world = await World.make({ ...CLAIM, BEHEST_USER_CHECK: "claims" });
  for (const [value, tier] of [["max", 3], [2, 2], ["2", 2], [null, 1], ["platinum", 1]]) {
    await expectCode(world, { token: await sessionToken(KEY, billing(value)) }, "ok");
    assert.equal(mintedTier(world), tier);
  }
  assert.deepEqual([...new Set(world.calls.map(({ route }) => route))], ["mint"]);
});

Deno.test("a plan that users write themselves counts for nothing, and naming it is misconfigured", async () => {
  const token = await sessionToken(KEY, {
    user_metadata: { billing: { plan: "max" }, plan: "max" },
  });
  const world = await World.make(CLAIM);
  await expectCode(world, { token }, "ok");
  assert.equal(mintedTier(world), 1);
  const wrong = await World.make({ BEHEST_PLAN_CLAIM: "user_metadata.plan" });
  assert.match((await expectCode(wrong, { token }, "misconfigured")).message, /BEHEST_PLAN_CLAIM/);
});
