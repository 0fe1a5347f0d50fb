/** Contract, "Third-party auth": row by row. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { type Claims, sessionToken, signerOf } from "../../support/keys.ts";
import { CLERK, tokenOf, worldOf } from "../../support/third_party.ts";
import { failing, json, restRefusal } from "../../support/upstreams.ts";
import { PUBLISHABLE_KEY, type Settings, World } from "../../support/world.ts";

const { JWT_ISSUER } = CLERK.settings;
const notices = (world: World) => world.lines.filter((line) => "notice" in line);

Deno.test("the key set is asked for with no apikey, no token and no cookie", async () => {
  const world = await worldOf(CLERK);
  await expectCode(world, {
    token: await tokenOf(CLERK),
    headers: { apikey: PUBLISHABLE_KEY, Cookie: "session=1" },
  }, "ok");
  const [call, ...more] = world.to("jwks");
  assert.deepEqual(more, []);
  assert.deepEqual([call?.url, call?.headers], [CLERK.settings.JWT_JWKS_URL, {}]);
});

Deno.test("the Auth server is never asked about a third party's user, nor for its keys", async () => {
  const world = await worldOf(CLERK);
  for (const claims of [{}, { sub: "user_2" }, { iss: "other" }, { role: "anon" }]) {
    await world.ask({ token: await tokenOf(CLERK, claims) });
    world.clock.advance(11 * 60_000);
  }
  assert.deepEqual(world.to("user"), []);
  assert.ok(world.calls.every(({ url }) => !url.includes("/auth/v1/")));
});

/** What is wrong with a third party's settings, and which of them is told to be. */
const WRONG: [title: string, settings: Settings, names: string[]][] = [
  ["JWT_ISSUER is required", { JWT_ISSUER: undefined }, ["JWT_ISSUER"]],
  ["an empty JWT_ISSUER is none", { JWT_ISSUER: " " }, ["JWT_ISSUER"]],
  ["BEHEST_USER_CHECK cannot be server", { BEHEST_USER_CHECK: "server" }, ["BEHEST_USER_CHECK"]],
  ["JWT_JWKS_URL has a path", { JWT_JWKS_URL: JWT_ISSUER }, ["JWT_JWKS_URL"]],
  [
    "everything at once",
    { JWT_JWKS_URL: "http://i.example/keys", JWT_ISSUER: "", BEHEST_USER_CHECK: "server" },
    ["JWT_JWKS_URL", "BEHEST_USER_CHECK", "JWT_ISSUER"],
  ],
  ["without JWT_JWKS_URL * is no JWT_AUDIENCE", { JWT_JWKS_URL: undefined }, ["JWT_AUDIENCE"]],
];

for (const [title, settings, names] of WRONG) {
  Deno.test(`${title}: misconfigured`, async () => {
    const world = await worldOf(CLERK, settings);
    const { message } = await expectUncalled(
      world,
      { token: await tokenOf(CLERK) },
      "misconfigured",
    );
    const named = [...message.matchAll(/(?:^| )([A-Z_]+): /g)].map(([, name]) => name);
    assert.deepEqual(named, names);
    assert.ok(!message.includes("i.example"));
  });
}

Deno.test("the user check is claims, said or not", async () => {
  for (const check of [undefined, "claims"]) {
    const world = await worldOf(CLERK, { BEHEST_USER_CHECK: check });
    await expectCode(world, { token: await tokenOf(CLERK) }, "ok");
  }
});

const AUDIENCES: [setting: string | undefined, aud: unknown, code: string][] = [
  ["*", undefined, "ok"],
  ["*", "anything", "ok"],
  ["*", [], "ok"],
  ["mine", "mine", "ok"],
  ["mine", ["other", "mine"], "ok"],
  ["mine", "other", "invalid_token"],
  ["mine", "*", "invalid_token"],
  ["mine", undefined, "invalid_token"],
  [undefined, "authenticated", "ok"],
  [undefined, undefined, "invalid_token"],
  [undefined, "mine", "invalid_token"],
  ["**", undefined, "invalid_token"],
];

for (const [setting, aud, code] of AUDIENCES) {
  const name = setting === undefined ? "no JWT_AUDIENCE" : `JWT_AUDIENCE=${setting}`;
  Deno.test(`with ${name} an aud of ${JSON.stringify(aud)}: ${code}`, async () => {
    const world = await worldOf(CLERK, { JWT_AUDIENCE: setting });
    await expectCode(world, { token: await tokenOf(CLERK, { aud }) }, code);
  });
}

