/** Who said no to the session: the Auth server, or somebody before it. */
import assert from "node:assert/strict";
import {
  AUTH_REFUSALS,
  authError,
  GATEWAY_REFUSALS,
  page,
  restError,
} from "../../support/gateways.ts";
import { inProject } from "../../support/projects.ts";
import { inTurn, json } from "../../support/upstreams.ts";
import { expectCode } from "../../support/expect.ts";
import type { Behaviour } from "../../support/upstreams.ts";
import { World } from "../../support/world.ts";

Deno.test("a gateway's, a proxy's or a firewall's no to GET /user is supabase_rejected, never a 401, and goes without its words", async () => {
  await inProject({}, {}, async (project) => {
    for (const [what, answer] of GATEWAY_REFUSALS) {
      project.upstream.routes.user = answer;
      await project.expect({}, "supabase_rejected", what);
    }
    assert.equal(
      project.upstream.to("user").length,
      GATEWAY_REFUSALS.length,
      "none is tried again",
    );
    assert.equal(project.upstream.to("mint").length, 0);
    assert.equal(project.upstream.to("elsewhere").length, 0, "no redirect is followed");
  });
});

Deno.test("the Auth server's own no to GET /user is invalid_session, in every form it has had", async () => {
  await inProject({}, {}, async (project) => {
    for (const [what, answer] of AUTH_REFUSALS) {
      project.upstream.routes.user = answer;
      await project.expect({}, "invalid_session", what);
    }
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("the Auth server's word that no session token reached it, as where a proxy takes it away, mints nothing", async () => {
  const user = authError(401, "no_authorization");
  await inProject({}, { user }, async (project) => {
    // Its own 4xx, and yet nothing that a new sign-in would mend.
    await project.expect({}, "supabase_rejected");
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("the Auth server's own 429 is auth_unavailable, with its Retry-After", async () => {
  const user = authError(429, "over_request_rate_limit", { "Retry-After": "7" });
  await inProject({}, { user }, async (project) => {
    const { headers } = await project.expect({}, "auth_unavailable");
    assert.equal(headers.get("Retry-After"), "7");
    assert.equal(project.upstream.to("user").length, 1, "a 429 is not tried again");
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("PostgREST's words on the Auth server's path are not the Auth server's own", async () => {
  const user = restError(401, "PGRST303");
  await inProject({}, { user }, async (project) => {
    await project.expect({}, "supabase_rejected");
  });
});

Deno.test("an ended session is a 401 even where a gateway refuses the plan; where it refuses both, nobody has ended it", async () => {
  const user = inTurn(authError(403, "session_not_found"), page(403));
  await inProject({}, { user, plan: page(403) }, async (project) => {
    await project.expect({}, "invalid_session");
    await project.expect({}, "supabase_rejected");
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("BEHEST_PLAN_ON_ERROR=default says nothing about the user check: a refusal there stays one", async () => {
  const settings = { BEHEST_PLAN_ON_ERROR: "default" };
  const user = json({ message: "Legacy API keys are disabled" }, 401);
  await inProject(settings, { user }, async (project) => {
    await project.expect({}, "supabase_rejected");
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("the message of supabase_rejected says what to look at: the API key", async () => {
  const user = json({ message: "Invalid API key" }, 401);
  await inProject({}, { user }, async (project) => {
    const { message, headers } = await project.expect(
      { origin: "https://app.example.com" },
      "supabase_rejected",
    );
    assert.match(message, /key/i);
    const allowed = headers.get("Access-Control-Allow-Origin");
    assert.equal(allowed, "https://app.example.com", "a browser can read it");
  });
});

Deno.test("a refusal whose words break off or hang stays one, is told by its mark, and is not asked again", async () => {
  const mark = { "x-sb-error-code": "session_not_found" };
  const broken = (headers: Record<string, string>): Behaviour => () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new TypeError("reset")),
      }),
      { status: 403, headers },
    );
  const hanging: Behaviour = () =>
    new Response(new ReadableStream({ start: () => {} }), { status: 403, headers: mark });
  for (
    const [user, code] of [
      [broken(mark), "invalid_session"],
      [hanging, "invalid_session"],
      [broken({}), "supabase_rejected"],
    ] as const
  ) {
    const world = await World.make({}, { user });
    await expectCode(world, {}, code);
    assert.equal(world.to("user").length, 1);
    assert.equal(world.clock.tick(), 0, "nobody waited");
  }
});
