/** The five providers: their tokens mint as they come, and not if a single thing in them is another's. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { type Claims, makeSigner } from "../../support/keys.ts";
import {
  AUTH0,
  CLERK,
  COGNITO_ACCESS,
  COGNITO_ID,
  FIREBASE,
  keyOf,
  PROVIDERS,
  tokenOf,
  WORKOS,
  worldOf,
} from "../../support/third_party.ts";
import { BASE_URL, ORIGIN, PUBLISHABLE_KEY, SUPABASE_URL } from "../../support/world.ts";

const STRANGER = await makeSigner("RS256");

for (const provider of PROVIDERS) {
  const { name, settings, claims } = provider;

  Deno.test(`${name}: a token mints, its plan is read with it, and nobody else is asked`, async () => {
    const world = await worldOf(provider);
    const token = await tokenOf(provider);
    const { body } = await expectCode(world, { token, origin: ORIGIN }, "ok");
    assert.equal(body.tier, 2, "the plan of the table");
    assert.deepEqual(world.calls.map(({ url }) => url), [
      settings.JWT_JWKS_URL,
      `${SUPABASE_URL}/rest/v1/profiles?select=plan&id=eq.${encodeURIComponent(claims.sub)}`,
      `${BASE_URL}/v1/auth/mint`,
    ]);
    const [keys, plan, mint] = world.calls;
    assert.deepEqual([keys?.headers, keys?.method, keys?.redirect], [{}, "GET", "manual"]);
    const { apikey, authorization } = plan?.headers ?? {};
    assert.deepEqual([apikey, authorization], [PUBLISHABLE_KEY, `Bearer ${token}`]);
    assert.equal(JSON.parse(mint?.body ?? "").user_id, claims.sub);
    assert.deepEqual(world.lines.filter((line) => "notice" in line), [], "nothing to be told");
  });

  Deno.test(`${name}: a token of another's project is refused, though its key is the same`, async () => {
    const world = await worldOf(provider);
    await expectCode(world, { token: await tokenOf(provider) }, "ok");
    for (const iss of [provider.otherIss, `${claims.iss} `, claims.iss.toUpperCase(), undefined]) {
      const token = await tokenOf(provider, { iss });
      await expectUncalled(world, { token }, "invalid_token", String(iss));
      assert.match(world.log, /"detail":"iss is another"/);
    }
    const slash = claims.iss.endsWith("/") ? claims.iss.slice(0, -1) : `${claims.iss}/`;
    await expectUncalled(
      world,
      { token: await tokenOf(provider, { iss: slash }) },
      "invalid_token",
    );
  });

  if (settings.JWT_AUDIENCE !== "*") {
    Deno.test(`${name}: a token for another audience is refused`, async () => {
      const world = await worldOf(provider);
      await expectCode(world, { token: await tokenOf(provider) }, "ok");
      for (const aud of ["other", ["other"], "*", ["*"], "authenticated", null, undefined]) {
        const token = await tokenOf(provider, { aud });
        await expectUncalled(world, { token }, "invalid_token", JSON.stringify(aud));
      }
    });
  }

  Deno.test(`${name}: a token without the role that PostgREST wants is refused, and the log says so`, async () => {
    const world = await worldOf(provider);
    await expectCode(world, { token: await tokenOf(provider) }, "ok");
    const roles: [unknown, string][] = [
      [undefined, "invalid_token"],
      [null, "invalid_token"],
      ["member", "invalid_token"],
      ["Authenticated", "invalid_token"],
      ["authenticator", "invalid_token"],
      ["postgres", "invalid_token"],
      ["supabase_admin", "invalid_token"],
      ["anon", "not_a_user"],
      ["service_role", "not_a_user"],
    ];
    for (const [role, code] of roles) {
      const token = await tokenOf(provider, { role });
      await expectUncalled(world, { token }, code, String(role));
      assert.match(String(world.line.detail), /^role is /);
    }
    for (const role of [["authenticated"], { authenticated: true }, true]) {
      const token = await tokenOf(provider, { role });
      await expectUncalled(world, { token }, "invalid_token", JSON.stringify(role));
    }
  });

  Deno.test(`${name}: a token under another's key is refused, by its own name and by the provider's`, async () => {
    const world = await worldOf(provider);
    await expectCode(world, { token: await tokenOf(provider) }, "ok");
    const borrowed = await tokenOf(provider, {}, keyOf(provider, STRANGER));
    await expectUncalled(world, { token: borrowed }, "invalid_token");
    const own = await tokenOf(provider, {}, STRANGER);
    await expectCode(world, { token: own }, "invalid_token");
    assert.deepEqual(world.to("plan").length, 1, "only of the good one");
    assert.equal(world.to("mint").length, 1);
  });

  Deno.test(`${name}: a token that has expired is refused as such`, async () => {
    const world = await worldOf(provider);
    const token = await tokenOf(provider);
    world.clock.advance((Number(claims.exp) - Number(claims.iat) + 4) * 1000);
    await expectCode(world, { token }, "ok", "within the leeway");
    world.clock.advance(1000);
    await expectUncalled(world, { token }, "expired_token");
  });
}

Deno.test("Firebase: the token of another project is refused for its iss and for its aud alike", async () => {
  const world = await worldOf(FIREBASE);
  await expectCode(world, { token: await tokenOf(FIREBASE) }, "ok");
  const other = { iss: FIREBASE.otherIss, aud: "other-app-9z8y7" };
  for (const claims of [other, { iss: other.iss }, { aud: other.aud }]) {
    await expectUncalled(world, { token: await tokenOf(FIREBASE, claims) }, "invalid_token");
  }
  // What `createSessionCookie` makes is signed with the same project in mind, and is another thing.
  const cookie = {
    iss: FIREBASE.claims.iss.replace("securetoken.google", "session.firebase.google"),
  };
  await expectUncalled(world, { token: await tokenOf(FIREBASE, cookie) }, "invalid_token");
});

Deno.test("Firebase: who signed in anonymously is an anonymous user, and nobody else is", async () => {
  const provided = (sign_in_provider: string): Claims => ({
    firebase: { identities: {}, sign_in_provider },
  });
  for (const [settings, code] of [["deny", "anonymous_forbidden"], ["allow", "ok"]] as const) {
    const world = await worldOf(FIREBASE, { BEHEST_ANONYMOUS: settings });
    await expectCode(world, { token: await tokenOf(FIREBASE, provided("anonymous")) }, code);
    await expectCode(world, { token: await tokenOf(FIREBASE, provided("google.com")) }, "ok");
  }
});

Deno.test("Auth0: an access token for no API, which nobody but Auth0 can read, is refused", async () => {
  const world = await worldOf(AUTH0);
  const opaque = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVydGV4dA.dGFn";
  await expectUncalled(world, { token: opaque }, "invalid_token");
});

Deno.test("Auth0: a user of any connection has a uid of its own", async () => {
  const world = await worldOf(AUTH0);
  const subs = ["google-oauth2|1", "samlp|corp|ada@example.com", "oauth2|my app|ä,b.c(d)*"];
  for (const sub of subs) await expectCode(world, { token: await tokenOf(AUTH0, { sub }) }, "ok");
  const asked = world.to("mint").map(({ body }) => JSON.parse(body ?? "").user_id);
  assert.deepEqual(asked, subs);
  const looked = world.to("plan").map(({ url }) => url.split("&id=eq.")[1]);
  assert.deepEqual(looked.map(decodeURIComponent), subs);
  assert.ok(looked.every((sub) => !/[|,\s&]/.test(sub ?? "")), "nothing of it can bend the query");
  assert.doesNotMatch(world.log, /ada@/, "no address is in the log");
});

Deno.test("Cognito: an access token of another app client of the pool is its client's, and refused", async () => {
  const world = await worldOf(COGNITO_ACCESS);
  await expectCode(world, { token: await tokenOf(COGNITO_ACCESS) }, "ok");
  for (const client_id of ["other", "*", "", ["7k2m9q4r1s8t5u3v6w0x2y4z6a"]]) {
    const token = await tokenOf(COGNITO_ACCESS, { client_id });
    await expectUncalled(world, { token }, "client_forbidden", JSON.stringify(client_id));
  }
  const unlisted = await worldOf(COGNITO_ACCESS, { BEHEST_OAUTH_CLIENTS: undefined });
  const { message } = await expectCode(
    unlisted,
    { token: await tokenOf(COGNITO_ACCESS) },
    "client_forbidden",
  );
  assert.match(message, /BEHEST_OAUTH_CLIENTS/, "it says where the app client belongs");
});

Deno.test("Cognito: with the app client as audience the ID token serves, and the access token does not", async () => {
  const world = await worldOf(COGNITO_ID, { BEHEST_OAUTH_CLIENTS: "*" });
  await expectCode(world, { token: await tokenOf(COGNITO_ID) }, "ok");
  await expectUncalled(world, { token: await tokenOf(COGNITO_ACCESS) }, "invalid_token");
});

Deno.test("WorkOS: without a template, role is the organisation's, and the log says so", async () => {
  const world = await worldOf(WORKOS);
  const token = await tokenOf(WORKOS, { role: "member", user_role: undefined });
  // One that could never be accepted causes no fetch of keys.
  await expectUncalled(world, { token }, "invalid_token");
  assert.equal(
    world.line.detail,
    "role is not authenticated",
  );
});

Deno.test("Clerk: a page's Origin is judged by CORS_ORIGIN, not by what azp says", async () => {
  const world = await worldOf(CLERK);
  const token = await tokenOf(CLERK, { azp: "https://elsewhere.example" });
  await expectCode(world, { token, origin: ORIGIN }, "ok");
  const own = await tokenOf(CLERK);
  await expectUncalled(
    world,
    { token: own, origin: "https://elsewhere.example" },
    "origin_forbidden",
  );
});
