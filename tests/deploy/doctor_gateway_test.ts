/** Whether the Behest gateway takes the token, from the page. */
import assert from "node:assert/strict";
import { withHeader } from "../support/doctor_front.ts";
import { assertCross, idsOf } from "../support/doctor_run.ts";
import { gatewayWithoutPages, signing, visit } from "../support/doctor_site.ts";
import {
  assertWell,
  meaningOf,
  stack,
  testThatNoSecretWasPrinted,
  useStack,
} from "../support/doctor_stack.ts";

useStack();

Deno.test("a gateway that does not know the key, or has another one, is a cross", async () => {
  const bent = (change: (key: Record<string, string>, other: string) => void) =>
    visit(stack, {
      bendGateway: async (request, pass) => {
        const answer = await pass();
        if (!request.url.endsWith("/jwks.json")) return answer;
        const { keys } = await answer.json();
        const [first, second] = keys.map(({ n }: { n: string }) => n);
        for (const key of keys) change(key, key.n === first ? second : first);
        return Response.json({ keys });
      },
    });
  assertCross(await bent((key) => key.kid = "old"), "jwks", /does not know the key/, /BEHEST_KID/);
  assertCross(await bent((key, n) => key.n = n), "jwks", /does not fit/, /BEHEST_KEY/);
});

Deno.test("a gateway that refuses the page is a cross of its own", async () => {
  const gateway = await gatewayWithoutPages(stack.credentials);
  try {
    const settings = { ...signing(stack), BEHEST_BASE_URL: gateway.url };
    const examined = await visit(stack, { settings });
    assertCross(examined, "gateway_origin", /does not let a page/, /allowed origins/);
  } finally {
    await gateway.stop();
  }
});

Deno.test("a gateway's leave is read from its headers, and may be for every page", async () => {
  const bent = (origin: string | undefined) =>
    visit(stack, {
      bendGateway: async (request, pass) =>
        request.method === "OPTIONS"
          ? withHeader(await pass(), "Access-Control-Allow-Origin", origin)
          : await pass(),
    });
  assertCross(await bent(undefined), "gateway_origin", /does not let a page/, /allowed origins/);
  assertWell(await bent("*"));
});

Deno.test("a gateway whose preflight lacks a header is a cross that names it", async () => {
  const examined = await visit(stack, {
    bendGateway: async (request, pass) => {
      const answer = await pass();
      if (request.method !== "OPTIONS") return answer;
      return withHeader(answer, "Access-Control-Allow-Headers", "authorization, content-type");
    },
  });
  assertCross(examined, "gateway_origin", /does not allow x-session-id/, /./);
});

Deno.test("a gateway that refuses the token is a cross", async () => {
  const settings = { ...signing(stack), BEHEST_TENANT_ID: crypto.randomUUID() };
  const tenant = await visit(stack, { settings });
  assertCross(tenant, "gateway_token", /refuses the token \(403\)/, /BEHEST_TENANT_ID/);

  const issuer = { ...signing(stack), BEHEST_ISSUER: "https://issuer.example" };
  const refused = await visit(stack, { settings: issuer });
  assertCross(refused, "gateway_token", /refuses the token \(401\)/, /BEHEST_ISSUER/);

  for (const [status, meaning] of [[402, /quota/], [429, /no more/], [500, /failed/]] as const) {
    const examined = await visit(stack, {
      bendGateway: (request, pass) =>
        request.url.endsWith("/v1/models") ? new Response(null, { status }) : pass(),
    });
    assertCross(examined, "gateway_token", meaning, /./);
  }
});

Deno.test("a gateway without a list of models, or with a public one, is asked for free", async () => {
  for (const status of [404, 200]) {
    const examined = await visit(stack, {
      bendGateway: (request, pass) =>
        request.url.endsWith("/v1/models") ? Response.json({}, { status }) : pass(),
    });
    assertWell(examined);
    assert.match(meaningOf(examined, "gateway_token"), /empty chat, which no model sees/);
  }
});

Deno.test("a gateway that answers everyone alike gets no tick", async () => {
  const examined = await visit(stack, {
    bendGateway: (request, pass) =>
      request.headers.has("Authorization") ? new Response(null, { status: 400 }) : pass(),
  });
  assert.deepEqual(idsOf(examined, "skipped"), ["gateway_token"]);
  assert.equal(examined.exit, 0);
});

testThatNoSecretWasPrinted();
