/** A 401 says that a new sign-in, or a refreshed session, can help. Nothing else is one. */
import assert from "node:assert/strict";
import { assertCode } from "../../support/expect.ts";
import {
  authError,
  GATEWAY_REFUSALS,
  type Named,
  NO_PLAN,
  olderRestError,
  REST_UNAUTHORIZED,
  WORDS,
} from "../../support/gateways.ts";
import { random, sessionToken, signerOf, START } from "../../support/keys.ts";
import { inProject } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import { json, raw, type Route } from "../../support/upstreams.ts";
import { type Settings, World } from "../../support/world.ts";

/** What is no outage of milliseconds, and no user's fault: none of these is tried again. */
const BEHEST_REFUSALS: readonly Named[] = [
  ...[400, 401, 403, 404, 422].map((status): Named => [
    `${status} of Behest`,
    json({ error: { code: "invalid_token", message: WORDS } }, status),
  ]),
  ["402 of Behest", json({ error: { code: "quota_exceeded", message: WORDS } }, 402)],
  ["429 of Behest", json({ error: { code: "rate_limited", message: WORDS } }, 429)],
  ["a token of no user", json({ jwt: "x.y.z", ttl: 900, session_id: "s" })],
  ["no token", json({})],
  ["no JSON", raw(WORDS)],
];

/** Faults of whoever runs the project, and of what it runs on, by the upstream that shows them. */
const FAULTS: Record<Exclude<Route, "jwks">, readonly Named[]> = {
  user: [
    ...GATEWAY_REFUSALS,
    ["429 of the Auth server", authError(429, "over_request_rate_limit")],
    ["no JSON from the Auth server", raw(WORDS)],
    ["no user from the Auth server", json([])],
    ["PostgREST in the Auth server's place", olderRestError(401, "PGRST301")],
  ],
  plan: [
    ...GATEWAY_REFUSALS,
    ...REST_UNAUTHORIZED,
    ...NO_PLAN,
    ["429 of PostgREST", json({ message: WORDS }, 429)],
    ["no JSON from PostgREST", raw(WORDS)],
    ["the Auth server in PostgREST's place", authError(403, "bad_jwt")],
  ],
  mint: [...GATEWAY_REFUSALS, ...BEHEST_REFUSALS],
};

/** What such a fault may be, beside a 5xx: no plan is no fault, and Behest counts what a user spent. */
const OTHERS: Record<keyof typeof FAULTS, number[]> = { user: [], plan: [200], mint: [402, 429] };

for (const [route, faults] of Object.entries(FAULTS) as [keyof typeof FAULTS, Named[]][]) {
  Deno.test(`no fault that ${route} can show is a 401, for no new sign-in would help`, async () => {
    await inProject({}, {}, async (project) => {
      const healthy = project.upstream.routes[route];
      for (const [what, answer] of faults) {
        project.upstream.routes[route] = answer;
        const { status, text } = await project.ask({});
        const fits = status >= 500 || OTHERS[route].includes(status);
        assert.ok(fits, `${what} → ${status} ${text.slice(0, 300)}`);
      }
      project.upstream.routes[route] = healthy;
      await project.expect({}, "ok", "and then all is well again");
    });
  });
}

Deno.test("no refusal of jwks.json is a 401 where no key was ever had, for the session may be good", async () => {
  const token = await sessionToken(await signerOf("ES256"), { exp: START + 1e6 });
  const world = await World.make({ SUPABASE_JWKS: undefined });
  for (const [what, answer] of [...GATEWAY_REFUSALS, ...REST_UNAUTHORIZED]) {
    world.routes.jwks = answer;
    world.clock.advance(31_000);
    const before = world.to("jwks").length;
    const { status, text } = await world.ask({ token });
    assert.ok(status >= 500, `${what} → ${status} ${text.slice(0, 300)}`);
    assert.ok(world.to("jwks").length > before, `${what}: it was asked for`);
  }
  world.routes.jwks = json({ keys: [(await signerOf("ES256")).jwk] });
  world.clock.advance(31_000);
  assertCode(await world.ask({ token }), "ok");
});

Deno.test("settings that are wrong or missing are no 401, with a good session, an ended one, or none", async () => {
  const wrong: Settings[] = [
    { BEHEST_KEY: undefined, BEHEST_BASE_URL: undefined },
    { SUPABASE_JWKS: "{", SUPABASE_PUBLISHABLE_KEYS: "{" },
    { JWT_SECRET: crypto.randomUUID(), BEHEST_TTL: "soon", CORS_ORIGIN: "*" },
    { SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: `sb_secret_${random(24)}` }) },
  ];
  const signer = await signerOf("ES256");
  for (const settings of wrong) {
    await inProject(settings, {}, async (project) => {
      for (const token of [undefined, await liveToken(signer, { exp: START - 2e8 })]) {
        await project.expect({ token }, "misconfigured", Object.keys(settings).join());
      }
      assert.deepEqual(project.upstream.calls, []);
    });
  }
});

Deno.test("what the user lacks is no 401: a client that is not listed, a uid, an anonymous user's right", async () => {
  const signer = await signerOf("ES256");
  const settings = { BEHEST_UID_CLAIM: "app_metadata.behest_id", BEHEST_ANONYMOUS: "deny" };
  const app_metadata = { behest_id: "u1" };
  await inProject(settings, {}, async (project) => {
    const client = await liveToken(signer, { client_id: "partner", app_metadata });
    await project.expect({ token: client }, "client_forbidden");
    await project.expect({ token: await liveToken(signer) }, "uid_missing");
    const anonymous = await liveToken(signer, { is_anonymous: true, app_metadata });
    await project.expect({ token: anonymous }, "anonymous_forbidden");
    await project.expect({ token: await liveToken(signer, { app_metadata }) }, "ok");
  });
});

Deno.test("and where a new sign-in helps, it is a 401: no token, a foreign, an expired, an ended one", async () => {
  const signer = await signerOf("ES256");
  await inProject({}, {}, async (project) => {
    await project.expect({ token: null }, "missing_token");
    await project.expect({ token: `${await liveToken(signer)}x` }, "invalid_token");
    await project.expect({ token: await liveToken(signer, { exp: START - 2e8 }) }, "expired_token");
    await project.expect({ token: await liveToken(signer, { role: "anon" }) }, "not_a_user");
    project.upstream.routes.user = authError(403, "session_not_found");
    await project.expect({}, "invalid_session");
  });
});
