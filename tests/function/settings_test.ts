import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { expectCode, expectUncalled } from "../support/expect.ts";
import { createHandler } from "../../supabase/functions/behest-token/handler.ts";
import { hmacToken, random, signerOf } from "../support/keys.ts";
import { json } from "../support/upstreams.ts";
import {
  API_KEY,
  BASE_URL,
  goodToken,
  PUBLISHABLE_KEY,
  type Settings,
  SUPABASE_URL,
  World,
} from "../support/world.ts";

/** Each unlike any word of a message, so that it is seen wherever it comes out. */
const mark = () => `zq${random(9)}`;

const WRONG: [string, string][] = [
  ["SUPABASE_URL", `ftp://${mark()}.example`],
  ["SUPABASE_PUBLISHABLE_KEYS", `{"default": ${mark()}`],
  ["SUPABASE_JWKS", `{"keys": ${mark()}`],
  ["SUPABASE_JWKS", `{"sets": "${mark()}"}`],
  ["BEHEST_KEY", mark()],
  ["BEHEST_BASE_URL", mark()],
  ["BEHEST_BASE_URL", `http://${mark()}.example`],
  ["BEHEST_BASE_URL", `http://127.0.0.1.${mark()}.example`],
  ["BEHEST_BASE_URL", `http://localhost.${mark()}.example`],
  ["BEHEST_BASE_URL", `http://localhost@${mark()}.example`],
  ["BEHEST_BASE_URL", `javascript:${mark()}`],
  ["BEHEST_TTL", "59"],
  ["BEHEST_TTL", "86401"],
  ["BEHEST_TTL", "-900"],
  ["BEHEST_TTL", "900.5"],
  ["BEHEST_TTL", mark()],
  ["BEHEST_TIER", mark()],
  ["BEHEST_TIER", "1.5"],
  ["BEHEST_PLAN_TIERS", `{"${mark()}"`],
  ["BEHEST_PLAN_TIERS", `["${mark()}"]`],
  ["BEHEST_PLAN_TIERS", `{"free":"${mark()}"}`],
  ["BEHEST_PLAN_ON_ERROR", mark()],
  ["BEHEST_MODEL_POLICY", `{"${mark()}"`],
  ["BEHEST_MODEL_POLICY", `["${mark()}"]`],
  ["BEHEST_MODEL_POLICY", `{"gpt-4o":"${mark()}"}`],
  ["BEHEST_USER_CHECK", mark()],
  ["BEHEST_ANONYMOUS", mark()],
  ["BEHEST_UID_CLAIM", `user_metadata.${mark()}`],
  ["BEHEST_PLAN_CLAIM", `user_metadata.${mark()}`],
  ["CORS_ORIGIN", "*"],
];

function assertSilent(world: World, text: string, values: string[]): void {
  for (const value of values) {
    const [secret] = /zq[\w-]{12}/.exec(value) ?? [];
    if (secret) assert.ok(!`${text}\n${world.log}`.includes(secret), "no value is told");
  }
}

for (const [name, value] of WRONG) {
  const shown = value.replace(/zq[\w-]{12}/, "…");
  Deno.test(`${name} of ${shown} is misconfigured by its name, without its value`, async () => {
    const world = await World.make({ [name]: value });
    const { message, text } = await expectUncalled(world, {}, "misconfigured");
    assert.ok(message.includes(name), message);
    for (const [other] of WRONG) {
      if (!name.startsWith(other)) assert.ok(!message.includes(other), `${other} is not at fault`);
    }
    assertSilent(world, text, [value]);
    assert.equal(world.line.code, "misconfigured");
  });
}

Deno.test("every setting that is at fault is named, all of them at once, and never a value", async () => {
  const settings: Settings = Object.fromEntries(WRONG);
  const world = await World.make(settings);
  const { message, text } = await expectUncalled(world, {}, "misconfigured");
  for (const name of Object.keys(settings)) assert.ok(message.includes(name), name);
  assertSilent(world, text, Object.values(settings).map(String));
});

const REQUIRED = ["SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEYS", "BEHEST_KEY", "BEHEST_BASE_URL"];
const NOTHING: Settings = {
  ...Object.fromEntries(REQUIRED.map((name) => [name, undefined])),
  SUPABASE_JWKS: undefined,
  CORS_ORIGIN: undefined,
};

Deno.test("with every variable missing, one answer names all that are required", async () => {
  const { message } = await expectUncalled(await World.make(NOTHING), {}, "misconfigured");
  for (const name of REQUIRED) assert.ok(message.includes(name), name);
});

