/** Who said no to the plan: PostgREST, or somebody before it. */
import assert from "node:assert/strict";
import {
  GATEWAY_REFUSALS,
  NO_PLAN,
  olderRestError,
  page,
  REST_UNAUTHORIZED,
  restError,
  restHeader,
} from "../../support/gateways.ts";
import { inProject, type Project } from "../../support/projects.ts";
import { json } from "../../support/upstreams.ts";

/** Unlike any that a plan has. */
const DEFAULT = { BEHEST_TIER: "9" };
const COVERED = { ...DEFAULT, BEHEST_PLAN_ON_ERROR: "default" };

async function expectDefaultTier(project: Project, what: string): Promise<void> {
  const { body } = await project.expect({}, "ok", what);
  assert.equal(body.tier, 9, what);
}

Deno.test("a gateway's, a proxy's or a firewall's no to the plan is supabase_rejected, and nothing is minted", async () => {
  await inProject(DEFAULT, {}, async (project) => {
    for (const [what, answer] of GATEWAY_REFUSALS) {
      project.upstream.routes.plan = answer;
      await project.expect({}, "supabase_rejected", what);
    }
    const { upstream } = project;
    assert.equal(upstream.to("plan").length, GATEWAY_REFUSALS.length, "none is tried again");
    assert.equal(upstream.to("mint").length, 0);
    assert.equal(upstream.to("elsewhere").length, 0, "no redirect is followed");
  });
});

Deno.test("with the user check off, a proxy's 404 page is no missing plan either", async () => {
  await inProject({ ...DEFAULT, BEHEST_USER_CHECK: "claims" }, {}, async (project) => {
    for (const status of [401, 403, 404]) {
      project.upstream.routes.plan = page(status);
      await project.expect({}, "supabase_rejected", `a page of ${status}`);
    }
  });
});

Deno.test("BEHEST_PLAN_ON_ERROR=default covers every no to the plan, a gateway's and PostgREST's", async () => {
  await inProject(COVERED, {}, async (project) => {
    for (const [what, answer] of [...GATEWAY_REFUSALS, ...REST_UNAUTHORIZED]) {
      project.upstream.routes.plan = answer;
      await expectDefaultTier(project, what);
    }
  });
});

Deno.test("PostgREST's own 400, 403 and 404 say that there is no plan: the default tier", async () => {
  await inProject(DEFAULT, {}, async (project) => {
    for (const [what, answer] of NO_PLAN) {
      project.upstream.routes.plan = answer;
      await expectDefaultTier(project, what);
    }
    project.upstream.routes.plan = json([{ plan: "pro" }]);
    assert.equal((await project.expect({}, "ok")).body.tier, 2, "and a plan counts again");
  });
});

Deno.test("PostgREST's own 401 to a session that was vouched for is plan_unavailable, not the user's to mend", async () => {
  for (const settings of [{}, { BEHEST_USER_CHECK: "claims" }]) {
    await inProject({ ...DEFAULT, ...settings }, {}, async (project) => {
      for (const [what, answer] of REST_UNAUTHORIZED) {
        project.upstream.routes.plan = answer;
        const { headers } = await project.expect({}, "plan_unavailable", what);
        assert.match(headers.get("Retry-After") ?? "", /^[1-9]\d*$/, what);
      }
      const { upstream } = project;
      assert.equal(upstream.to("plan").length, REST_UNAUTHORIZED.length, "none is tried again");
      assert.equal(upstream.to("mint").length, 0);
    });
  }
});

Deno.test("what merely looks like PostgREST is not: a code of another form, a mark by half, another's header, any redirect", async () => {
  const said = { details: null, hint: null, message: "Not Found" };
  const rows = [
    json({ code: 404, details: null, hint: null, message: "Not Found" }, 404),
    json({ code: "not_found", message: "Not Found" }, 404),
    json({ code: "NOT_FOUND", message: "Requested function was not found" }, 404),
    ...["not_found", "NOT_FOUND", "42p01", "4 P01", "42P011", "PGRST-1", "pgrst205", ""]
      .map((code) => json({ code, ...said }, 404)),
    json({ ...said, code: 404 }, 404),
    json({ ...said, code: "PGRST205", message: null }, 404),
    json({ code: "PGRST205", message: "Not Found", hint: null }, 404),
    json({ code: "PGRST205", message: "Not Found", details: null }, 404),
    restHeader(404, "edge; error=PGRST205"),
    restHeader(404, "NotPostgREST; error=PGRST205"),
    restHeader(404, 'edge; details="PostgREST"'),
    restHeader(302, "PostgREST; error=PGRST205"),
  ];
  await inProject(DEFAULT, {}, async (project) => {
    for (const [index, answer] of rows.entries()) {
      project.upstream.routes.plan = answer;
      await project.expect({}, "supabase_rejected", `row ${index}`);
    }
  });
});

Deno.test("an outage of PostgREST stays one, whoever says it", async () => {
  const rows = [restError(503, "PGRST000"), olderRestError(504, "PGRST003"), page(540)];
  await inProject(DEFAULT, {}, async (project) => {
    for (const [index, answer] of rows.entries()) {
      project.upstream.routes.plan = answer;
      await project.expect({}, "plan_unavailable", `row ${index}`);
    }
    assert.equal(project.upstream.to("mint").length, 0);
  });
});
