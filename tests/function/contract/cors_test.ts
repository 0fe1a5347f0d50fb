/** Contract, "CORS": one test a sentence. */
import assert from "node:assert/strict";
import { Core } from "../../../pkg/behest_token.js";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { type Answer, ORIGIN, type Settings, World } from "../../support/world.ts";

const EVIL = "https://evil.example";
const MIDDLE = "https://my-app-*-my-team.vercel.app";

function corsOf({ headers }: Answer): string[] {
  return [...headers].map(([name]) => name).filter((name) => name.startsWith("access-control-"));
}

const ENTRIES: [string, string, string, boolean][] = [
  ["an exact origin allows itself", ORIGIN, ORIGIN, true],
  ["an exact origin allows no other scheme", ORIGIN, "http://app.example.com", false],
  ["an exact origin allows no other port", ORIGIN, `${ORIGIN}:8443`, false],
  ["an exact origin allows no subdomain", ORIGIN, "https://a.app.example.com", false],
  ["an exact origin allows no name that it begins", ORIGIN, `${ORIGIN}.evil.example`, false],
  ["an origin keeps its own port", "http://localhost:5173", "http://localhost:5173", true],
  ["each of a list is allowed: the first", `${ORIGIN},https://b.example`, ORIGIN, true],
  [
    "each of a list is allowed: the last",
    `${ORIGIN}, https://b.example`,
    "https://b.example",
    true,
  ],
  ["a list allows none beside it", `${ORIGIN},https://b.example`, EVIL, false],
  ["a subdomain label is allowed by *.", "https://*.b.example", "https://x.b.example", true],
  ["*. stands for one label, not two", "https://*.b.example", "https://x.y.b.example", false],
  ["*. stands for one label, not none", "https://*.b.example", "https://b.example", false],
  ["*. ends at a dot", "https://*.b.example", "https://xb.example", false],
  ["*. is https alone", "https://*.b.example", "http://x.b.example", false],
  ["a trailing slash is forgiven", `${ORIGIN}/`, ORIGIN, true],
  ["a trailing slash is forgiven after *.", "https://*.b.example/", "https://x.b.example", true],
  ["the origin null is no origin of anyone's", ORIGIN, "null", false],
  ["* stands for a part of a label", MIDDLE, "https://my-app-git-main-2-my-team.vercel.app", true],
  ["* stands for one character or more", MIDDLE, "https://my-app-x-my-team.vercel.app", true],
  ["* stands for no less", MIDDLE, "https://my-app--my-team.vercel.app", false],
  [
    "what is before and after * does not overlap",
    MIDDLE,
    "https://my-app-my-team.vercel.app",
    false,
  ],
  ["* stands for no dot", MIDDLE, "https://my-app-x.y-my-team.vercel.app", false],
  ["* stands for no capital", MIDDLE, "https://my-app-X-my-team.vercel.app", false],
  ["* stands for no other letter", MIDDLE, "https://my-app-é-my-team.vercel.app", false],
  ["* stands for no slash", MIDDLE, "https://my-app-x/-my-team.vercel.app", false],
  ["* stands for no @", MIDDLE, "https://my-app-x@y-my-team.vercel.app", false],
  ["what is before * must be there", MIDDLE, "https://app-x-my-team.vercel.app", false],
  ["what is after * must be there", MIDDLE, "https://my-app-x-team.vercel.app", false],
  ["what is after * is the end", MIDDLE, "https://my-app-x-my-team.vercel.app.b.example", false],
  [
    "* may begin a label",
    "https://*--0f1e.lovable.app",
    "https://id-preview--0f1e.lovable.app",
    true,
  ],
  ["* may end a label", "https://my-*.b.example", "https://my-app.b.example", true],
  ["* has the scheme that is before it", "http://*.b.example", "http://x.b.example", true],
  ["* has no other scheme", "http://*.b.example", "https://x.b.example", false],
  ["* has the port that is after it", "https://*.b.example:8443", "https://x.b.example:8443", true],
  ["* has no other port", "https://*.b.example:8443", "https://x.b.example", false],
  ["white space separates", `${ORIGIN} https://b.example`, "https://b.example", true],
  ["any white space separates", `\n${ORIGIN}\n\thttps://b.example\r\n`, ORIGIN, true],
  ["commas and white space separate together", `${ORIGIN} ,\n, https://b.example`, ORIGIN, true],
  ["a list in quotes is read without them", `"${ORIGIN}, https://b.example"`, ORIGIN, true],
];

