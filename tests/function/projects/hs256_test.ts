/** Projects that sign with a secret which the function was never told. */
import assert from "node:assert/strict";
import { knows, userOf } from "../../support/answers.ts";
import { authError, page } from "../../support/gateways.ts";
import {
  type Claims,
  encodePart,
  forge,
  type Header,
  hmacToken,
  makeSigner,
  sessionClaims,
  signerOf,
} from "../../support/keys.ts";
import { assertWarned, inProject } from "../../support/projects.ts";
import { liveToken } from "../../support/running.ts";
import { type Behaviour, json } from "../../support/upstreams.ts";
import type { Routes, Settings } from "../../support/world.ts";

/** The Auth server alone has it. */
const SECRET = await makeSigner("HS256");
/** Its set shows it, and it signs nothing yet. */
const STANDBY = await signerOf("ES256");
const SET = JSON.stringify({ keys: [STANDBY.jwk] });
const OTHER = "11111111-2222-4333-8444-555555555555";

/** A session as legacy projects sign it: mostly without a `kid`. */
function session(claims: Claims = {}, header: Header = { kid: undefined }): Promise<string> {
  return liveToken(SECRET, claims, header);
}

/** Where the standby key can be seen, and that there is none at all. */
const PLACES: [string, Settings, Routes][] = [
  ["inline", { SUPABASE_JWKS: SET }, {}],
  ["in the fetched set", { SUPABASE_JWKS: undefined }, { jwks: json({ keys: [STANDBY.jwk] }) }],
  ["nowhere", { SUPABASE_JWKS: undefined }, {}],
];

for (const [place, settings, routes] of PLACES) {
  Deno.test(`with a standby key ${place}, the Auth server is asked about an HS256 session alone and first`, async () => {
    await inProject(settings, routes, async (project) => {
      const { upstream } = project;
      let meanwhile = -1;
      upstream.routes.user = async (call, scene) => {
        // Whoever does not wait for the answer has come by then.
        await new Promise((resolve) => setTimeout(resolve, 100));
        meanwhile = upstream.calls.length;
        return await json(userOf(call))(call, scene);
      };
      for (const header of [{ kid: undefined }, { kid: "a-kid-of-the-secret" }]) {
        upstream.calls.length = 0;
        const calls = await project.calls({ token: await session({}, header) }, "ok");
        assert.deepEqual(calls, ["user", "plan", "mint"]);
        assert.equal(meanwhile, 1, "something else was asked before the Auth server's answer");
      }
    });
  });

  Deno.test(`with a standby key ${place}, the Auth server's no to an HS256 session ends it: no plan, no mint`, async () => {
    const refusals: [string, Behaviour, string][] = [
      ["ended", authError(403, "session_not_found"), "invalid_session"],
      ["foreign", authError(403, "bad_jwt"), "invalid_session"],
      ["somebody else's", knows({ id: OTHER }), "invalid_session"],
      ["refused by a gateway", page(403), "supabase_rejected"],
      ["busy", authError(429, "over_request_rate_limit"), "auth_unavailable"],
    ];
    await inProject(settings, routes, async (project) => {
      for (const [what, user, code] of refusals) {
        project.upstream.routes.user = user;
        assert.deepEqual(await project.calls({ token: await session() }, code, what), ["user"]);
      }
    });
  });
}

Deno.test("form and claims of an HS256 session are judged before the Auth server is asked", async () => {
  const rows: [Claims, Header, string][] = [
    [{ exp: 1_700_000_000 }, {}, "expired_token"],
    [{ exp: undefined }, {}, "invalid_token"],
    [{ nbf: 4_000_000_000 }, {}, "invalid_token"],
    [{ aud: "other" }, {}, "invalid_token"],
    [{ role: "anon" }, {}, "not_a_user"],
    [{ role: "service_role" }, {}, "not_a_user"],
    [{ sub: undefined }, {}, "not_a_user"],
    [{ sub: "admin" }, {}, "not_a_user"],
  ];
  await inProject({}, {}, async (project) => {
    for (const [claims, header, code] of rows) {
      const token = await session(claims, { kid: undefined, ...header });
      assert.deepEqual(await project.calls({ token }, code, JSON.stringify(claims)), []);
    }
    const claims = sessionClaims({ exp: Math.floor(Date.now() / 1000) + 3600 });
    const malformed = [
      await forge(SECRET, { alg: "none" }, claims),
      await forge(SECRET, { alg: "HS512" }, claims),
      await forge(SECRET, { alg: "HS256", crit: ["b64"], b64: true }, claims),
      `${encodePart({ alg: "HS256" })}.${encodePart(claims)}.`,
      `${encodePart({ alg: "HS256" })}.${encodePart(claims)}`,
    ];
    for (const token of malformed) {
      assert.deepEqual(await project.calls({ token }, "invalid_token", token), []);
    }
  });
});