const SUBS: [what: string, sub: unknown, code: string][] = [
  ["a letter", "a", "ok"],
  ["255 characters", "é".repeat(255), "ok"],
  ["256 characters", "é".repeat(256), "not_a_user"],
  ["none", undefined, "not_a_user"],
  ["an empty one", "", "not_a_user"],
  ["a number", 7, "invalid_token"],
  ["white space and what ends a query", " a&select=*#?/../x ", "ok"],
  ["control characters", "a\u0000\r\nb", "ok"],
  ["a name of Behest's own", "admin", "not_a_user"],
  ["a name of Behest's own in another case, in white space", " System\t", "not_a_user"],
  ["a name that merely has one of Behest's in it", "auth0|admin", "ok"],
];

for (const [what, sub, code] of SUBS) {
  Deno.test(`sub is any string of 1 to 255 characters; ${what}: ${code}`, async () => {
    const world = await worldOf(CLERK);
    await expectCode(world, { token: await tokenOf(CLERK, { sub }) }, code);
    if (code !== "ok") return assert.deepEqual(world.calls, [], "nobody is asked");
    const [plan] = world.to("plan");
    const { search, pathname } = new URL(plan?.url ?? "");
    assert.equal(pathname, "/rest/v1/profiles");
    assert.deepEqual([...new URLSearchParams(search)], [["select", "plan"], ["id", `eq.${sub}`]]);
    assert.equal(JSON.parse(world.to("mint")[0]?.body ?? "").user_id, sub);
  });
}

Deno.test("the plan is the table's under RLS: a failing or refusing database is answered as ever", async () => {
  const world = await worldOf(CLERK);
  const token = await tokenOf(CLERK);
  for (
    const [behaviour, code] of [
      [json([]), "ok"],
      [restRefusal(404, "PGRST205"), "ok"],
      // Third-party auth is not set up in the project: the operator's to mend, and no 401.
      [restRefusal(401, "PGRST301"), "plan_unavailable"],
      [failing(500), "plan_unavailable"],
    ] as const
  ) {
    world.routes.plan = behaviour;
    await expectCode(world, { token }, code);
  }
});

Deno.test("a column of another type than sub has is no plan, and is told of", async () => {
  const world = await worldOf(CLERK);
  world.routes.plan = restRefusal(400, "22P02");
  const { body } = await expectCode(world, { token: await tokenOf(CLERK) }, "ok");
  assert.equal(body.tier, 1);
  assert.match(world.log, /plan table or column is missing, of another type/);
});

Deno.test("BEHEST_PLAN_CLAIM and BEHEST_UID_CLAIM are read from the token's app_metadata, without a call", async () => {
  const world = await worldOf(CLERK, {
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
    BEHEST_UID_CLAIM: "app_metadata.customer",
  });
  const app_metadata = { plan: "max", customer: 7 };
  const { body } = await expectCode(world, { token: await tokenOf(CLERK, { app_metadata }) }, "ok");
  assert.equal(body.tier, 3);
  assert.equal(JSON.parse(world.to("mint")[0]?.body ?? "").user_id, "7");
  assert.deepEqual(world.to("plan"), []);
  await expectUncalled(world, { token: await tokenOf(CLERK) }, "uid_missing");
});

const CLAIMS: [what: string, claims: Claims, code: string][] = [
  ["an iat that is text is nobody's matter", { iat: "today" }, "ok"],
  ["an nbf within the leeway is served", { nbf: CLERK.claims.nbf as number + 15 }, "ok"],
  ["an nbf far ahead is not yet", { nbf: CLERK.claims.nbf as number + 100 }, "invalid_token"],
  ["an nbf that is text is malformed", { nbf: "0" }, "invalid_token"],
  ["no exp is malformed", { exp: undefined }, "invalid_token"],
  ["an OAuth client's is forbidden", { client_id: "an-app" }, "client_forbidden"],
];

for (const [what, claims, code] of CLAIMS) {
  Deno.test(`of a third party's token ${what}: ${code}`, async () => {
    const world = await worldOf(CLERK);
    await expectCode(world, { token: await tokenOf(CLERK, claims) }, code);
  });
}

Deno.test("an issuer that is not under SUPABASE_URL is warned of without JWT_JWKS_URL alone", async () => {
  const third = await worldOf(CLERK);
  await expectCode(third, { token: await tokenOf(CLERK) }, "ok");
  assert.deepEqual(notices(third), []);
  const project = await World.make({ JWT_ISSUER });
  const token = await sessionToken(await signerOf("ES256"), { iss: JWT_ISSUER });
  await expectCode(project, { token }, "ok");
  assert.match(project.log, /JWT_ISSUER: is not under SUPABASE_URL/);
});

Deno.test("a signed-out visitor's publishable key is no user, and no key set is asked for", async () => {
  const world = await worldOf(CLERK);
  await expectUncalled(world, { token: PUBLISHABLE_KEY }, "not_a_user");
  await expectUncalled(world, { token: null }, "missing_token");
});