for (const [rule, CORS_ORIGIN, origin, allowed] of ENTRIES) {
  Deno.test(`${rule}: ${allowed ? "allowed" : "origin_forbidden"}`, async () => {
    const world = await World.make({ CORS_ORIGIN });
    const preflight = await world.ask({ method: "OPTIONS", origin, token: null });
    assert.equal(preflight.status, 204);
    const answer = allowed
      ? await expectCode(world, { origin }, "ok")
      : await expectUncalled(world, { origin }, "origin_forbidden");
    for (const { headers } of [preflight, answer]) {
      assert.equal(headers.get("Access-Control-Allow-Origin"), allowed ? origin : null);
      assert.equal(headers.get("Access-Control-Allow-Credentials"), allowed ? "true" : null);
    }
  });
}

Deno.test("unset, no browser origin is allowed, and the 403 says which setting to set", async () => {
  for (const CORS_ORIGIN of [undefined, "", " , "]) {
    const world = await World.make({ CORS_ORIGIN });
    const answer = await expectUncalled(world, { origin: ORIGIN }, "origin_forbidden");
    assert.match(answer.message, /\bCORS_ORIGIN\b/);
    assert.deepEqual(corsOf(answer), []);
  }
});

const REFUSED = [
  ...["*", `${ORIGIN},*`, `${ORIGIN} *`, "https://*", "https://*.com", "http://*.example", "null"],
  ...["https://a.*.b.example", "https://*.*.b.example", "https://**.b.example", "https://*.b.*"],
  ...["*://a.b.example", "*.b.example", "//*.b.example", "https://a.b.example:*", "https://*:8443"],
  ...["https://*.b.example/path", "https://user@*.b.example", "https://*@a.b.example"],
];
for (const CORS_ORIGIN of REFUSED) {
  Deno.test(`CORS_ORIGIN=${CORS_ORIGIN} is misconfigured, and lets no page in`, async () => {
    const world = await World.make({ CORS_ORIGIN });
    const answer = await expectUncalled(world, { origin: EVIL }, "misconfigured");
    assert.match(answer.message, /\bCORS_ORIGIN\b/);
    assert.deepEqual(corsOf(answer), []);
  });
}

Deno.test("an allowed origin is echoed back, with credentials, Vary and the headers it may read", async () => {
  const { headers } = await expectCode(await World.make(), { origin: ORIGIN }, "ok");
  assert.equal(headers.get("Access-Control-Allow-Origin"), ORIGIN);
  assert.equal(headers.get("Access-Control-Allow-Credentials"), "true");
  assert.equal(headers.get("Vary"), "Origin");
  const exposed = headers.get("Access-Control-Expose-Headers");
  assert.equal(exposed, "Retry-After, Server-Timing, X-Trace-Id");
});

Deno.test("a request with no Origin is served without CORS headers", async () => {
  assert.deepEqual(corsOf(await expectCode(await World.make(), {}, "ok")), []);
});

Deno.test("a refusal for an origin that is not allowed has no CORS headers", async () => {
  const world = await World.make();
  assert.deepEqual(corsOf(await expectCode(world, { origin: EVIL }, "origin_forbidden")), []);
});

/** `OPTIONS` from an allowed page, under these settings. */
async function preflight(settings: Settings = {}): Promise<[World, Answer]> {
  const world = await World.make(settings);
  return [world, await world.ask({ method: "OPTIONS", origin: ORIGIN, token: null })];
}

Deno.test("OPTIONS answers 204 without a body, and touches no upstream", async () => {
  const [world, answer] = await preflight({ SUPABASE_JWKS: undefined });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.deepEqual(world.calls, []);
});

const BROKEN: [string, Settings][] = [
  ["a missing setting", { BEHEST_KEY: undefined }],
  ["a wrong setting", { BEHEST_TTL: "1" }],
  ["a key that cannot sign", { BEHEST_KEY: "behest_pk_broken" }],
];
for (const [what, settings] of BROKEN) {
  Deno.test(`OPTIONS is answered like any other with ${what}`, async () => {
    const [world, answer] = await preflight(settings);
    const [, healthy] = await preflight();
    assert.equal(answer.status, 204);
    assert.deepEqual([...answer.headers], [...healthy.headers]);
    assert.deepEqual(world.calls, []);
  });
}

