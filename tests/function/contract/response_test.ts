/** Contract, "Response 200" and the headers of every POST answer. */
import assert from "node:assert/strict";
import { localSettings } from "../../support/behest_keys.ts";
import { expectCode, STATUS } from "../../support/expect.ts";
import { payloadOf, START, SUB } from "../../support/keys.ts";
import { type Refusal, REFUSALS, refusing } from "../../support/refusals.ts";
import { json, slow } from "../../support/upstreams.ts";
import { type Answer, BASE_URL, ORIGIN, World } from "../../support/world.ts";

const MODES = { "API-key mode": {}, "local mode": await localSettings() };

type Rule = (answer: Answer, world: World) => void;
const FIELDS: Record<string, Rule> = {
  "token is a compact JWS of this user": ({ body }) => {
    assert.match(body.token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.equal(payloadOf(body.token).uid, SUB);
  },
  "sessionId is the token's own sid": ({ body }) => {
    assert.equal(body.sessionId, payloadOf(body.token).sid);
  },
  "ttl is in seconds": ({ body }) => assert.equal(body.ttl, 900),
  "expiresAt is in Unix seconds, the token's own exp": ({ body }) => {
    assert.equal(body.expiresAt, START + 900);
    assert.equal(body.expiresAt, payloadOf(body.token).exp);
  },
  "baseUrl is BEHEST_BASE_URL": ({ body }) => assert.equal(body.baseUrl, BASE_URL),
  "tier is the plan's": ({ body }) => assert.equal(body.tier, 2),
  "there is nothing else in it": ({ body }) => {
    const fields = ["token", "sessionId", "ttl", "expiresAt", "baseUrl", "tier"];
    assert.deepEqual(Object.keys(body), fields);
  },
};

for (const [mode, settings] of Object.entries(MODES)) {
  for (const [rule, check] of Object.entries(FIELDS)) {
    Deno.test(`a 200 in ${mode}: ${rule}`, async () => {
      const world = await World.make(settings);
      check(await expectCode(world, {}, "ok"), world);
    });
  }
}

/** One row a code, and the good answer. */
const ANSWERS: Refusal[] = [
  { code: "ok", when: "all is well" },
  ...REFUSALS.filter(({ code }, at) => REFUSALS.findIndex((row) => row.code === code) === at),
];

function corsOf({ headers }: Answer): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
}

for (const row of ANSWERS) {
  const { code, sent } = row;

  Deno.test(`a ${code} is JSON that nobody may store, and differs by Origin`, async () => {
    const { headers } = await expectCode(await refusing(row), { ...sent }, code);
    assert.equal(headers.get("Content-Type"), "application/json");
    assert.equal(headers.get("Cache-Control"), "no-store");
    assert.equal(headers.get("Vary"), "Origin");
    for (const step of (headers.get("Server-Timing") as string).split(", ").filter(Boolean)) {
      assert.match(step, /^(verify|user|plan|mint);dur=\d+\.\d$/);
    }
  });

  if (code === "origin_forbidden") continue;
  Deno.test(`a ${code} has the CORS headers of a success, so that a browser can read it`, async () => {
    const answer = await expectCode(await refusing(row), { ...sent, origin: ORIGIN }, code);
    assert.deepEqual(corsOf(answer), {
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "Retry-After, Server-Timing, X-Trace-Id",
    });
  });
}

Deno.test("every code has its answer looked at", () => {
  assert.deepEqual(ANSWERS.map(({ code }) => code).sort(), Object.keys(STATUS).sort());
});

const STEPS = ["verify", "user", "plan", "mint"] as const;
for (const step of STEPS) {
  Deno.test(`Server-Timing tells the milliseconds of ${step}, and of no step twice`, async () => {
    const world = await World.make();
    if (step !== "verify") world.routes[step] = slow(70, world.routes[step]);
    const { headers } = await expectCode(world, {}, "ok");
    const told = (headers.get("Server-Timing") ?? "").split(", ");
    assert.deepEqual(told.map((one) => one.split(";")[0]).sort(), [...STEPS].sort());
    assert.ok(told.includes(`${step};dur=${step === "verify" ? "0.0" : "70.0"}`), told.join());
  });
}

Deno.test("X-Trace-Id is there where Behest sent one, and nowhere else", async () => {
  const traced = await World.make();
  const { mint } = traced.routes;
  traced.routes.mint = async (call, scene) => {
    const answer = await mint(call, scene);
    answer.headers.set("X-Trace-Id", "trace-1");
    return answer;
  };
  assert.equal((await expectCode(traced, {}, "ok")).headers.get("X-Trace-Id"), "trace-1");
  const elsewhere = json([{ plan: "pro" }], 200, { "X-Trace-Id": "of-another" });
  const untraced = await World.make({}, { plan: elsewhere });
  assert.equal((await expectCode(untraced, {}, "ok")).headers.get("X-Trace-Id"), null);
});
