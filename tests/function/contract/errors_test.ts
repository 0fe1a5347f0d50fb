/** Contract, "Errors": one test a row, and no code without a row. */
import assert from "node:assert/strict";
import { faults } from "../../support/faults.ts";
import { expectCode, STATUS } from "../../support/expect.ts";
import { type Refusal, REFUSALS, refusing } from "../../support/refusals.ts";

for (const row of REFUSALS) {
  const { code, when, sent = {}, calls = [] } = row;
  Deno.test(`${STATUS[code]} ${code}: ${when}`, async () => {
    const world = await refusing(row);
    const { body, text } = await expectCode(world, sent, code);
    const called = new Set(world.calls.map(({ route }) => route));
    assert.deepEqual([...called].sort(), [...calls].sort(), "whom it asks");
    assert.deepEqual(Object.keys(body), ["error"]);
    assert.ok(!text.includes("eyJ"), "no token comes with a refusal");
  });
}

const known = Object.values(faults).map(({ code, status }) => [code, status] as const);

Deno.test("the error table has a row for every code of the core, and no other", () => {
  const rows = new Set(REFUSALS.map(({ code }) => code));
  assert.deepEqual([...rows].sort(), known.map(([code]) => code).sort());
});

Deno.test("each code has the status of the table, in the core as in the tests", () => {
  const { ok, ...refusals } = STATUS;
  assert.equal(ok, 200);
  assert.deepEqual(Object.fromEntries(known), refusals);
});

Deno.test("the type of a code has every code of the core, and no other", async () => {
  const types = await Deno.readTextFile(new URL("../../../src/surface.d.ts", import.meta.url));
  const union = types.split("export type FaultCode =")[1].split(";")[0];
  const named = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  assert.deepEqual(named.sort(), known.map(([code]) => code).sort());
});

Deno.test("two codes never share a message, so that a message tells which it is", () => {
  const messages = Object.values(faults).map(({ message }) => message);
  assert.equal(new Set(messages).size, known.length);
});

/** The answer of the first row with this code. */
async function answerOf(code: string) {
  const row = REFUSALS.find((row) => row.code === code) as Refusal;
  return await expectCode(await refusing(row), row.sent ?? {}, code);
}

Deno.test("405 comes with Allow: POST, OPTIONS", async () => {
  assert.equal((await answerOf("method_not_allowed")).headers.get("Allow"), "POST, OPTIONS");
});

Deno.test("429 passes Behest's Retry-After on", async () => {
  assert.equal((await answerOf("rate_limited")).headers.get("Retry-After"), "7");
});

for (const [code, status] of known.filter(([, status]) => status === 503)) {
  Deno.test(`${status} ${code} says in Retry-After when to come back`, async () => {
    assert.match((await answerOf(code)).headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
  });
}

Deno.test("500 internal tells its details to the log alone", async () => {
  const row = REFUSALS.find(({ code }) => code === "internal") as Refusal;
  const world = await refusing(row);
  const { message } = await expectCode(world, {}, "internal");
  assert.ok(!message.includes("a bug"));
  assert.match(String(world.line.cause), /a bug/);
});

Deno.test("500 misconfigured names every variable at fault at once, with its reason and without its value", async () => {
  const row: Refusal = {
    code: "misconfigured",
    when: "much is wrong",
    settings: {
      BEHEST_KEY: undefined,
      BEHEST_BASE_URL: "zq-url",
      BEHEST_TTL: "zq-ttl",
      SUPABASE_URL: "",
      CORS_ORIGIN: "*",
    },
  };
  const { message } = await expectCode(await refusing(row), {}, "misconfigured");
  for (const name of Object.keys(row.settings ?? {})) {
    assert.match(message, new RegExp(`\\b${name}: \\S`), `${name} and why`);
  }
  assert.ok(!message.includes("zq-"));
});
