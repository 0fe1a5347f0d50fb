/** Whether the plan can be read by its user and not written, and what is said where that is unknown. */
import assert from "node:assert/strict";
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
  const bend = rest(Response.json([{ tier: 3 }]));
  const env = {
    BEHEST_PLAN_TABLE: "accounts",
    BEHEST_PLAN_COLUMN: "tier",
    BEHEST_PLAN_USER_COLUMN: "owner",
  };
  const examined = await examineElsewhere({ bend, world: { env } });
  assertCross(examined, "plan_rights", /update accounts\.tier:/, /^Take the right.* on accounts /);
  assert.equal(meaningOf(examined, "plan_column"), 'accounts.tier is "3".');
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
  assert.deepEqual([none.ok, empty.ok], [true, true]);
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

Deno.test("a name of the plan's place that is none is wrong usage", async () => {
  const args = ["--url", stack.url, "--origin", PAGE];
  const ran = await run(args, { env: { BEHEST_PLAN_TABLE: "profiles;drop" } });
  assert.equal(ran.exit, 2);
  assert.match(ran.warned, /BEHEST_PLAN_TABLE is a name/);
});

testThatNoSecretWasPrinted();