for (const name of REQUIRED) {
  Deno.test(`without ${name} alone, it alone is named`, async () => {
    const world = await World.make({ [name]: undefined });
    const { message } = await expectUncalled(world, {}, "misconfigured");
    assert.deepEqual(REQUIRED.filter((other) => message.includes(other)), [name]);
  });
}

Deno.test("misconfigured is answered before the token is looked at", async () => {
  const world = await World.make(NOTHING);
  for (const token of [null, "", "a.b.c"]) await expectUncalled(world, { token }, "misconfigured");
});

Deno.test("a publishable key is required only where Supabase is called", async () => {
  const off = { BEHEST_USER_CHECK: "claims", BEHEST_PLAN_CLAIM: "app_metadata.plan" };
  const world = await World.make({ ...off, SUPABASE_PUBLISHABLE_KEYS: undefined });
  await expectCode(world, {}, "ok");
  for (const one of Object.keys(off)) {
    const needing = await World.make({
      ...off,
      [one]: undefined,
      SUPABASE_PUBLISHABLE_KEYS: undefined,
    });
    await expectUncalled(needing, {}, "misconfigured", one);
  }
});

for (const host of ["127.0.0.1", "localhost", "[::1]"]) {
  Deno.test(`the base URL may be http on ${host}`, async () => {
    const world = await World.make({ BEHEST_BASE_URL: `http://${host}:8787` });
    await expectCode(world, {}, "ok");
    assert.equal(world.to("mint")[0]?.url, `http://${host}:8787/v1/auth/mint`);
  });
}

Deno.test("the service role and secret keys are never used, and never asked for", async () => {
  const secret = mark();
  const world = await World.make({
    SUPABASE_SERVICE_ROLE_KEY: secret,
    SUPABASE_SECRET_KEYS: `{"default":"${secret}"}`,
    SUPABASE_DB_URL: `postgres://${secret}`,
  });
  await expectCode(world, {}, "ok");
  assert.ok(!JSON.stringify(world.calls).includes(secret));
});

Deno.test("a setting that cannot be read is misconfigured, and never taken for unset", async () => {
  const names = ["JWT_ISSUER", "BEHEST_ANONYMOUS", "CORS_ORIGIN", "JWT_SECRET", "BEHEST_KEY"];
  for (const hidden of [...names.map((name) => [name]), names]) {
    const world = await World.make();
    const get = (name: string) => {
      if (hidden.includes(name)) throw new Error("NotCapable");
      return world.settings[name];
    };
    const handle = createHandler({
      env: { get },
      fetch: () => Promise.reject(new Error("nobody is called")),
      clock: world.clock,
      log: () => {},
    });
    const headers = { Authorization: `Bearer ${await goodToken()}` };
    const answer = await handle(new Request(SUPABASE_URL, { method: "POST", headers }));
    const { code, message } = (await answer.json()).error;
    assert.equal(code, "misconfigured");
    const named = [...message.matchAll(/([A-Z_]{4,}): cannot be read/g)].map(([, name]) => name);
    assert.deepEqual(named.sort(), [...hidden].sort(), message);
  }
});

