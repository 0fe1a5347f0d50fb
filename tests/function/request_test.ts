import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../support/expect.ts";
import { SUB } from "../support/keys.ts";
import { type Behaviour, failing, json, slow } from "../support/upstreams.ts";
import { World } from "../support/world.ts";

const KIB = 1024;
const bytes = (text: string) => new TextEncoder().encode(text);

/** An object of exactly this many bytes. */
function sized(length: number): string {
  return `{"filler":"${"x".repeat(length - 13)}"}`;
}

function streamed(text: string): ReadableStream<Uint8Array> {
  const whole = bytes(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(whole.slice(at, at += 1000));
      if (at >= whole.length) controller.close();
    },
  });
}

const BODIES: [string, BodyInit | undefined, string][] = [
  ["no body", undefined, "ok"],
  ["an empty body", "", "ok"],
  ["an empty object", "{}", "ok"],
  ["an object among white space", " {\n} ", "ok"],
  ["fields that nobody knows", '{"uid":"x","tier":9,"nested":{"a":[1]}}', "ok"],
  ["fields of null", '{"sessionId":null,"model":null}', "ok"],
  ["bytes of an object", bytes("{}"), "ok"],
  ["exactly 16 KiB", sized(16 * KIB), "ok"],
  ["one byte over 16 KiB", sized(16 * KIB + 1), "request_too_large"],
  ["exactly 16 KiB in pieces", streamed(sized(16 * KIB)), "ok"],
  ["one byte over 16 KiB in pieces", streamed(sized(16 * KIB + 1)), "request_too_large"],
  [
    "16 KiB in fewer characters than bytes",
    `{"filler":"${"é".repeat(8 * KIB)}"}`,
    "request_too_large",
  ],
  ["a megabyte of white space", " ".repeat(KIB * KIB), "request_too_large"],
  [
    "bytes that are no UTF-8",
    Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
    "invalid_request",
  ],
  [
    "an overlong form of UTF-8",
    Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d),
    "invalid_request",
  ],
  ["broken JSON", '{"model":', "invalid_request"],
  ["an object and text behind it", "{}x", "invalid_request"],
  ["two objects", "{}{}", "invalid_request"],
  ["a comment", "{/**/}", "invalid_request"],
  ["an array", "[]", "invalid_request"],
  ["an array of fields", '["s-1","gpt-4o"]', "invalid_request"],
  ["null", "null", "invalid_request"],
  ["a number", "1", "invalid_request"],
  ["text", '"{}"', "invalid_request"],
  ["true", "true", "invalid_request"],
  ["a form", "sessionId=s-1", "invalid_request"],
  ["brackets without end", "[".repeat(16 * KIB), "invalid_request"],
  ["nesting without end", `{"a":${"[".repeat(8000)}${"]".repeat(8000)}}`, "invalid_request"],
];

for (const [what, body, code] of BODIES) {
  Deno.test(`a body of ${what}: ${code}`, async () => {
    const world = await World.make();
    await (code === "ok" ? expectCode : expectUncalled)(world, { body }, code);
  });
}

const ALL = "ABCXYZabcxyz0189._:-";
const FIELDS: [string, string, unknown, string][] = [
  ["one character", "sessionId", "a", "ok"],
  ["128 characters", "sessionId", "a".repeat(128), "ok"],
  ["every kind of character that is allowed", "sessionId", ALL, "ok"],
  ["no character", "sessionId", "", "invalid_request"],
  ["129 characters", "sessionId", "a".repeat(129), "invalid_request"],
  ...["a b", "a/b", "a\n", "é", "a%20", "a;b", "a\0", "<a>", "a\u200b", "a,b", "a@b", "a+b", "a=b"]
    .map((
      id,
    ): [string, string, unknown, string] => [
      JSON.stringify(id),
      "sessionId",
      id,
      "invalid_request",
    ]),
  ["a number", "sessionId", 7, "invalid_request"],
  ["true", "sessionId", true, "invalid_request"],
  ["a list", "sessionId", ["a"], "invalid_request"],
  ["an object", "sessionId", {}, "invalid_request"],
  ["one character", "model", "m", "ok"],
  ["128 characters", "model", "m".repeat(128), "ok"],
  ["128 characters of two bytes", "model", "é".repeat(128), "ok"],
  ["a slash and a space", "model", "acme/model 7", "ok"],
  ["no character", "model", "", "invalid_request"],
  ["129 characters", "model", "m".repeat(129), "invalid_request"],
  ["a number", "model", 4, "invalid_request"],
  ["a list", "model", ["m"], "invalid_request"],
];

