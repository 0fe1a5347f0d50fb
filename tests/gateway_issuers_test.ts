/** Supabase's own session tokens, straight to the gateway double: which it takes, and which not. */

import assert from "node:assert/strict";
import OpenAI from "openai";
import { chat, mintToken, served, signLocally } from "./gateway_calls.ts";
import {
  CREDENTIALS,
  direct,
  EDDSA,
  ES256,
  HS256,
  refused,
  RS256,
  STRANGER,
  whoIs,
} from "./gateway_direct.ts";
import {
  type Claims,
  encodePart,
  forge,
  hmacToken,
  sessionClaims,
  START,
  SUB,
} from "./support/keys.ts";
import { World } from "./support/world.ts";

direct("a session that ES256 or RS256 signs chats and lists models, as its user", async (world) => {
  const { gateway, sign } = world;
  for (const signer of [ES256, RS256]) {
    const token = await sign({ app_metadata: { plan: "pro" } }, signer);
    assert.equal(await whoIs(gateway, token), `${SUB} on tier 2`);
    const headers = { Authorization: `Bearer ${token}` };
    await served(fetch(`${gateway.url}/v1/models`, { headers }));
  }
});

direct("the official OpenAI client works with the session token as its key", async (world) => {
  const { gateway, sign } = world;
  const openai = new OpenAI({
    apiKey: await sign({ app_metadata: { plan: "max" } }),
    baseURL: `${gateway.url}/v1`,
    defaultHeaders: { "X-Session-Id": "s-1" },
    maxRetries: 0,
  });
  const prompt = { model: "any", messages: [{ role: "user" as const, content: "Who am I?" }] };
  const reply = await openai.chat.completions.create(prompt);
  assert.match(reply.choices[0].message.content ?? "", new RegExp(`you are ${SUB} on tier 3`));
  let streamed = "";
  for await (const chunk of await openai.chat.completions.create({ ...prompt, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? "";
  }
  assert.equal(streamed, reply.choices[0].message.content);
  assert.equal((await openai.models.list()).data.length, 1);
});

direct("X-Session-Id is asked for as ever", async ({ gateway, sign }) => {
  const answer = await chat(gateway, await sign(), {});
  assert.deepEqual([answer.status, (await answer.json()).error.code], [400, "validation_error"]);
});

direct("a Behest token is taken beside it, and judged as ever", async ({ gateway }) => {
  assert.equal(await whoIs(gateway, await mintToken(gateway)), "u-1 on tier 2");
  const at = { iat: START, nbf: START, exp: START + 900 };
  await served(chat(gateway, await signLocally(CREDENTIALS, at)));
  await refused(gateway, await signLocally(CREDENTIALS, { ...at, exp: START }), /has expired/);
});

direct("a token is refused in words that say which claim is not right", async (world, test) => {
  const cases: [string, Claims, RegExp][] = [
    ["another project's issuer", { iss: "https://other.supabase.co/auth/v1" }, /\(iss\) is none/],
    ["an issuer with a slash", { iss: `${world.issuer.issuer}/` }, /\(iss\) is none/],
    ["no issuer", { iss: undefined }, /no issuer/],
    ["an issuer that is a list", { iss: [world.issuer.issuer] }, /\(iss\) is none/],
    ["another audience", { aud: "other" }, /\(aud\)/],
    ["no audience", { aud: undefined }, /no aud/],
    ["an exp that has passed", { exp: START - 5 }, /expired/],
    ["no exp", { exp: undefined }, /no exp/],
    ["an exp that is text", { exp: "2030" }, /exp is not/],
    ["an nbf in the future", { nbf: START + 6 }, /\(nbf\)/],
    ["an iat in the future", { iat: START + 6 }, /from the future \(iat\)/],
    ["an iat that is text", { iat: "2020" }, /iat is not/],
    ["no sub", { sub: undefined }, /no sub/],
    ["an empty sub", { sub: "" }, /no usable sub/],
    ["a sub of 256 characters", { sub: "x".repeat(256) }, /no usable sub/],
    ["a sub that is a number", { sub: 7 }, /no usable sub|sub is not/],
    ["an id that Behest keeps", { sub: "admin" }, /no usable sub/],
    ["no role", { role: undefined }, /no role/],
    ["the role anon", { role: "anon" }, /role is not authenticated/],
    ["the role service_role", { role: "service_role" }, /role is not authenticated/],
  ];
  for (const [what, claims, words] of cases) {
    await test.step(what, async () => {
      await refused(world.gateway, await world.sign(claims), words);
    });
  }
});

direct("clocks may differ by less than five seconds", async ({ gateway, sign, pass }) => {
  await served(chat(gateway, await sign({ exp: START - 4, nbf: START + 5, iat: START + 5 })));
  const token = await sign();
  pass(3_604_000);
  await served(chat(gateway, token));
  pass(1000);
  await refused(gateway, token, /expired/);
});

direct("a time is a finite number, so that no session is without an end", async (world) => {
  const { gateway, issuer } = world;
  const claims = JSON.stringify(sessionClaims({ iss: issuer.issuer, nbf: START }));
  const header = { alg: "ES256", kid: ES256.kid };
  const signed = (text: string) => forge(ES256, header, text);
  await served(chat(gateway, await signed(claims)));
  for (
    const [claim, value, words] of [
      ["exp", "1e400", /exp is not/],
      ["exp", "-1e400", /expired/],
      ["nbf", "-1e400", /nbf is not/],
      ["nbf", "1e400", /\(nbf\)/],
      ["iat", "-1e400", /iat is not/],
      ["iat", "1e400", /iat is not/],
    ] as const
  ) {
    const text = claims.replace(new RegExp(`"${claim}":\\d+`), `"${claim}":${value}`);
    assert.notEqual(text, claims);
    await refused(gateway, await signed(text), words);
  }
});

direct("an audience that is a list has to hold the trusted one", async ({ gateway, sign }) => {
  await served(chat(gateway, await sign({ aud: ["other", "authenticated"] })));
  await refused(gateway, await sign({ aud: ["other"] }), /\(aud\)/);
});

direct("an API key of Supabase is refused as one", async ({ gateway }) => {
  const legacy = (role: string) =>
    hmacToken("a secret of the project", { alg: "HS256", typ: "JWT" }, {
      iss: "supabase",
      ref: "abcdefghijklmnopqrst",
      role,
      iat: START,
      exp: START + 3600,
    });
  for (
    const key of [
      "sb_publishable_0123456789abcdefghijkl",
      "sb_secret_0123456789abcdefghijkl",
      await legacy("anon"),
      await legacy("service_role"),
    ]
  ) {
    await refused(gateway, key, /API key of Supabase/);
  }
});

direct("what has not the form of a token is refused", async ({ gateway, sign }) => {
  const [header, payload] = (await sign()).split(".");
  for (const text of ["x", "a.b.c", "..", `${header}.${encodePart([])}.x`, CREDENTIALS.apiKey]) {
    await refused(gateway, text, /form of a JWT/);
  }
  await refused(gateway, `${encodePart("{")}.${payload}.x`, /header cannot be read/);
});

direct("HS256 is refused with the step that is missing, whatever the secret is", async (world) => {
  const { gateway, issuer } = world;
  const claims = sessionClaims({ iss: issuer.issuer });
  const header = { alg: "HS256", typ: "JWT", kid: ES256.kid };
  issuer.keys = [ES256.jwk, HS256.jwk];
  for (
    const token of [
      await issuer.sign(HS256, {}, {}, START),
      await hmacToken(JSON.stringify(ES256.jwk), header, claims),
      await hmacToken("x", header, claims),
    ]
  ) {
    await refused(gateway, token, /HS256.*Settings > JWT keys/);
  }
});

direct("no other algorithm is taken, whatever the set shows", async ({ gateway, issuer }) => {
  issuer.keys = [ES256.jwk, EDDSA.jwk];
  await refused(gateway, await issuer.sign(EDDSA, {}, {}, START), /not signed with one of ES256/);
  const claims = encodePart(sessionClaims({ iss: issuer.issuer }));
  for (const alg of ["none", "ES384", "es256", 7, undefined]) {
    const token = `${encodePart({ alg, kid: ES256.kid })}.${claims}.AAAA`;
    await refused(gateway, token, /not signed with one of ES256/);
  }
});

direct("the key decides the algorithm, and the token names the key", async (world) => {
  const { gateway, issuer } = world;
  const claims = sessionClaims({ iss: issuer.issuer });
  const missing = await forge(ES256, { alg: "ES256" }, claims);
  await refused(gateway, missing, /names no key/);
  for (
    const header of [
      { alg: "RS256", kid: ES256.kid },
      { alg: "ES256", kid: RS256.kid },
      { alg: "ES256", kid: STRANGER.kid },
      { alg: "ES256", kid: "" },
      { alg: "ES256", kid: 7 },
    ]
  ) {
    await refused(gateway, await forge(ES256, header, claims), /not in its issuer's key set/);
  }
  const elsewhere = { jwk: STRANGER.jwk, jku: "https://evil.example/jwks.json" };
  const stolen = { alg: "ES256", kid: ES256.kid, ...elsewhere };
  await refused(gateway, await forge(STRANGER, stolen, claims), /signature does not fit/);
});

direct("a signature over other claims is refused", async ({ gateway, sign }) => {
  const [header, , signature] = (await sign()).split(".");
  const [, claims] = (await sign({ app_metadata: { plan: "max" } })).split(".");
  await refused(gateway, `${header}.${claims}.${signature}`, /signature does not fit/);
});

direct(
  "a plan is the tier that the function makes of it",
  async ({ gateway, sign }) => {
    const world = await World.make({
      SUPABASE_JWKS: JSON.stringify({ keys: [ES256.jwk] }),
      BEHEST_PLAN_CLAIM: "app_metadata.plan",
      BEHEST_USER_CHECK: "claims",
    });
    for (
      const plan of [
        ...["free", "pro", "max", "PRO", " Max ", "gold", "", "7", "07", "+7", "7.0", "1e1", "０"],
        ...["4294967295", "4294967296", "__proto__", "constructor"],
        ...[0, 1, 7, 2.5, -1, 4294967295, 4294967296, 1e21, true, false, null, undefined],
        ...[{}, { plan: "max" }, [], ["max"]],
      ]
    ) {
      const app_metadata = { provider: "email", plan };
      const { body } = await world.ask({ token: await sign({ app_metadata }) });
      const shown = JSON.stringify(plan);
      assert.equal(
        await whoIs(gateway, await sign({ app_metadata })),
        `${SUB} on tier ${body.tier}`,
        shown,
      );
    }
    for (const app_metadata of [undefined, null, "pro", []]) {
      assert.equal(await whoIs(gateway, await sign({ app_metadata })), `${SUB} on tier 1`);
    }
    // What users write themselves is no plan.
    assert.equal(
      await whoIs(gateway, await sign({ user_metadata: { plan: "max" } })),
      `${SUB} on tier 1`,
    );
  },
  {},
  { requestsPerMinute: { 1: 1000 } },
);

direct("another mapping, audience and table of plans count where they are given", async (world) => {
  const { gateway, sign } = world;
  const good = { aud: "behest", app_metadata: { account: "acct-7", level: "Gold" } };
  assert.equal(await whoIs(gateway, await sign(good)), "acct-7 on tier 9");
  await refused(gateway, await sign({ ...good, aud: "authenticated" }), /\(aud\)/);
  for (const app_metadata of [undefined, {}, { account: 7 }, { account: "" }]) {
    const token = await sign({ ...good, app_metadata });
    await refused(gateway, token, /no usable app_metadata\.account, which is mapped to uid/);
  }
}, {
  audience: "behest",
  claims: { uid: "app_metadata.account", tier: "app_metadata.level" },
  tiers: { gold: 9 },
});

direct(
  "the limits of the tier hold, over tokens and kinds of tokens",
  async (world) => {
    const { gateway, sign } = world;
    await served(chat(gateway, await sign()));
    await served(chat(gateway, await mintToken(gateway, { user_id: SUB, tier: 1 })));
    const limited = await chat(gateway, await sign());
    assert.deepEqual([limited.status, (await limited.json()).error.code], [429, "rate_limited"]);
    await served(chat(gateway, await sign({ app_metadata: { plan: "pro" } })));
  },
  {},
  { requestsPerMinute: { 1: 2, 2: 3 } },
);

direct("a session that was revoked is refused, in every token of it", async (world) => {
  const { gateway, sign } = world;
  gateway.revoke("s-9");
  await refused(gateway, await sign({ session_id: "s-9" }), /revoked/);
  await refused(gateway, await sign({ session_id: "s-9" }, RS256), /revoked/);
  await served(chat(gateway, await sign({ session_id: undefined })));
});
