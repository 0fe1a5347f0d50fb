import assert from "node:assert/strict";
import { makeBehestToken } from "../support/answers.ts";
import { behestKey, localSettings } from "../support/behest_keys.ts";
import { assertCode, STATUS } from "../support/expect.ts";
import { EMAIL, forge, random, sessionToken, signerOf, START, SUB } from "../support/keys.ts";
import {
  authRefusal,
  type Behaviour,
  brokenJson,
  failing,
  hang,
  html,
  json,
  raw,
  redirect,
  restRefusal,
  tooMany,
  unreachable,
  UPSTREAM_SECRET,
} from "../support/upstreams.ts";
import {
  API_KEY,
  goodToken,
  PUBLISHABLE_KEY,
  type Routes,
  type Sent,
  type Settings,
  World,
} from "../support/world.ts";

const KEY = await signerOf("ES256");
const HMAC = await signerOf("HS256");
const TOKEN = await goodToken();
const PEM = (await behestKey()).pkcs8;
const ALIEN = await makeBehestToken({ uid: "someone-else" }, START);

/** What must come out nowhere. */
const SECRETS = [
  API_KEY,
  PUBLISHABLE_KEY,
  HMAC.secret,
  UPSTREAM_SECRET,
  "hunter2",
  EMAIL,
  EMAIL.replace("@", "%40"),
  "ada.lovelace",
  ...PEM.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----")),
];

/** What an upstream might say that knows too much. */
const blabbing: Behaviour = (call, scene) =>
  json(
    { error: { message: JSON.stringify(call.headers) + (call.body ?? "") + EMAIL + TOKEN } },
    400,
  )(call, scene);
/** The same, in the words of the server itself, without which nobody reads what it says. */
const blabbingOwn =
  (mark: Record<string, string>, own: Record<string, unknown>): Behaviour => (call, scene) =>
    json(
      {
        ...own,
        msg: JSON.stringify(call.headers),
        message: EMAIL + TOKEN,
        hint: EMAIL,
        details: TOKEN,
      },
      400,
      mark,
    )(
      call,
      scene,
    );
const AUTH_BLABS = blabbingOwn({ "x-sb-error-code": `${EMAIL} ${TOKEN}` }, {
  code: 400,
  error_code: EMAIL,
});
const REST_BLABS = blabbingOwn({ "Proxy-Status": `PostgREST; error="${TOKEN}"` }, {
  code: "42703",
});
const throwing: Behaviour = (call) => {
  throw new Error(`cannot fetch ${call.url} with ${JSON.stringify(call.headers)}`);
};

const rows = (value: unknown) => json([{ plan: value }]);

type Outcome = [code: string, what: string, settings?: Settings, routes?: Routes, sent?: Sent];

