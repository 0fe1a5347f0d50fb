import { corsHeaders } from "@supabase/supabase-js/cors";
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../support/expect.ts";
import { type Answer, ORIGIN, World } from "../support/world.ts";

const LIST =
  "https://app.example.com, https://slash.example/,https://*.preview.example, http://localhost:5173";

const ORIGINS: [string, boolean][] = [
  ["https://app.example.com", true],
  ["https://slash.example", true],
  ["http://localhost:5173", true],
  ["https://a.preview.example", true],
  ["https://a-b-7.preview.example", true],
  ["https://preview.example", false],
  ["https://a.b.preview.example", false],
  ["https://.preview.example", false],
  ["https://a.preview.example.evil.example", false],
  ["https://evilpreview.example", false],
  ["https://a.evilpreview.example", false],
  ["http://a.preview.example", false],
  ["https://a.preview.example:8443", false],
  ["https://evil.example/.preview.example", false],
  ["https://evil.example#.preview.example", false],
  ["https://evil.example?.preview.example", false],
  ["https://evil.example:443.preview.example", false],
  ["https://user@a.preview.example", false],
  ["https://evil%2epreview.example", false],
  ["https://a.previewXexample", false],
  ["http://app.example.com", false],
  ["https://app.example.com:8443", false],
  ["https://app.example.com.evil.example", false],
  ["https://app.example.co", false],
  ["https://xapp.example.com", false],
  ["https://evil.example,https://app.example.com", false],
  ["https://app.example.com https://evil.example", false],
  ["http://localhost", false],
  ["http://localhost:51730", false],
  ["https://localhost:5173", false],
  ["null", false],
  ["*", false],
  ["", false],
];

function assertOpen({ headers }: Answer, origin: string): void {
  assert.equal(headers.get("Access-Control-Allow-Origin"), origin);
  assert.equal(headers.get("Access-Control-Allow-Credentials"), "true");
  assert.match(headers.get("Vary") ?? "", /\bOrigin\b/);
}

function assertShut({ headers }: Answer): void {
  assert.equal(headers.get("Access-Control-Allow-Origin"), null);
}

for (const [origin, allowed] of ORIGINS) {
  Deno.test(`the origin ${JSON.stringify(origin)} is ${allowed ? "allowed" : "refused"}`, async () => {
    const world = await World.make({ CORS_ORIGIN: LIST });
    const preflight = await world.ask({ method: "OPTIONS", origin, token: null });
    assert.equal(preflight.status, 204);
    assert.deepEqual(world.calls, []);
    if (allowed) {
      assertOpen(await expectCode(world, { origin }, "ok"), origin);
      assertOpen(preflight, origin);
    } else {
      assertShut(await expectUncalled(world, { origin }, "origin_forbidden"));
      assertShut(preflight);
    }
  });
}

function assertPreflight(answer: Answer): void {
  assert.equal(answer.status, 204);
  assert.equal(answer.text, "");
  assertOpen(answer, ORIGIN);
  const list = (name: string) => (answer.headers.get(name) ?? "").split(/,\s*/);
  assert.deepEqual(list("Access-Control-Allow-Methods"), ["POST", "OPTIONS"]);
  const allowed = list("Access-Control-Allow-Headers").map((name) => name.toLowerCase());
  const sent = corsHeaders["Access-Control-Allow-Headers"].split(/,\s*/);
  for (const name of ["authorization", "apikey", "content-type", "x-client-info", ...sent]) {
    assert.ok(allowed.includes(name.toLowerCase()), name);
  }
}

/** What a browser asks before supabase-js's `functions.invoke`. */
const PREFLIGHT = {
  method: "OPTIONS",
  origin: ORIGIN,
  token: null,
  headers: {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "apikey,authorization,content-type,x-client-info",
  },
};

Deno.test("a preflight allows every header that supabase-js sends, and calls nobody", async () => {
  const world = await World.make();
  assertPreflight(await world.ask(PREFLIGHT));
  assert.deepEqual(world.calls, []);
});

Deno.test("a preflight is answered even when misconfigured, so that a browser can read the fault", async () => {
  const world = await World.make({ BEHEST_KEY: undefined, SUPABASE_URL: undefined });
  assertPreflight(await world.ask(PREFLIGHT));
  const { headers } = await expectCode(world, { origin: ORIGIN }, "misconfigured");
  assert.equal(headers.get("Access-Control-Allow-Origin"), ORIGIN);
  const empty = await World.make({
    BEHEST_KEY: undefined,
    SUPABASE_URL: undefined,
    CORS_ORIGIN: "*",
  });
  assert.equal((await empty.ask(PREFLIGHT)).status, 204);
});

Deno.test("an OPTIONS request with no Origin is answered 204", async () => {
  const answer = await (await World.make()).ask({ method: "OPTIONS", token: null });
  assert.equal(answer.status, 204);
  assertShut(answer);
});