Deno.test("OPTIONS is answered even where the function cannot start, and opens nothing", async () => {
  const world = await World.make();
  const { open } = Core;
  Core.open = () => Promise.reject(new Error("no memory"));
  try {
    await expectUncalled(world, { origin: ORIGIN }, "internal");
    const answer = await world.ask({ method: "OPTIONS", origin: ORIGIN, token: null });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("Access-Control-Allow-Origin"), null);
  } finally {
    Core.open = open;
  }
  await expectCode(world, { origin: ORIGIN }, "ok", "and it starts when it can");
});

Deno.test("OPTIONS allows POST and OPTIONS", async () => {
  const [, { headers }] = await preflight();
  assert.equal(headers.get("Access-Control-Allow-Methods"), "POST, OPTIONS");
});

for (const name of ["authorization", "apikey", "content-type", "x-client-info"]) {
  Deno.test(`OPTIONS allows the header ${name}, which supabase-js sends`, async () => {
    const [, { headers }] = await preflight();
    const allowed = (headers.get("Access-Control-Allow-Headers") ?? "").split(", ");
    assert.ok(allowed.includes(name), allowed.join());
  });
}

/** What a preflight from an allowed page that asks for these headers allows. */
async function allowedTo(asked: string): Promise<string[]> {
  const headers = { "Access-Control-Request-Headers": asked };
  const sent = { method: "OPTIONS", origin: ORIGIN, token: null, headers };
  const answer = await (await World.make()).ask(sent);
  assert.equal(answer.status, 204);
  return (answer.headers.get("Access-Control-Allow-Headers") ?? "").split(", ");
}

Deno.test("OPTIONS allows every header that it is asked for, and each once", async () => {
  const allowed = await allowedTo("apikey,x-my-own,  Sentry-Trace ,X-MY-OWN,!#$%&'*+-.^_`|~1");
  for (const name of ["x-my-own", "sentry-trace", "!#$%&'*+-.^_`|~1"]) {
    assert.ok(allowed.includes(name), allowed.join());
  }
  assert.equal(new Set(allowed).size, allowed.length);
});

Deno.test("OPTIONS leaves out what is no token of RFC 9110", async () => {
  const bad = ["x y", "a:b", '"q"', "a(b)", "a/b", "a;b", "a=b", "é", "a@b", "{a}", "[a]", "a\\b"];
  const allowed = await allowedTo([...bad, "x-good"].join(","));
  assert.deepEqual(allowed, await allowedTo("x-good"));
  assert.deepEqual(await allowedTo(",, ,"), await allowedTo("apikey"));
});

Deno.test("OPTIONS takes 64 names and 2 KiB of what it is asked for, and no part of a name", async () => {
  const own = (await allowedTo("apikey")).length;
  const names = (length: number) => (_: unknown, nth: number) => `x-${nth}-`.padEnd(length, "a");
  const many = Array.from({ length: 100 }, names(8));
  assert.deepEqual((await allowedTo(many.join())).slice(own), many.slice(0, 64));
  const long = Array.from({ length: 30 }, names(100));
  assert.deepEqual((await allowedTo(long.join())).slice(own), long.slice(0, 20));
  assert.equal((await allowedTo("a".repeat(4096))).length, own);
});

Deno.test("a pattern that any customer of its host can meet works, and is warned of", async () => {
  for (const host of ["vercel.app", "netlify.app", "lovable.app", "github.io", "workers.dev"]) {
    const open = await World.make({ CORS_ORIGIN: `https://*.${host}` });
    await expectCode(open, { origin: `https://x.${host}` }, "ok");
    assert.match(open.log, new RegExp(`CORS_ORIGIN: .*${host}`));
    const own = await World.make({ CORS_ORIGIN: `https://my-app-*.${host}` });
    await expectCode(own, { origin: `https://my-app-x.${host}` }, "ok");
    assert.doesNotMatch(own.log, /CORS_ORIGIN/);
  }
});

Deno.test("OPTIONS for an origin that is not allowed is 204, and opens nothing", async () => {
  const world = await World.make();
  const headers = { "Access-Control-Request-Headers": "authorization,x-my-own" };
  const answer = await world.ask({ method: "OPTIONS", origin: EVIL, token: null, headers });
  assert.equal(answer.status, 204);
  const allowed = (answer.headers.get("Access-Control-Allow-Headers") ?? "").split(", ");
  assert.ok(!allowed.includes("x-my-own"), "what it asks for is not granted");
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), null);
  assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
  assert.equal(answer.headers.get("Vary"), "Origin");
});
