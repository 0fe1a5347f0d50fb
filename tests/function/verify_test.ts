import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../support/expect.ts";
import {
  ALGORITHMS,
  type Claims,
  random,
  sessionClaims,
  sessionToken,
  signerOf,
  START,
} from "../support/keys.ts";
import { json } from "../support/upstreams.ts";
import { PUBLISHABLE_KEY, type Settings, World } from "../support/world.ts";

Deno.test("a set of every algorithm verifies each token with its own key", async () => {
  const signers = await Promise.all(ALGORITHMS.map(signerOf));
  const world = await World.make({
    SUPABASE_JWKS: JSON.stringify({ keys: signers.map((s) => s.jwk) }),
  });
  for (const signer of signers) {
    await expectCode(world, { token: await sessionToken(signer) }, "ok", signer.alg);
  }
});

Deno.test("JWT_SECRET and a public key set verify side by side", async () => {
  const [es256, hs256] = await Promise.all([signerOf("ES256"), signerOf("HS256")]);
  const world = await World.make({ JWT_SECRET: hs256.secret });
  await expectCode(world, { token: await sessionToken(es256) }, "ok", "ES256");
  await expectCode(
    world,
    { token: await sessionToken(hs256, {}, { kid: undefined }) },
    "ok",
    "HS256",
  );
});

Deno.test("an oct key that was fetched verifies nothing", async () => {
  const [es256, hs256] = await Promise.all([signerOf("ES256"), signerOf("HS256")]);
  const jwks = json({ keys: [es256.jwk, hs256.jwk] });
  const forged = await sessionToken(hs256);
  for (const check of ["server", "claims"]) {
    const settings = { SUPABASE_JWKS: undefined, BEHEST_USER_CHECK: check };
    const world = await World.make({ ...settings, JWT_SECRET: random(32) }, { jwks });
    await expectCode(world, {}, "ok", "now the set is at hand");
    assert.equal(world.to("jwks").length, 1);
    await expectUncalled(world, { token: forged }, "invalid_token", check);
  }
  const alone = { SUPABASE_JWKS: undefined, BEHEST_USER_CHECK: "claims" };
  const world = await World.make(alone, { jwks: json({ keys: [hs256.jwk] }) });
  await expectCode(world, { token: forged }, "misconfigured", "no secret, and nobody else to ask");
});

type Row = [title: string, claims: Claims, code: string, settings?: Settings];

const LONGEST_SUB = "é".repeat(255);
const CLAIM_RULES: Row[] = [
  ["exp is required", { exp: undefined }, "invalid_token"],
  ["an exp of null is none", { exp: null }, "invalid_token"],
  ["an exp that is text is malformed", { exp: String(START + 60) }, "invalid_token"],
  ["an exp long ago has passed", { exp: 1 }, "expired_token"],
  ["an exp below zero has passed", { exp: -1 }, "expired_token"],
  ["an nbf that is text is malformed", { nbf: "0" }, "invalid_token"],
  ["an nbf far ahead is not yet", { nbf: START + 60 }, "invalid_token"],
  ["aud is required", { aud: undefined }, "invalid_token"],
  ["another aud is refused", { aud: "anon" }, "invalid_token"],
  ["an aud that merely begins right is refused", { aud: "authenticated2" }, "invalid_token"],
  ["an aud of another case is refused", { aud: "Authenticated" }, "invalid_token"],
  ["an empty list of aud is refused", { aud: [] }, "invalid_token"],
  ["aud may be a list that holds it", { aud: ["other", "authenticated"] }, "ok"],
  ["a list of aud without it is refused", { aud: ["other"] }, "invalid_token"],
  ["JWT_AUDIENCE takes the place of authenticated", { aud: "mine" }, "ok", {
    JWT_AUDIENCE: "mine",
  }],
  ["JWT_AUDIENCE leaves nothing of the default", {}, "invalid_token", { JWT_AUDIENCE: "mine" }],
  ["iss is not checked where JWT_ISSUER is unset", { iss: "https://other.example" }, "ok"],
  ["JWT_ISSUER accepts its own", { iss: "https://i.example" }, "ok", {
    JWT_ISSUER: "https://i.example",
  }],
  ["JWT_ISSUER refuses another", {}, "invalid_token", { JWT_ISSUER: "https://i.example" }],
  ["JWT_ISSUER refuses a token with none", { iss: undefined }, "invalid_token", {
    JWT_ISSUER: "https://i.example",
  }],
  ["a token with no sub is no user's", { sub: undefined }, "not_a_user"],
  ["a token with an empty sub is no user's", { sub: "" }, "not_a_user"],
  ["a sub of 255 characters is served", { sub: LONGEST_SUB }, "ok"],
  ["a sub of 256 characters is refused", { sub: `${LONGEST_SUB}e` }, "not_a_user"],
  ["the sub admin is reserved", { sub: "admin" }, "not_a_user"],
  ["the sub system is reserved", { sub: "system" }, "not_a_user"],
  ["the sub dashboard-service is reserved", { sub: "dashboard-service" }, "not_a_user"],
  [
    "the token of an OAuth client is not the project's own app's",
    { client_id: "9a8b7c6d" },
    "client_forbidden",
  ],
  ["a client that is listed is served", { client_id: "9a8b7c6d" }, "ok", {
    BEHEST_OAUTH_CLIENTS: "other, 9a8b7c6d",
  }],
  ["a client that is not listed is refused", { client_id: "9a8b7c6d" }, "client_forbidden", {
    BEHEST_OAUTH_CLIENTS: "9a8b7c6,9A8B7C6D",
  }],
  ["every client is served where all are let in", { client_id: "9a8b7c6d" }, "ok", {
    BEHEST_OAUTH_CLIENTS: "*",
  }],
  [
    "a client whose id is no string is none of the list",
    { client_id: ["9a8b7c6d"] },
    "client_forbidden",
    {
      BEHEST_OAUTH_CLIENTS: "9a8b7c6d",
    },
  ],
  ["a client whose id is empty is a client", { client_id: "" }, "client_forbidden"],
  ["a client_id of null is none", { client_id: null }, "ok"],
  ["the token of an OAuth client is refused where the project gives it an aud of its own", {
    client_id: "9a8b7c6d",
    aud: "partners",
  }, "invalid_token"],
  ["the role anon is no user", { role: "anon" }, "not_a_user"],
  ["the role service_role is no user", { role: "service_role" }, "not_a_user"],
];

