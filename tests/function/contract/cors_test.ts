/** Contract, "CORS": one test a sentence. */
import assert from "node:assert/strict";
import { Core } from "../../../pkg/behest_token.js";
import { expectCode, expectUncalled } from "../../support/expect.ts";
import { type Answer, ORIGIN, type Settings, World } from "../../support/world.ts";

const EVIL = "https://evil.example";

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

const REFUSED = ["*", `${ORIGIN},*`, "https://*", "https://*.com", "http://*.example", "null"];
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

Deno.test("OPTIONS for an origin that is not allowed is 204, and opens nothing", async () => {
  const world = await World.make();
  const answer = await world.ask({ method: "OPTIONS", origin: EVIL, token: null });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get("Access-Control-Allow-Origin"), null);
  assert.equal(answer.headers.get("Access-Control-Allow-Credentials"), null);
  assert.equal(answer.headers.get("Vary"), "Origin");
});
