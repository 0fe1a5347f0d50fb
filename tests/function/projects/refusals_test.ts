/** Who said no to the session: the Auth server, or somebody before it. */
import assert from "node:assert/strict";
import {
  AUTH_REFUSALS,
  authError,
  GATEWAY_REFUSALS,
  type Named,
  page,
  restError,
  WORDS,
} from "../../support/gateways.ts";
import { inProject } from "../../support/projects.ts";
import { expectCode } from "../../support/expect.ts";
import { type Behaviour, inTurn, json, raw } from "../../support/upstreams.ts";
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
  const code = "no_authorization";
  const rows: Named[] = [
    ["as it is today", authError(401, code)],
    ["the header alone", json({}, 401, { "x-sb-error-code": code })],
    ["the body alone", json({ code: 401, error_code: code, msg: WORDS }, 401)],
    ["the body of the newer API version", json({ code, message: WORDS }, 401)],
  ];
  await inProject({}, {}, async (project) => {
    for (const [what, user] of rows) {
      project.upstream.routes.user = user;
      // Its own 4xx, and yet nothing that a new sign-in would mend.
      await project.expect({}, "supabase_rejected", what);
    }
    assert.equal(project.upstream.to("mint").length, 0);
  });
});

Deno.test("what merely looks like the Auth server is not: a mark by half, and any redirect", async () => {
  const marks = { "x-sb-error-code": "session_not_found", "Location": "/collect" };
  const rows: Named[] = [
    ["a code that is not the status", json({ code: 403, msg: WORDS }, 401)],
    ["a code and no msg", json({ code: 401 }, 401)],
    ["a code and a msg that is no text", json({ code: 401, msg: null }, 401)],
    ["a name and no message", json({ code: "session_not_found" }, 401)],
    ["a name and a message that is no text", json({ code: "bad_jwt", message: {} }, 401)],
    ["a name that it has not", json({ code: "session_lost", message: WORDS }, 401)],
    ["a redirect with its header", raw(null, 302, marks)],
  ];
  await inProject({}, {}, async (project) => {
    for (const [what, user] of rows) {
      project.upstream.routes.user = user;
      await project.expect({}, "supabase_rejected", what);
    }
    const { upstream } = project;
    assert.equal(upstream.to("user").length, rows.length, "none is tried again");
    assert.equal(upstream.to("mint").length + upstream.to("elsewhere").length, 0);
  });
});

/** The Auth server's own words, so many bytes of them. */
function wordy(bytes: number): string {
  const msg = "m".repeat(bytes - JSON.stringify({ code: 401, msg: "" }).length);
  return JSON.stringify({ code: 401, msg });
}

Deno.test("a refusal is read up to 4 KiB: who says more, or breaks off, is not known, and is not asked again", async () => {
  const broken = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(wordy(200).slice(0, 100)));
          setTimeout(() => controller.error(new Error("reset")), 50);
        },
      }),
      { status: 401 },
    );
  const rows: [string, Behaviour, string][] = [
    ["4 KiB", raw(wordy(4096), 401), "invalid_session"],
    ["a byte more", raw(wordy(4097), 401), "supabase_rejected"],
    ["broken off", broken, "supabase_rejected"],
  ];
  await inProject({}, {}, async (project) => {
    for (const [what, user, code] of rows) {
      project.upstream.routes.user = user;
      await project.expect({}, code, what);
    }
    assert.equal(project.upstream.to("user").length, rows.length);
  });
});

Deno.test("a gateway's no to jwks.json is supabase_rejected where no key was ever had", async () => {
  await inProject({ SUPABASE_JWKS: undefined }, { jwks: page(403) }, async (project) => {
    assert.deepEqual(await project.calls({}, "supabase_rejected"), ["jwks"]);
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
