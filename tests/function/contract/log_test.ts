/** Contract, "Log": one JSON line a request on standard output, and what stands in it. */
import assert from "node:assert/strict";
import { localSettings } from "../../support/behest_keys.ts";
import { expectCode, STATUS } from "../../support/expect.ts";
import { sessionToken, signerOf, SUB } from "../../support/keys.ts";
import { REFUSALS, refusing } from "../../support/refusals.ts";
import { liveToken, startRunning, Upstream } from "../../support/running.ts";
import { authRefusal, slow } from "../../support/upstreams.ts";
import { type Settings, World } from "../../support/world.ts";

const FIELDS = ["code", "status", "uid", "tier", "mode", "alg", "ms", "traceId"];
/** What a refusal adds: why, which no caller is told. */
const MORE = ["detail", "cause"];

for (const row of REFUSALS) {
  const { code, when, sent = {} } = row;
  Deno.test(`${code} (${when}) leaves one line, with its code and status and no unknown field`, async () => {
    const world = await refusing(row);
    await expectCode(world, sent, code);
    const lines = world.lines.filter((line) => !("notice" in line));
    assert.deepEqual(lines.map(({ code, status }) => [code, status]), [[code, STATUS[code]]]);
    const names = Object.keys(JSON.parse(JSON.stringify(lines[0])));
    assert.deepEqual(names.filter((name) => ![...FIELDS, ...MORE].includes(name)), []);
  });
}

/** The line of one good request. */
async function lineOf(settings: Settings = {}, token?: string, headers: HeadersInit = {}) {
  const world = await World.make(settings);
  const { mint, user } = world.routes;
  world.routes.user = slow(40, user);
  world.routes.mint = async (call, scene) => {
    const answer = await mint(call, scene);
    for (const [name, value] of new Headers(headers)) answer.headers.set(name, value);
    return answer;
  };
  await expectCode(world, { token }, "ok");
  return world.line;
}

Deno.test("detail says why a token was refused, and which settings are at fault", async () => {
  const world = await World.make();
  const { message } = await expectCode(world, { token: "a.b" }, "invalid_token");
  assert.equal(world.line.detail, "not three parts");
  assert.notEqual(world.line.detail, message);
  const broken = await World.make({ BEHEST_KEY: undefined });
  assert.equal((await expectCode(broken, {}, "misconfigured")).message, broken.line.detail);
  assert.match(String(broken.line.detail), /BEHEST_KEY/);
});

Deno.test("code is ok and status 200 for a token", async () => {
  const { code, status } = await lineOf();
  assert.deepEqual([code, status], ["ok", 200]);
});

Deno.test("uid is the Behest uid", async () => {
  assert.equal((await lineOf()).uid, SUB);
  const signer = await signerOf("ES256");
  const token = await sessionToken(signer, { app_metadata: { uid: "customer-7" } });
  const line = await lineOf({ BEHEST_UID_CLAIM: "app_metadata.uid" }, token);
  assert.equal(line.uid, "customer-7");
});

Deno.test("tier is the tier that was minted", async () => {
  assert.equal((await lineOf({ BEHEST_PLAN_TIERS: '{"pro":7}' })).tier, 7);
});

Deno.test("mode is api_key or local", async () => {
  assert.equal((await lineOf()).mode, "api_key");
  assert.equal((await lineOf(await localSettings())).mode, "local");
});

Deno.test("alg is the session token's", async () => {
  const signer = await signerOf("RS256");
  const settings = { SUPABASE_JWKS: JSON.stringify([signer.jwk]) };
  assert.equal((await lineOf(settings, await sessionToken(signer))).alg, "RS256");
});

Deno.test("ms has each step's, and of a step that did not run nothing", async () => {
  assert.deepEqual((await lineOf()).ms, { verify: 0, plan: 0, user: 40, mint: 0 });
  const off = { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" };
  assert.deepEqual((await lineOf(off)).ms, { verify: 0, mint: 0 });
});

Deno.test("traceId is Behest's X-Trace-Id", async () => {
  assert.equal((await lineOf({}, undefined, { "X-Trace-Id": "trace-1" })).traceId, "trace-1");
  assert.equal((await lineOf()).traceId, undefined);
});

Deno.test("the running function prints one JSON line a request, and nothing else", async () => {
  const upstream = new Upstream();
  const running = await startRunning(upstream.url);
  try {
    const ask = async (token: string) => {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await fetch(running.url, { method: "POST", headers });
      await response.body?.cancel();
    };
    await ask(await liveToken(await signerOf("ES256")));
    await ask("a.b.c");
    upstream.routes.user = authRefusal();
    await ask(await liveToken(await signerOf("ES256")));
  } finally {
    await running.stop();
    await upstream.stop();
  }
  assert.deepEqual(running.log.map((line) => JSON.parse(line).code), [
    "ok",
    "invalid_token",
    "invalid_session",
  ]);
});
