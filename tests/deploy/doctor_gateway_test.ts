/** Whether the Behest gateway takes the token, from the page. */
import assert from "node:assert/strict";
import { type Bend, withHeader } from "../support/doctor_front.ts";
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
    const models = (each: Request) => each.url.endsWith("/v1/models");
    const known = await visit(stack, {
      bendGateway: async (request, pass) => {
        const answer = await pass();
        return models(request) && answer.ok ? new Response(null, { status }) : answer;
      },
    });
    assertCross(known, "gateway_token", meaning, /./);
    if (status === 402) continue;
    const always = await visit(stack, {
      bendGateway: (request, pass) => models(request) ? new Response(null, { status }) : pass(),
    });
    assertCross(always, "gateway_token", meaning, /./);
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
  for (const status of [400, 402, 404]) {
    const examined = await visit(stack, { bendGateway: toTokens(() => ({ status })) });
    assert.deepEqual(idsOf(examined, "skipped"), ["gateway_token"]);
    assert.equal(examined.exit, 0);
  }
  // A public list of models shows nothing, and neither does a chat that is read before the token.
  const list = await visit(stack, {
    bendGateway: toTokens(({ method }) => ({ status: method === "GET" ? 200 : 400 })),
  });
  assert.deepEqual([idsOf(list, "skipped"), list.exit], [["gateway_token"], 0]);
});

Deno.test("a gateway that takes a broken token, too, or redirects, is a cross", async () => {
  const open = await visit(stack, { bendGateway: toTokens(() => ({ status: 200 })) });
  assertCross(open, "gateway_token", /broken signature is taken, too \(200\)/, /no token there/);
  const headers = { Location: "https://evil.example/" };
  const moved = await visit(stack, { bendGateway: toTokens(() => ({ status: 308, headers })) });
  assertCross(moved, "gateway_token", /redirects \(308\)/, /BEHEST_BASE_URL/);
  assert.ok(!moved.out.includes("evil"));
  // Either may be so for the list of models alone.
  for (const status of [200, 307]) {
    const examined = await visit(stack, {
      bendGateway: toTokens(({ url }) => url.endsWith("/v1/models") ? { status } : undefined),
    });
    assertWell(examined);
  }
});

Deno.test("a key set that is too large to be read is called so", async () => {
  const examined = await visit(stack, {
    bendGateway: (request, pass) =>
      request.url.endsWith("/jwks.json") ? new Response(" ".repeat(65_537)) : pass(),
  });
  assertCross(examined, "jwks", /more than 64 KiB are too large/, /./);
});

/** Answers whoever shows a token in the gateway's place. */
function toTokens(answer: (request: Request) => ResponseInit | undefined): Bend {
  return (request, pass) => {
    const init = request.headers.has("Authorization") ? answer(request) : undefined;
    return init ? new Response(null, init) : pass();
  };
}

testThatNoSecretWasPrinted();
