/** What a browser would let the page do, on the real stack. */
import assert from "node:assert/strict";
import { withHeader } from "../support/doctor_front.ts";
import { AFTER_SESSION, assertCross, examine, idsOf } from "../support/doctor_run.ts";
import { atSite, bendFunction, PAGE, visit } from "../support/doctor_site.ts";
import {
  assertWell,
  meaningOf,
  stack,
  testThatNoSecretWasPrinted,
  useStack,
} from "../support/doctor_stack.ts";

useStack();

Deno.test("a preflight without x-client-info is a cross that names it", async () => {
  const examined = await visit(stack, {
    bend: bendFunction(async (request, pass) => {
      const answer = await pass();
      if (request.method !== "OPTIONS") return answer;
      return withHeader(
        answer,
        "Access-Control-Allow-Headers",
        "authorization, content-type, apikey",
      );
    }),
  });
  assertCross(examined, "preflight", /does not allow x-client-info\./, /functions deploy/);
});

Deno.test("a preflight is judged as a browser judges it", async () => {
  for (
    const [name, value, meaning] of [
      ["Access-Control-Allow-Headers", "*", /does not allow authorization\./],
      ["Access-Control-Allow-Credentials", undefined, /credentials/],
      ["Access-Control-Allow-Origin", "*", /Every page/],
    ] as const
  ) {
    const examined = await visit(stack, {
      bend: bendFunction(async (request, pass) =>
        request.method === "OPTIONS" ? withHeader(await pass(), name, value) : await pass()
      ),
    });
    assertCross(examined, "preflight", meaning, /functions deploy/);
  }
  const refused = await visit(stack, {
    bend: bendFunction((request, pass) =>
      request.method === "OPTIONS" ? new Response(null, { status: 401 }) : pass()
    ),
  });
  assertCross(refused, "preflight", /status 401/, /verify_jwt/);
});

Deno.test("an origin that CORS_ORIGIN lacks is a cross, and the rest is still checked", async () => {
  const settings = { CORS_ORIGIN: "https://www.my.app,http://localhost:5173" };
  const strange = ["--origin", "https://elsewhere.example"];
  const gateway = /gateway/;
  const examined = await visit(stack, { settings }, { args: strange });
  assert.deepEqual(idsOf(examined, "failed"), ["origin", "gateway_origin"]);
  assert.deepEqual(idsOf(examined, "skipped"), []);
  const [origin, atGateway] = examined.checks.filter(({ status }) => status === "failed");
  assert.match(
    origin.meaning,
    /https:\/\/elsewhere\.example may not ask \(403 origin_forbidden\)\.$/,
  );
  assert.match(origin.advice ?? "", /CORS_ORIGIN=https:\/\/elsewhere\.example/);
  assert.match(atGateway.meaning, gateway);

  const here = await visit(stack, { settings });
  assertCross(here, "origin", /does allow http:\/\/localhost:5173/, /CORS_ORIGIN=/);
});

Deno.test("an origin that is off by scheme, port or www gets a hint", async () => {
  const settings = { CORS_ORIGIN: "https://www.my.app,http://localhost:5173" };
  const near = [
    ["https://my.app", "https://www.my.app"],
    ["http://www.my.app", "https://www.my.app"],
    ["http://localhost:8080", "http://localhost:5173"],
  ];
  await atSite(stack, { settings }, async (url) => {
    for (const [origin, allowed] of near) {
      const examined = await examine(["--url", url, "--origin", origin]);
      const hint = new RegExp(`does allow ${allowed}: scheme`);
      assertCross(examined, "origin", hint, /CORS_ORIGIN=/, ["session", ...AFTER_SESSION]);
    }
  });
});

Deno.test("an origin given with a path is cut, and the report says so", async () => {
  const examined = await visit(stack, {}, { args: ["--origin", `${PAGE}/app?x=1`] });
  assertWell(examined);
  assert.match(meaningOf(examined, "origin"), /An origin ends before the path/);
});

Deno.test("an answer that browsers hide is a cross, though the preflight passes", async () => {
  const examined = await visit(stack, {
    bend: bendFunction(async (request, pass) => {
      const answer = await pass();
      if (request.method === "OPTIONS") return answer;
      return withHeader(answer, "Access-Control-Allow-Origin", undefined);
    }),
  });
  assertCross(examined, "origin", /Only one of preflight and answer/, /proxy/);
});

Deno.test("an app's own origin is asked for as it stands", async () => {
  const site = { settings: { CORS_ORIGIN: "capacitor://localhost" } };
  const examined = await visit(stack, site, { args: ["--origin", "capacitor://localhost/"] });
  assert.equal(meaningOf(examined, "origin"), "A page of capacitor://localhost may ask.");
});

testThatNoSecretWasPrinted();