Deno.test("a token signed with the public key as its secret comes no further than the Auth server's no", async () => {
  const claims = sessionClaims({ exp: Math.floor(Date.now() / 1000) + 3600 });
  const user = authError(403, "bad_jwt");
  await inProject({ SUPABASE_JWKS: SET }, { user }, async (project) => {
    for (const secret of [JSON.stringify(STANDBY.jwk), String(STANDBY.jwk.x), STANDBY.kid]) {
      for (const kid of [STANDBY.kid, undefined]) {
        const token = await hmacToken(secret, { alg: "HS256", kid, typ: "JWT" }, claims);
        assert.equal((await project.ask({ token })).status, 401);
      }
    }
    assert.equal(project.upstream.to("plan").length + project.upstream.to("mint").length, 0);
  });
});

Deno.test("where an HS256 key is at hand, a guess at it causes no call at all", async () => {
  const known = await signerOf("HS256");
  const keyed: Settings[] = [
    { JWT_SECRET: known.secret },
    { SUPABASE_JWKS: JSON.stringify({ keys: [STANDBY.jwk, known.jwk] }) },
  ];
  for (const settings of keyed) {
    await inProject(settings, {}, async (project) => {
      assert.deepEqual(await project.calls({ token: await session() }, "invalid_token"), []);
      await project.expect({ token: await liveToken(known) }, "ok");
    });
  }
});

Deno.test("with the user check off, an HS256 session is invalid where public keys are at hand, and a notice names JWT_SECRET", async () => {
  const log = await inProject(
    { BEHEST_USER_CHECK: "claims", SUPABASE_JWKS: SET },
    {},
    async (project) => {
      assert.deepEqual(await project.calls({ token: await session() }, "invalid_token"), []);
      await project.expect({}, "ok", "a session of the public key");
    },
  );
  assertWarned(log, "JWT_SECRET");
});

Deno.test("with the user check off, no notice asks for JWT_SECRET where an HS256 key is at hand, or the session is of another algorithm", async () => {
  const known = await signerOf("HS256");
  const keyed = { SUPABASE_JWKS: JSON.stringify({ keys: [STANDBY.jwk, known.jwk] }) };
  const rows: [Settings, string][] = [
    [keyed, await session()],
    [{ SUPABASE_JWKS: SET }, await liveToken(STANDBY, {}, { kid: "unknown" })],
  ];
  for (const [settings, token] of rows) {
    const given = { BEHEST_USER_CHECK: "claims", ...settings };
    const routes = { jwks: json({ keys: [STANDBY.jwk] }) };
    const log = await inProject(given, routes, (project) => {
      return project.expect({ token }, "invalid_token");
    });
    assert.ok(!log.notices.some((line) => line.includes("JWT_SECRET")), log.text);
  }
});

Deno.test("with the user check off, public keys that were fetched before are at hand, too", async () => {
  const settings = { BEHEST_USER_CHECK: "claims", SUPABASE_JWKS: undefined };
  await inProject(settings, { jwks: json({ keys: [STANDBY.jwk] }) }, async (project) => {
    await project.expect({}, "ok", "a session of the public key");
    assert.deepEqual(await project.calls({ token: await session() }, "invalid_token"), []);
  });
});

Deno.test("with the user check off and no key at all, an HS256 session is misconfigured, naming JWT_SECRET", async () => {
  const settings = { BEHEST_USER_CHECK: "claims", SUPABASE_JWKS: undefined };
  await inProject(settings, { jwks: json({ keys: [] }) }, async (project) => {
    const { message } = await project.expect({ token: await session() }, "misconfigured");
    assert.match(message, /JWT_SECRET/);
    assert.equal(project.upstream.to("plan").length + project.upstream.to("mint").length, 0);
  });
});

Deno.test("a key set that hangs keeps no HS256 session waiting, for nobody asks for it", async () => {
  const hung = Promise.withResolvers<void>();
  const jwks: Behaviour = async (call, scene) => {
    await hung.promise;
    return await json({ keys: [] })(call, scene);
  };
  await inProject({ SUPABASE_JWKS: undefined }, { jwks }, async (project) => {
    try {
      for (const header of [{ kid: undefined }, { kid: "another" }]) {
        await project.expect({ token: await session({}, header) }, "ok");
      }
      assert.equal(project.upstream.to("jwks").length, 0);
    } finally {
      hung.resolve();
    }
  });
});
