/** Whether the plan can be read by its user and not written, and what is said where that is unknown. */
import assert from "node:assert/strict";
import { tierOf, TIERS } from "../../cli/doctor/tiers.ts";
import { tierOf as tierAtGateway } from "../../dev/gateway/plan.ts";
import { assertCross, examine, idsOf, run } from "../support/doctor_run.ts";
import type { Bend } from "../support/doctor_front.ts";
import { optionsOf, PAGE, visit } from "../support/doctor_site.ts";
import { type Elsewhere, examineElsewhere } from "../support/doctor_elsewhere.ts";
import {
  assertWell,
  meaningOf,
  stack,
  testThatNoSecretWasPrinted,
  useStack,
} from "../support/doctor_stack.ts";
import { encodePart } from "../support/keys.ts";

useStack();

/** What the REST API answers to a read, and to an update. */
function rest(read: Response, write = new Response(null, { status: 204 })): Elsewhere["bend"] {
  return (url, { method }) => {
    if (!url.includes("/rest/v1/")) return undefined;
    return (method === "PATCH" ? write : read).clone();
  };
}

const refusal = (status: number, code: string) =>
  Response.json({ code, message: "No." }, { status });

Deno.test("a user reads their plan, and the rights refuse an update of it", async () => {
  const examined = await examine(optionsOf(stack));
  assertWell(examined);
  assert.equal(meaningOf(examined, "plan_column"), 'profiles.plan is "pro".');
  assert.match(meaningOf(examined, "plan_rights"), /profiles\.plan is refused \(403 42501\)/);
});

/** As a project whose users may write every plan: their update is sent on as the secret key's. */
const asBilling: Bend = async (request, pass) => {
  if (request.method !== "PATCH") return await pass();
  const { url, method } = request;
  const headers = { apikey: stack.secretKey, "Content-Type": "application/json" };
  return await pass(new Request(url, { method, headers, body: await request.text() }));
};

Deno.test("a right to update is a cross, which says what is not known and what to run, and changes nothing", async () => {
  const profiles = async () => {
    const url = `${stack.url}/rest/v1/profiles?order=id`;
    return await (await fetch(url, { headers: { apikey: stack.secretKey } })).json();
  };
  const before = await profiles();
  const examined = await visit(stack, { bend: asBilling });
  assertCross(examined, "plan_rights", /have the right.*left to policies/, /init --migration/);
  assert.equal(before.length, 3);
  assert.deepEqual(await profiles(), before);
});

Deno.test("where the plan is elsewhere, it is looked for there, and said by that name", async () => {
  const bend = rest(Response.json([{ tier: 1 }]));
  const env = {
    BEHEST_PLAN_TABLE: "accounts",
    BEHEST_PLAN_COLUMN: "tier",
    BEHEST_PLAN_USER_COLUMN: "owner",
  };
  const examined = await examineElsewhere({ bend, world: { env } });
  assertCross(examined, "plan_rights", /update accounts\.tier:/, /^Take the right.* on accounts /);
  assert.equal(meaningOf(examined, "plan_column"), 'accounts.tier is "1".');
  const asked = examined.sent.filter(({ url }) => url.includes("/rest/")).map(({ url }) => url);
  const at = "https://ref.supabase.co/rest/v1/accounts";
  assert.deepEqual(asked.slice(0, 2), [
    `${at}?select=tier&owner=eq.u`,
    `${at}?owner=eq.u&owner=is.null`,
  ]);
});

Deno.test("a table of another name that is not there is a cross, and nothing is written", async () => {
  const env = { BEHEST_PLAN_TABLE: "acounts" };
  const examined = await examine(optionsOf(stack), { env });
  assertCross(examined, "plan_column", /no acounts\.plan/, /BEHEST_PLAN_TABLE/, ["plan_rights"]);
});

Deno.test("a project without plans is well, and told how to have them", async () => {
  for (const [status, code] of [[404, "PGRST205"], [404, "42P01"], [400, "42703"]] as const) {
    const examined = await examineElsewhere({ bend: rest(refusal(status, code)) });
    assert.deepEqual(idsOf(examined, "failed"), [], examined.out);
    assert.deepEqual(idsOf(examined, "skipped"), ["plan_column", "plan_rights"]);
    assert.match(meaningOf(examined, "plan_column"), new RegExp(`${code}.*init --migration`));
  }
});

