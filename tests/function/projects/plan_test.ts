/** From what a plan column or a claim holds to a tier. */
import assert from "node:assert/strict";
import { knows, userOf } from "../../support/answers.ts";
import { makeSigner, signerOf } from "../../support/keys.ts";
import { inProject, type Project } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import { json } from "../../support/upstreams.ts";
import type { Settings } from "../../support/world.ts";

/** A tier that nothing else gives: what a plan without a meaning gets. */
const DEFAULT = 9;

/** Holds the answer and the mint call to a tier. */
async function expectTier(project: Project, tier: number, what: string, token?: string) {
  const { body } = await project.expect({ token }, "ok", what);
  assert.equal(body.tier, tier, what);
  const minted = project.upstream.to("mint").at(-1);
  assert.equal(JSON.parse(minted?.body ?? "{}").tier, tier, what);
}

async function expectColumn(settings: Settings, rows: [plan: unknown, tier: number][]) {
  await inProject({ BEHEST_TIER: String(DEFAULT), ...settings }, {}, async (project) => {
    for (const [plan, tier] of rows) {
      project.upstream.routes.plan = json([{ plan }]);
      await expectTier(project, tier, JSON.stringify(plan));
    }
  });
}

Deno.test("a boolean plan column is named by true and false", async () => {
  await expectColumn({ BEHEST_PLAN_TIERS: '{"true":2,"false":1}' }, [
    [true, 2],
    [false, 1],
    ["true", 2],
    ["TRUE", 2],
    ["yes", DEFAULT],
    [null, DEFAULT],
  ]);
});

Deno.test("a boolean plan that no name stands for has no tier of its own", async () => {
  await expectColumn({}, [[true, DEFAULT], [false, DEFAULT], ["true", DEFAULT]]);
});

Deno.test("a name that is a number comes before the number itself", async () => {
  await expectColumn({ BEHEST_PLAN_TIERS: '{"1":3,"2":2,"3":1}' }, [
    [3, 1],
    ["3", 1],
    [1, 3],
    ["1", 3],
    [2, 2],
    [4, 4],
    ["03", DEFAULT],
    ["+3", DEFAULT],
  ]);
});

Deno.test("a whole number, or plain decimal digits without leading zeros, is a tier as it stands, and nothing that resembles one", async () => {
  await expectColumn({}, [
    [7, 7],
    ["7", 7],
    [0, 0],
    ["0", 0],
    ["00", DEFAULT],
    ["+7", DEFAULT],
    ["-7", DEFAULT],
    ["-1", DEFAULT],
    ["0005", DEFAULT],
    ["07", DEFAULT],
    ["7 ", DEFAULT],
    [" 7", DEFAULT],
    ["7\n", DEFAULT],
    ["1e3", DEFAULT],
    ["0x7", DEFAULT],
    ["7.0", DEFAULT],
    ["7.5", DEFAULT],
    [7.5, DEFAULT],
    ["٧", DEFAULT],
    ["７", DEFAULT],
    ["", DEFAULT],
  ]);
});

const CLAIM = { BEHEST_PLAN_CLAIM: "app_metadata.plan", BEHEST_TIER: String(DEFAULT) };
const SIGNER = await signerOf("ES256");
/** What the Auth server's table has, where a hook adds the plan to the token alone. */
const TABLE = { provider: "email" };

Deno.test("a plan that stands in the verified token alone, as a hook writes it, counts where the Auth server's answer has none", async () => {
  await inProject(CLAIM, { user: knows({ app_metadata: TABLE }) }, async (project) => {
    const hooked = await liveToken(SIGNER, { app_metadata: { ...TABLE, plan: "max" } });
    await expectTier(project, 3, "in the token alone", hooked);
    await expectTier(project, DEFAULT, "in neither", await liveToken(SIGNER));
    project.upstream.routes.user = knows({ app_metadata: undefined });
    await expectTier(project, 3, "the answer has no app_metadata", hooked);
    assert.equal(project.upstream.to("plan").length, 0);
  });
});

Deno.test("where both have a plan the Auth server's wins: an upgrade, and its end, are seen at once", async () => {
  await inProject(CLAIM, {}, async (project) => {
    for (const [now, then, tier] of [["max", "free", 3], ["free", "max", 1]] as const) {
      project.upstream.routes.user = knows({ app_metadata: { ...TABLE, plan: now } });
      const token = await liveToken(SIGNER, { app_metadata: { ...TABLE, plan: then } });
      await expectTier(project, tier, `${then} became ${now}`, token);
    }
    project.upstream.routes.user = knows({ app_metadata: { plan: "no-such-plan" } });
    const token = await liveToken(SIGNER, { app_metadata: { plan: "max" } });
    await expectTier(project, DEFAULT, "an unknown name of the Auth server's", token);
  });
});

Deno.test("what users write themselves is no plan, in the token or in the Auth server's answer", async () => {
  await inProject(CLAIM, {}, async (project) => {
    const own = { plan: "max", app_metadata: { plan: "max" }, "app_metadata.plan": "max" };
    project.upstream.routes.user = (call, scene) =>
      json(userOf(call, { app_metadata: TABLE, user_metadata: own, plan: "max" }))(call, scene);
    const claims = { app_metadata: TABLE, user_metadata: own, "app_metadata.plan": "max" };
    await expectTier(project, DEFAULT, "user_metadata", await liveToken(SIGNER, claims));
  });
});

Deno.test("the token's plan counts with an HS256 session that the Auth server alone has vouched for", async () => {
  const secret = await makeSigner("HS256");
  await inProject(CLAIM, { user: knows({ app_metadata: TABLE }) }, async (project) => {
    const claims = { app_metadata: { ...TABLE, plan: "max" } };
    const token = await liveToken(secret, claims, { kid: undefined });
    await expectTier(project, 3, "in the token alone", token);
    project.upstream.routes.user = knows({ app_metadata: { ...TABLE, plan: "free" } });
    await expectTier(project, 1, "in both", token);
  });
});

Deno.test("with the user check off the verified token's plan counts, and there is no call for it", async () => {
  await inProject({ ...CLAIM, BEHEST_USER_CHECK: "claims" }, {}, async (project) => {
    const token = await liveToken(SIGNER, { app_metadata: { plan: "max" } });
    assert.deepEqual(await project.calls({ token }, "ok"), ["mint"]);
    await expectTier(project, 3, "claims", token);
  });
});