const CLAIMS = { BEHEST_USER_CHECK: "claims" };
const OUTCOMES: Outcome[] = [
  ["ok", "a good request"],
  ["ok", "local signing", await localSettings()],
  ["ok", "a secret at hand", { JWT_SECRET: HMAC.secret }, {}, { token: await sessionToken(HMAC) }],
  ["ok", "a plan that is an e-mail", {}, { plan: rows(EMAIL) }],
  ["ok", "a plan that is a token", {}, { plan: rows(TOKEN) }],
  [
    "ok",
    "a plan claim that is an e-mail",
    { ...CLAIMS, BEHEST_PLAN_CLAIM: "app_metadata.login" },
    {},
    {
      token: await sessionToken(KEY, { app_metadata: { login: EMAIL } }),
    },
  ],
  ["ok", "a sub that is an e-mail", CLAIMS, {}, { token: await sessionToken(KEY, { sub: EMAIL }) }],
  ["ok", "a uid that is an e-mail", { ...CLAIMS, BEHEST_UID_CLAIM: "app_metadata.login" }, {}, {
    token: await sessionToken(KEY, { app_metadata: { login: EMAIL } }),
  }],
  ["ok", "no such table", {}, { plan: REST_BLABS }],
  ["ok", "an old name of the key", { BEHEST_KEY: undefined, BEHEST_API_KEY: API_KEY }],
  ["ok", "secrets in the path", {}, {}, { path: `/?access_token=${TOKEN}&email=${EMAIL}` }],
  ["invalid_request", "a broken body", {}, {}, { body: `{"model":"${TOKEN} ${EMAIL}` }],
  ["invalid_request", "a body that is a token", {}, {}, { body: JSON.stringify(TOKEN) }],
  ["invalid_request", "a session id that is an e-mail", {}, {}, {
    body: JSON.stringify({ sessionId: EMAIL }),
  }],
  ["request_too_large", "a body too large", {}, {}, { body: EMAIL.repeat(1000) }],
  ["missing_token", "no token", {}, {}, {
    token: null,
    headers: { Authorization: `Basic ${API_KEY}` },
  }],
  ["not_a_user", "the publishable key", {}, {}, { token: PUBLISHABLE_KEY }],
  ["invalid_token", "the API key", {}, {}, { token: API_KEY }],
  ["invalid_token", "a kid that is an e-mail", {}, {}, {
    token: await forge(KEY, { alg: "ES256", kid: EMAIL }),
  }],
  ["invalid_token", "an alg that is an e-mail", {}, {}, {
    token: await forge(KEY, { alg: EMAIL }),
  }],
  ["invalid_token", "a foreign issuer", { JWT_ISSUER: "https://i.example" }, {}, {
    token: await sessionToken(KEY, { iss: EMAIL }),
  }],
  ["invalid_token", "a forged token", {}, {}, { token: `${TOKEN.slice(0, -8)}AAAAAAAA` }],
  ["plan_unavailable", "PostgREST refuses the token", CLAIMS, { plan: restRefusal(401, TOKEN) }],
  ["expired_token", "an old token", {}, {}, { token: await sessionToken(KEY, { exp: 1 }) }],
  ["not_a_user", "a sub that is reserved", {}, {}, {
    token: await sessionToken(KEY, { sub: "admin" }),
  }],
  ["invalid_session", "the Auth server blabs", {}, { user: AUTH_BLABS }],
  ["supabase_rejected", "somebody before the Auth server blabs", {}, { user: blabbing }],
  ["supabase_rejected", "somebody before PostgREST blabs", {}, { plan: blabbing }],
  ["supabase_rejected", "somebody blabs in place of the keys", { SUPABASE_JWKS: undefined }, {
    jwks: blabbing,
  }],
  ["supabase_rejected", "a redirect", {}, { user: redirect(307) }],
  ["auth_unavailable", "the Auth server blabs in place of the keys", { SUPABASE_JWKS: undefined }, {
    jwks: AUTH_BLABS,
  }],
  ["invalid_session", "a secret that is not at hand", {}, { user: authRefusal(403, "bad_jwt") }, {
    token: await sessionToken(HMAC),
  }],
  ["invalid_token", "a secret that nobody is asked about", CLAIMS, {}, {
    token: await sessionToken(HMAC),
  }],
  ["client_forbidden", "a client that is an e-mail", {}, {}, {
    token: await sessionToken(KEY, { client_id: EMAIL }),
  }],
  [
    "uid_missing",
    "a uid that is not plain",
    { ...CLAIMS, BEHEST_UID_CLAIM: "app_metadata.login" },
    {},
    {
      token: await sessionToken(KEY, { app_metadata: { login: `${EMAIL} ` } }),
    },
  ],
  ["invalid_session", "another user", {}, { user: json({ id: "x", email: EMAIL }) }],
  ["auth_unavailable", "the Auth server fails", {}, { user: failing(500) }],
  ["auth_unavailable", "the Auth server throws", {}, { user: throwing }],
  ["auth_unavailable", "the key set is broken", { SUPABASE_JWKS: undefined }, {
    jwks: raw(`{"keys":${EMAIL}`),
  }],
  ["auth_unavailable", "429", {}, { user: tooMany("7") }],
  ["auth_timeout", "the Auth server hangs", {}, { user: hang }],
  ["anonymous_forbidden", "an anonymous user", { BEHEST_ANONYMOUS: "deny" }, {}, {
    token: await sessionToken(KEY, { is_anonymous: true }),
  }],
  ["plan_unavailable", "the plan fails", {}, { plan: failing(500) }],
  ["plan_unavailable", "the plan throws", {}, { plan: throwing }],
  ["plan_unavailable", "the plan is HTML", {}, { plan: html }],
  ["plan_timeout", "the plan hangs", {}, { plan: hang }],
  [
    "model_forbidden",
    "a model of a name",
    { BEHEST_MODEL_POLICY: JSON.stringify({ [EMAIL]: [] }) },
    {},
    {
      body: JSON.stringify({ model: EMAIL }),
    },
  ],
  ["quota_exceeded", "402", {}, { mint: failing(402) }],
  ["rate_limited", "429", {}, { mint: tooMany("7") }],
  ["behest_rejected", "Behest blabs", {}, { mint: blabbing }],
  ["behest_rejected", "another user's token", {}, {
    mint: json({ jwt: ALIEN, ttl: 900, session_id: "s" }),
  }],
  ["behest_rejected", "broken JSON", {}, { mint: brokenJson }],
  ["behest_rejected", "a redirect", {}, { mint: redirect(307) }],
  ["behest_unavailable", "Behest fails", {}, { mint: failing(503) }],
  ["behest_unavailable", "Behest throws", {}, { mint: throwing }],
  ["behest_unavailable", "no connection", {}, { mint: unreachable }],
  ["behest_timeout", "Behest hangs", {}, { mint: hang }],
  ["origin_forbidden", "another origin", {}, {}, { origin: "https://evil.example" }],
  ["method_not_allowed", "another method", {}, {}, { method: "PUT" }],
  ["misconfigured", "a key of the set for a secret", { JWT_SECRET: String(KEY.jwk.x) }],
  ["misconfigured", "keys in the wrong places", {
    BEHEST_KEY: PEM.slice(0, 900),
    BEHEST_BASE_URL: API_KEY,
    SUPABASE_JWKS: HMAC.secret,
    SUPABASE_URL: API_KEY,
    BEHEST_TTL: API_KEY,
    BEHEST_TIER: EMAIL,
    BEHEST_USER_CHECK: HMAC.secret,
    CORS_ORIGIN: EMAIL,
    BEHEST_MODEL_POLICY: EMAIL,
    BEHEST_PLAN_TIERS: EMAIL,
  }],
];