for (const [title, claims, code, settings] of CLAIM_RULES) {
  Deno.test(`${title}: ${code}`, async () => {
    const world = await World.make(settings);
    const token = await sessionToken(await signerOf("ES256"), claims);
    await (code === "ok" ? expectCode : expectUncalled)(world, { token }, code);
  });
}

const EDGES: [string, Claims, number, string][] = [
  ["a token is good one second before its exp", { exp: START + 100 }, 99, "ok"],
  ["a token is good at its exp, within the leeway", { exp: START + 100 }, 100, "ok"],
  ["a token is good four seconds after its exp", { exp: START + 100 }, 104, "ok"],
  ["a token has expired five seconds after its exp", { exp: START + 100 }, 105, "expired_token"],
  ["a token has expired six seconds after its exp", { exp: START + 100 }, 106, "expired_token"],
  ["a token is refused six seconds before its nbf", { nbf: START + 100 }, 94, "invalid_token"],
  ["a token is good five seconds before its nbf", { nbf: START + 100 }, 95, "ok"],
  ["a token is good at its nbf", { nbf: START + 100 }, 100, "ok"],
];

for (const [title, claims, seconds, code] of EDGES) {
  Deno.test(title, async () => {
    const world = await World.make();
    const token = await sessionToken(await signerOf("ES256"), claims);
    world.clock.advance(seconds * 1000);
    await (code === "ok" ? expectCode : expectUncalled)(world, { token }, code);
  });
}

for (const role of ["anon", "service_role"]) {
  Deno.test(`the legacy ${role} key is no user, though its signature is good`, async () => {
    const signer = await signerOf("HS256");
    const world = await World.make({ SUPABASE_JWKS: undefined, JWT_SECRET: signer.secret });
    const nothing = Object.fromEntries(
      Object.keys(sessionClaims()).map((name) => [name, undefined]),
    );
    const claims = {
      ...nothing,
      iss: "supabase",
      ref: "abcdefghijklmnopqrst",
      role,
      iat: START,
      exp: START + 1e8,
    };
    await expectUncalled(
      world,
      { token: await sessionToken(signer, claims, { kid: undefined }) },
      "not_a_user",
    );
  });
}

Deno.test("a publishable or secret key, which supabase-js sends for who is signed out, is no user", async () => {
  const world = await World.make();
  await expectUncalled(world, { token: PUBLISHABLE_KEY }, "not_a_user");
  await expectUncalled(world, { token: `sb_secret_${random(24)}` }, "not_a_user");
});

const AUTHORIZATION: [string, string | undefined, string][] = [
  ["no Authorization header", undefined, "missing_token"],
  ["an empty one", "", "missing_token"],
  ["the scheme alone", "Bearer", "missing_token"],
  ["the scheme and a space", "Bearer ", "missing_token"],
  ["another scheme", "Basic YTpi", "missing_token"],
  ["a lower-case scheme", "bearer TOKEN", "ok"],
  ["an upper-case scheme", "BEARER TOKEN", "ok"],
  ["a scheme that merely begins right", "Bearers TOKEN", "missing_token"],
];

for (const [title, header, code] of AUTHORIZATION) {
  Deno.test(`Authorization with ${title}: ${code}`, async () => {
    const world = await World.make();
    const token = await sessionToken(await signerOf("ES256"));
    const headers: Record<string, string> = header === undefined
      ? {}
      : { Authorization: header.replace("TOKEN", token) };
    await (code === "ok" ? expectCode : expectUncalled)(world, { token: null, headers }, code);
    if (code !== "ok") return;
    for (const call of [...world.to("user"), ...world.to("plan")]) {
      assert.equal(call.headers.authorization, `Bearer ${token}`);
    }
  });
}