Deno.test("a plan that users may not read is a cross with the grant to run", async () => {
  const examined = await examineElsewhere({ bend: rest(refusal(403, "42501")) });
  const grant = /^grant select \(id, plan\) on profiles to authenticated$/;
  assertCross(examined, "plan_column", /may not read/, grant, ["plan_rights"]);
});

Deno.test("a user without a row, or without a plan, is told what counts then", async () => {
  const refused = refusal(403, "42501");
  const none = await examineElsewhere({ bend: rest(Response.json([]), refused) });
  assert.match(meaningOf(none, "plan_column"), /no row of this user can be read, so BEHEST_TIER/);
  const empty = await examineElsewhere({ bend: rest(Response.json([{ plan: null }]), refused) });
  assert.match(meaningOf(empty, "plan_column"), /null for this user, so BEHEST_TIER counts/);
  const odd = await examineElsewhere({ bend: rest(Response.json([{ plan: {} }]), refused) });
  assert.match(meaningOf(odd, "plan_column"), /of a type that no plan has, so BEHEST_TIER counts/);
  assert.deepEqual([none.ok, empty.ok, odd.ok], [true, true, true]);
});

Deno.test("what else answers an update says nothing of the rights, and is no tick", async () => {
  const read = Response.json([{ plan: "free" }]);
  for (
    const write of [
      refusal(401, "PGRST301"),
      refusal(400, "22P02"),
      Response.json({ message: "Blocked" }, { status: 403 }),
      new Response("<h1>Blocked</h1>", { status: 403 }),
      new Response(null, { status: 301, headers: { Location: "https://evil.example" } }),
    ]
  ) {
    const examined = await examineElsewhere({ bend: rest(read, write) });
    assert.deepEqual(idsOf(examined, "skipped"), ["plan_rights"], examined.out);
    assert.match(meaningOf(examined, "plan_rights"), /is not known: \d{3}/);
    assert.ok(!examined.out.includes("evil"));
  }
});

Deno.test("a gateway that wants an API key is told from the table's own refusal", async () => {
  const body = { message: "No API key found in request" };
  const examined = await examineElsewhere({ bend: rest(Response.json(body, { status: 401 })) });
  assert.deepEqual(idsOf(examined, "skipped"), ["plan_column", "plan_rights"], examined.out);
  assert.match(meaningOf(examined, "plan_column"), /not known.*Give --publishable-key/);
});

Deno.test("a plan's text is quoted, whatever is in it", async () => {
  const bend = rest(
    Response.json([{ plan: 'pro" \u001b[2J ✓ All is well' }]),
    refusal(403, "42501"),
  );
  const examined = await examineElsewhere({ bend });
  assert.match(meaningOf(examined, "plan_column"), /^profiles\.plan is "[^"]*"\.$/);
});

/** A project whose table says this plan, a session with these claims, and a token for tier 1. */
function onTierOne(plan: unknown, app_metadata?: unknown, env: Record<string, string> = {}) {
  const claims = { iss: "https://ref.supabase.co/auth/v1", sub: "u", app_metadata };
  const session = `${encodePart({ alg: "ES256" })}.${encodePart(claims)}.AAAA`;
  const bend = rest(Response.json([{ plan }]), refusal(403, "42501"));
  return examineElsewhere({ bend, session, world: { env } });
}

Deno.test("a function that looks for the plan in a session without one is a warning, and not well", async () => {
  const settings = { BEHEST_PLAN_CLAIM: "app_metadata.plan" };
  const examined = await visit(stack, { settings });
  assert.deepEqual(idsOf(examined, "warned"), ["plan_column"], examined.out);
  assert.deepEqual([examined.ok, examined.exit], [true, 0]);
  const doubt = /^profiles\.plan is "pro"\. But .* minted for tier 1, and that plan is tier 2; /;
  assert.match(meaningOf(examined, "plan_column"), doubt);
  assert.match(examined.table, /the session has no app_metadata\.plan\.$/m);
  assert.match(examined.table, /do this: .*hook is on .*docs\/hook\.md.*sign in anew/);
  assert.match(examined.table, /\nNothing is wrong; look at what has a !\.$/);
});