for (const [code, what, settings, routes, sent] of OUTCOMES) {
  Deno.test(`${code} (${what}) tells no secret, neither to the caller nor to the log`, async () => {
    const world = await World.make(settings, routes);
    const token = sent?.token ?? TOKEN;
    const answer = await world.ask(sent);
    assertCode(answer, code);
    // The answer's own token is its purpose; all beside it is not.
    const { token: minted, ...rest } = answer.body;
    const told = JSON.stringify(rest) + JSON.stringify([...answer.headers]);
    for (const [where, text] of [["answer", told], ["log", world.log]] as const) {
      for (const secret of SECRETS) assert.ok(!text.includes(secret), `${where} holds ${secret}`);
      for (const part of `${token}.${minted ?? ""}.${ALIEN}`.split(".")) {
        assert.ok(part.length < 12 || !text.includes(part), `${where} holds a part of a token`);
      }
      assert.ok(!/eyJ/.test(text), `${where} holds something like a token`);
    }
  });
}

Deno.test("a bug is internal: its details are in the log alone, and the next request is served", async () => {
  const detail = `bug-${random(9)}`;
  const world = await World.make();
  const now = world.clock.now;
  world.clock.now = () => {
    throw new Error(detail);
  };
  const answer = await world.ask();
  assertCode(answer, "internal");
  assert.ok(!answer.text.includes(detail));
  assert.ok(world.log.includes(detail));
  world.clock.now = now;
  assertCode(await world.ask(), "ok");
});

Deno.test("on a platform without SubtleCrypto every answer is internal, until there is one", async () => {
  const world = await World.make();
  Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
  try {
    assertCode(await world.ask({ token: TOKEN }), "internal");
  } finally {
    Reflect.deleteProperty(crypto, "subtle");
  }
  assert.match(world.log, /SubtleCrypto/);
  assertCode(await world.ask({ token: TOKEN }), "ok");
});

Deno.test("every code of the contract is among the outcomes whose secrecy is tested", () => {
  const tested = new Set([...OUTCOMES.map(([code]) => code), "internal"]);
  assert.deepEqual(Object.keys(STATUS).filter((code) => !tested.has(code)), []);
  assert.ok(SECRETS.every((secret) => secret.length > 5), SUB);
});