for (const [what, field, value, code] of FIELDS) {
  Deno.test(`a ${field} of ${what}: ${code}`, async () => {
    const world = await World.make();
    const body = JSON.stringify({ [field]: value });
    const answer = await (code === "ok" ? expectCode : expectUncalled)(world, { body }, code);
    if (code === "ok" && field === "sessionId") assert.equal(answer.body.sessionId, value);
  });
}

for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE"]) {
  Deno.test(`${method} is not allowed, and the answer says what is`, async () => {
    const world = await World.make();
    const answer = await expectUncalled(world, { method }, "method_not_allowed");
    assert.equal(answer.headers.get("Allow"), "POST, OPTIONS");
  });
}

Deno.test("every path is served alike, and so is every content type", async () => {
  const world = await World.make();
  for (const path of ["/", "/behest-token", "/functions/v1/behest-token/", "/any/where?x=1"]) {
    await expectCode(world, { path }, "ok", path);
  }
  for (const type of ["text/plain", "application/json; charset=utf-8", "nonsense"]) {
    await expectCode(world, { body: "{}", headers: { "Content-Type": type } }, "ok", type);
  }
});

function stepsOf(headers: Headers): Record<string, number> {
  const steps = (headers.get("Server-Timing") ?? "").split(/,\s*/).filter(Boolean);
  return Object.fromEntries(steps.map((step) => {
    const [, name = step, ms] = /^(\w+);dur=(\d+(?:\.\d+)?)$/.exec(step) ?? [];
    return [name, Number(ms)];
  }));
}

Deno.test("Server-Timing tells how long each step took, and so does the log", async () => {
  const user: Behaviour = (call, scene) => slow(250, json({ id: "x" }))(call, scene);
  const world = await World.make({}, { user });
  const ended = await expectCode(world, {}, "invalid_session");
  assert.equal(stepsOf(ended.headers).user, 250);
  assert.equal(stepsOf(ended.headers).mint, undefined, "what did not run is not told");
  assert.equal((world.line.ms as Record<string, number>).user, 250);
  const slowMint = await World.make({}, { mint: slow(40, failing(402)), plan: slow(30, json([])) });
  const { verify, ...rest } = stepsOf((await expectCode(slowMint, {}, "quota_exceeded")).headers);
  assert.ok(verify !== undefined);
  assert.deepEqual(rest, { user: 0, plan: 30, mint: 40 });
});

Deno.test("Server-Timing has no step where the request could not be read", async () => {
  const world = await World.make();
  for (const sent of [{ body: "{" }, { body: "{", token: null }, { token: null }, { token: "x" }]) {
    const { headers } = await world.ask(sent);
    assert.equal(headers.get("Server-Timing"), "", JSON.stringify(sent));
    assert.deepEqual(world.line.ms, {});
  }
});

Deno.test("Server-Timing leaves out a step that the settings turned off", async () => {
  const off = { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" };
  const { headers } = await expectCode(await World.make(off), {}, "ok");
  assert.deepEqual(Object.keys(stepsOf(headers)), ["verify", "mint"]);
});

Deno.test("the log line of a good request tells what was done, and nothing beside", async () => {
  const world = await World.make();
  await expectCode(world, {}, "ok");
  const { ms, traceId, ...line } = world.line;
  assert.deepEqual(line, {
    code: "ok",
    status: 200,
    uid: SUB,
    tier: 2,
    mode: "api_key",
    alg: "ES256",
  });
  assert.deepEqual(Object.keys(ms as object).sort(), ["mint", "plan", "user", "verify"]);
  assert.equal(traceId, undefined);
});