Deno.test("a tier that is not the plan's is a warning, whatever the session says", async () => {
  for (
    const [plan, app_metadata, said] of [
      ["pro", undefined, /has no app_metadata\.plan\.$/],
      [" MAX", {}, /tier 3; the session has no app_metadata\.plan\.$/],
      ["pro", { plan: "free" }, /session's app_metadata\.plan is "free"\.$/],
      [7, null, /tier 7; the session has no/],
      ["7", { plan: {} }, /tier 7; the session has no/],
    ] as const
  ) {
    const examined = await onTierOne(plan, app_metadata);
    assert.deepEqual(idsOf(examined, "warned"), ["plan_column"], examined.out);
    assert.match(meaningOf(examined, "plan_column"), said);
  }
});

Deno.test("a tier that is the plan's, or a plan of a tier that is not known, is no warning", async () => {
  for (const plan of ["free", "Free ", 1, "1", "gold", null, "", "4294967296", {}]) {
    const examined = await onTierOne(plan);
    assert.deepEqual(idsOf(examined, "warned"), [], examined.out);
  }
});

Deno.test("the environment says where sessions have the plan, and which tiers there are", async () => {
  const claim = { BEHEST_PLAN_CLAIM: "app_metadata.a.b" };
  const tiers = { BEHEST_PLAN_TIERS: '{"Gold":1,"pro":1,"silver":4}' };
  for (
    const [plan, app_metadata, env, warned] of [
      ["free", { plan: "free" }, claim, /But the session has no app_metadata\.a\.b, which BEHEST_/],
      ["gold", {}, claim, /But the session has no app_metadata\.a\.b/],
      ["free", { a: { b: "free" } }, claim, undefined],
      ["pro", {}, tiers, undefined],
      ["gold", {}, tiers, undefined],
      ["silver", {}, tiers, /tier 4/],
    ] as const
  ) {
    const examined = await onTierOne(plan, app_metadata, { ...env });
    assert.deepEqual(idsOf(examined, "warned"), warned ? ["plan_column"] : [], examined.out);
    if (warned) assert.match(meaningOf(examined, "plan_column"), warned);
  }
});

Deno.test("a plan is the tier here that the gateway makes of it", () => {
  for (
    const plan of [
      ...[
        "free",
        "PRO",
        " Max ",
        "gold",
        "",
        "0",
        "7",
        "07",
        "+7",
        "7.0",
        "1e1",
        "０",
        "__proto__",
      ],
      ...["4294967295", "4294967296", 0, 7, 2.5, -1, 4294967295, 4294967296, 1e21, true, null, {}],
    ]
  ) {
    assert.equal(tierOf(plan, TIERS), tierAtGateway(plan, TIERS), JSON.stringify(plan));
  }
});

Deno.test("settings of plans that are none are wrong usage", async () => {
  const args = ["--url", stack.url, "--origin", PAGE];
  for (
    const [name, values] of [
      ["BEHEST_PLAN_CLAIM", ["plan", "user_metadata.plan", "app_metadata.", "app_metadata.a..b"]],
      ["BEHEST_PLAN_TIERS", ["x", "[]", "null", '{"pro":"2"}', '{"pro":-1}', '{"pro":1e400}']],
    ] as const
  ) {
    for (const value of values) {
      const ran = await run(args, { env: { [name]: value } });
      assert.deepEqual([ran.exit, ran.out], [2, ""], value);
      assert.match(ran.warned, new RegExp(`^${name} is a `));
    }
  }
});

Deno.test("a name of the plan's place that is none is wrong usage", async () => {
  const args = ["--url", stack.url, "--origin", PAGE];
  const ran = await run(args, { env: { BEHEST_PLAN_TABLE: "profiles;drop" } });
  assert.equal(ran.exit, 2);
  assert.match(ran.warned, /BEHEST_PLAN_TABLE is a name/);
});

testThatNoSecretWasPrinted();