Deno.test("JWT_SECRET that is a key, a token or a certificate is misconfigured: others have it, too", async () => {
  const { jwk } = await signerOf("ES256");
  const der = Buffer.from(
    await crypto.subtle.exportKey(
      "spki",
      await crypto.subtle.importKey(
        "jwk",
        jwk as JsonWebKey,
        { name: "ECDSA", namedCurve: "P-256" },
        true,
        ["verify"],
      ),
    ),
  );
  const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----`;
  const publicTexts: [string, RegExp][] = [
    [PUBLISHABLE_KEY.padEnd(40, "x"), /is an API key or a token/],
    [await goodToken(), /is an API key or a token/],
    [JSON.stringify(jwk), /is a JSON Web Key/],
    [JSON.stringify([jwk]), /is a JSON Web Key/],
    [pem, /is a PEM or DER key/],
    [pem.replaceAll("\n", "\\n"), /is a PEM or DER key/],
    [Buffer.from(pem).toString("base64"), /is a PEM or DER key/],
    [der.toString("base64"), /is a PEM or DER key/],
    [der.toString("base64url"), /is a PEM or DER key/],
    [`${SUPABASE_URL}/auth/v1`, /is a URL/],
    [crypto.randomUUID(), /is a UUID/],
    ["a".repeat(64), /is one character over and over/],
  ];
  for (const [JWT_SECRET, why] of publicTexts) {
    const { message } = await expectUncalled(
      await World.make({ JWT_SECRET, SUPABASE_JWKS: undefined }),
      { token: await hmacToken(JWT_SECRET) },
      "misconfigured",
    );
    assert.match(message, /JWT_SECRET: is /);
    assert.match(message, why);
    assert.ok(!message.includes(JWT_SECRET));
  }
});

Deno.test("JWT_SECRET that stands in the key set is misconfigured, inline or as soon as it is fetched", async () => {
  const { jwk } = await signerOf("ES256");
  const kid = `${crypto.randomUUID()}-of-the-key`;
  const keys = [{ ...jwk, kid }];
  for (const JWT_SECRET of [String(jwk.x), String(jwk.y), kid]) {
    const token = await hmacToken(JWT_SECRET);
    const inline = await World.make({ JWT_SECRET, SUPABASE_JWKS: JSON.stringify({ keys }) });
    const { message, text } = await expectUncalled(inline, { token }, "misconfigured");
    assert.match(message, /JWT_SECRET: stands in the project's key set/);
    assert.ok(!`${text}${inline.log}`.includes(JWT_SECRET));
    // A public key's token has the set fetched; from then on nobody is served.
    const settings = { JWT_SECRET, SUPABASE_JWKS: undefined };
    const fetched = await World.make(settings, { jwks: json({ keys }) });
    await expectCode(fetched, {}, "misconfigured");
    await expectCode(fetched, { token }, "misconfigured");
    assert.deepEqual(fetched.calls.map(({ route }) => route), ["jwks"]);
  }
});

Deno.test("the secrets of Supabase's own examples are warned of, and misconfigured behind https", async () => {
  for (const start of ["", "your-"]) {
    const JWT_SECRET = `${start}super-secret-jwt-token-with-at-least-32-characters-long`;
    const token = await hmacToken(JWT_SECRET);
    const local = await World.make({ JWT_SECRET, SUPABASE_URL: "http://kong:8000" });
    await expectCode(local, { token }, "ok");
    assert.match(local.log, /JWT_SECRET: is the secret of Supabase's examples/);
    const hosted = await World.make({ JWT_SECRET });
    await expectUncalled(hosted, { token }, "misconfigured");
  }
});

Deno.test("a value in a pair of quotes is read without them, with a warning that does not tell it", async () => {
  for (const quote of ['"', "'"]) {
    const quoted = (value: string) => `${quote}${value}${quote}`;
    const world = await World.make({
      BEHEST_KEY: quoted(API_KEY),
      BEHEST_BASE_URL: quoted(BASE_URL),
      BEHEST_TTL: quoted("300"),
    });
    await expectCode(world, {}, "ok");
    const [mint] = world.to("mint");
    assert.equal(mint?.headers.authorization, `Bearer ${API_KEY}`);
    assert.equal(mint?.url, `${BASE_URL}/v1/auth/mint`);
    assert.equal(JSON.parse(mint?.body ?? "{}").ttl, 300);
    for (const name of ["BEHEST_KEY", "BEHEST_BASE_URL", "BEHEST_TTL"]) {
      assert.ok(world.lines.some(({ notice }) => String(notice).includes(name)), name);
    }
    assert.ok(!world.log.includes(API_KEY));
  }
});

for (const [name, origin] of [["SUPABASE_URL", SUPABASE_URL], ["BEHEST_BASE_URL", BASE_URL]]) {
  const rows = [["/v1", "the path"], ["/x/y", "the path"], ["?a=b", "the query"], [
    "#a",
    "the fragment",
  ]];
  for (const [more, what] of rows) {
    Deno.test(`${name} with ${more} is misconfigured, and the reason says what to leave out`, async () => {
      const world = await World.make({ [name as string]: `${origin}${more}` });
      const { message } = await expectUncalled(world, {}, "misconfigured");
      assert.match(message, new RegExp(`${name}: must be .*; leave out ${what}\\b`));
    });
  }
}

Deno.test("a secret key in place of the publishable one is misconfigured", async () => {
  const secret = `sb_secret_${random(24)}`;
  const rows = [
    ["SUPABASE_PUBLISHABLE_KEYS", JSON.stringify({ default: secret })],
    ["SUPABASE_PUBLISHABLE_KEY", secret],
    ["SUPABASE_ANON_KEY", secret],
  ] as const;
  for (const [name, value] of rows) {
    const world = await World.make({ SUPABASE_PUBLISHABLE_KEYS: undefined, [name]: value });
    const { message } = await expectUncalled(world, {}, "misconfigured");
    assert.match(message, new RegExp(`${name}: is a secret key`));
    assert.ok(!message.includes(secret));
  }
});
