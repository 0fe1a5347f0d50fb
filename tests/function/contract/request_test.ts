/** Contract, "Request": each part of it, and both edges of what is allowed. */
import assert from "node:assert/strict";
import { localSettings } from "../../support/behest_keys.ts";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { payloadOf, START, SUB } from "../../support/keys.ts";
import { goodToken, ORIGIN, type Sent, World } from "../../support/world.ts";

const TOKEN = await goodToken();
const bearer = (scheme: string): Sent => ({
  token: null,
  headers: { Authorization: `${scheme} ${TOKEN}` },
});

const ROWS: [string, Sent, string][] = [
  ["a POST is served", {}, "ok"],
  ["any path is served alike", { path: "/" }, "ok"],
  ["Authorization is required", { token: null }, "missing_token"],
  ["the scheme is Bearer", bearer("Bearer"), "ok"],
  ["the scheme is case-insensitive", bearer("bEARER"), "ok"],
  ["another scheme is no bearer token", bearer("Token"), "missing_token"],
  ["an allowed Origin is served", { origin: ORIGIN }, "ok"],
  ["the Origin is checked against CORS_ORIGIN", { origin: `${ORIGIN}.evil` }, "origin_forbidden"],
  ["the body may be empty", { body: "" }, "ok"],
  ["the body may be a JSON object", { body: "{}" }, "ok"],
  ["the body is nothing but an object", { body: '"text"' }, "invalid_request"],
  ["the body has at most 16 KiB", { body: "{}".padEnd(16_384) }, "ok"],
  ["a body of 16 KiB and a byte is too large", { body: "{}".padEnd(16_385) }, "request_too_large"],
  ["null counts as absent", { body: '{"sessionId":null,"model":null}' }, "ok"],
];

for (const [rule, sent, code] of ROWS) {
  Deno.test(`${rule}: ${code}`, async () => {
    await (code === "ok" ? expectCode : expectUncalled)(await World.make(), sent, code);
  });
}

const ALLOWED = /^[A-Za-z0-9._:-]$/;
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

Deno.test("a sessionId takes A-Z a-z 0-9 . _ : - and not one other character of ASCII", async () => {
  const world = await World.make();
  assert.equal(ASCII.filter((letter) => ALLOWED.test(letter)).length, 66);
  for (const letter of ASCII) {
    const body = JSON.stringify({ sessionId: `a${letter}b` });
    const allowed = ALLOWED.test(letter);
    await (allowed ? expectCode : expectUncalled)(
      world,
      { body },
      allowed ? "ok" : "invalid_request",
      JSON.stringify(letter),
    );
  }
});

const LENGTHS: [string, number, string][] = [0, 1, 128, 129].flatMap((length) =>
  ["sessionId", "model"].map((field): [string, number, string] => [
    field,
    length,
    length >= 1 && length <= 128 ? "ok" : "invalid_request",
  ])
);
for (const [field, length, code] of LENGTHS) {
  Deno.test(`a ${field} of ${length} characters: ${code}`, async () => {
    const body = JSON.stringify({ [field]: "x".repeat(length) });
    await (code === "ok" ? expectCode : expectUncalled)(await World.make(), { body }, code);
  });
}

const MODES = { "API-key mode": {}, "local mode": await localSettings() };
for (const [mode, settings] of Object.entries(MODES)) {
  Deno.test(`in ${mode} sessionId keeps this Behest session over a re-mint`, async () => {
    const world = await World.make(settings);
    for (const _ of [1, 2]) {
      const { body } = await expectCode(world, { body: '{"sessionId":"chat:1"}' }, "ok");
      assert.deepEqual([body.sessionId, payloadOf(body.token).sid], ["chat:1", "chat:1"]);
    }
  });

  const foreign = {
    uid: "eve",
    user_id: "eve",
    sub: "eve",
    tier: 9,
    role: "admin",
    ttl: 86_400,
    exp: 9e9,
    plan: "max",
    session_id: "other",
  };
  for (const [field, value] of Object.entries(foreign)) {
    Deno.test(`in ${mode} the field ${field} is ignored: it never comes from the caller`, async () => {
      const world = await World.make(settings);
      const { body } = await expectCode(world, { body: JSON.stringify({ [field]: value }) }, "ok");
      const { uid, role, exp, sid } = payloadOf(body.token);
      assert.deepEqual([uid, role, exp], [SUB, "user", START + 900]);
      assert.deepEqual([body.ttl, body.tier], [900, 2]);
      assert.notEqual(sid, value);
      const [call] = world.to("mint");
      if (!call) return;
      const { session_id: _, ...asked } = JSON.parse(call.body ?? "");
      assert.deepEqual(asked, { user_id: SUB, role: "user", ttl: 900, tier: 2 });
    });
  }
}
