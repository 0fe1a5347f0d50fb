/** What the double of the Behest gateway promises, and what it refuses. */

import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import OpenAI from "openai";
import { startGateway } from "../dev/gateway/gateway.ts";
import {
  chat,
  gatewayTest,
  goodClaims,
  mint,
  mintToken,
  ORIGIN,
  refused,
  served,
} from "./gateway_calls.ts";

gatewayTest(
  "a mint call is answered with a token, its project, ttl and session",
  async (gateway) => {
    const answer = await mint(gateway);
    const body = await answer.json();
    assert.equal(answer.status, 200);
    assert.deepEqual({ ...body, jwt: "" }, {
      jwt: "",
      project_id: gateway.credentials.projectId,
      ttl: 900,
      session_id: "s-1",
    });
    const claims = decodeJwt(body.jwt);
    assert.deepEqual(
      Object.keys(claims),
      Object.keys(goodClaims(gateway.credentials)),
    );
    assert.equal(claims.exp! - claims.iat!, 900);
    assert.deepEqual(
      [
        claims.uid,
        claims.role,
        claims.scp,
        claims.sid,
        claims.tier,
        claims.nbf,
      ],
      ["u-1", "user", [], "s-1", 2, claims.iat],
    );
  },
);

gatewayTest(
  "a mint call with another key is refused as invalid_token",
  async (gateway) => {
    await refused(
      await mint(gateway, {}, "behest_sk_live_guess"),
      401,
      "invalid_token",
    );
    const anonymous = await fetch(`${gateway.url}/v1/auth/mint`, {
      method: "POST",
    });
    await refused(anonymous, 401, "invalid_token");
  },
);

gatewayTest(
  "a mint call out of range is a validation_error that names the field",
  async (gateway, test) => {
    const cases: [string, unknown][] = [
      ["user_id", undefined],
      ["user_id", ""],
      ["user_id", "x".repeat(256)],
      ["user_id", "admin"],
      ["user_id", "system"],
      ["user_id", "dashboard-service"],
      ["ttl", 59],
      ["ttl", 86_401],
      ["ttl", 60.5],
      ["ttl", "900"],
      ["tier", "pro"],
      ["tier", -1],
      ["session_id", ""],
      ["role", 7],
    ];
    for (const [field, value] of cases) {
      await test.step(`${field} ${JSON.stringify(value)?.slice(0, 20)}`, async () => {
        const answer = await mint(gateway, { [field]: value });
        const { details } = (await answer.clone().json()).error;
        await refused(answer, 422, "validation_error");
        assert.deepEqual(Object.keys(details), [field]);
      });
    }
  },
);

gatewayTest(
  "a mint call that leaves tier out gets a token without one",
  async (gateway) => {
    const token = await mintToken(gateway, { tier: undefined });
    assert.equal("tier" in decodeJwt(token), false);
    await served(chat(gateway, token));
  },
);

gatewayTest(
  "a chat echoes the prompt and names the user and the tier",
  async (gateway) => {
    const answer = await chat(gateway, await mintToken(gateway));
    const { object, choices: [choice], usage } = await answer.json();
    assert.equal(object, "chat.completion");
    assert.equal(choice.finish_reason, "stop");
    for (const part of ["ping", "u-1", "tier 2"]) {
      assert.ok(
        choice.message.content.includes(part),
      );
    }
    assert.equal(
      usage.total_tokens,
      usage.prompt_tokens + usage.completion_tokens,
    );
  },
);

gatewayTest(
  "the OpenAI SDK streams a chat to its finish_reason and usage",
  async (gateway) => {
    const openai = new OpenAI({
      apiKey: await mintToken(gateway),
      baseURL: `${gateway.url}/v1`,
      defaultHeaders: { "X-Session-Id": "s-1" },
    });
    const chunks = await Array.fromAsync(
      await openai.chat.completions.create({
        model: "any",
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: "user", content: [{ type: "text", text: "ping" }] }],
      }),
    );
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "")
      .join("");
    for (const part of ["ping", "u-1", "tier 2"]) {
      assert.ok(
        text.includes(part),
      );
    }
    assert.ok(
      chunks.some(({ choices }) => choices[0]?.finish_reason === "stop"),
    );
    assert.ok(chunks.at(-1)!.usage!.total_tokens > 0);
  },
);

gatewayTest(
  "the OpenAI SDK lists models and gets typed errors",
  async (gateway) => {
    const options = { baseURL: `${gateway.url}/v1`, maxRetries: 0 };
    const openai = new OpenAI({ ...options, apiKey: await mintToken(gateway) });
    assert.deepEqual((await openai.models.list()).data.map(({ id }) => id), [
      "behest-echo",
    ]);
    const stranger = new OpenAI({ ...options, apiKey: "no-token" });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  },
);

gatewayTest(
  "a chat without X-Session-Id is a validation_error",
  async (gateway) => {
    await refused(
      await chat(gateway, await mintToken(gateway), {}),
      400,
      "validation_error",
    );
  },
);

gatewayTest(
  "a body that is no JSON object, or no chat, is a validation_error",
  async (gateway) => {
    const token = await mintToken(gateway);
    const session = { "X-Session-Id": "s-1" };
    for (const body of ["", "{", "[]", "null", '"text"', "\u0000\uFFFD"]) {
      await refused(
        await chat(gateway, token, session, body),
        400,
        "validation_error",
      );
    }
    for (
      const body of [
        {},
        { model: "any" },
        { model: "any", messages: [] },
        { model: "any", messages: [null, 1, "x"] },
        { model: "any", messages: [{ role: "user", content: {} }] },
        { model: 1, messages: [{ role: "user", content: "ping" }] },
        {
          model: "any",
          stream: "yes",
          messages: [{ role: "user", content: "ping" }],
        },
      ]
    ) {
      await refused(
        await chat(gateway, token, session, body),
        422,
        "validation_error",
      );
    }
  },
);

gatewayTest("a body over 1 MiB is refused", async (gateway) => {
  const token = await mintToken(gateway);
  const body = " ".repeat(1024 * 1024 + 1);
  const answer = await chat(gateway, token, { "X-Session-Id": "s-1" }, body);
  await refused(answer, 413, "validation_error");
});

gatewayTest("an endpoint that does not exist is not_found", async (gateway) => {
  await refused(await fetch(`${gateway.url}/v1/usage`), 404, "not_found");
});

gatewayTest(
  "a browser's preflight is granted the OpenAI SDK's headers and no others",
  async (gateway) => {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: {
        Origin: ORIGIN,
        "Access-Control-Request-Headers":
          "Authorization,content-type,x-session-id,x-stainless-os,x-evil",
      },
    });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
    assert.equal(
      answer.headers.get("access-control-allow-headers"),
      "authorization, content-type, x-session-id, x-stainless-os",
    );
  },
);

gatewayTest(
  "a foreign origin is forbidden, in a preflight and in a call",
  async (gateway) => {
    const headers = { "X-Session-Id": "s-1", Origin: "https://evil.example" };
    const call = await chat(gateway, await mintToken(gateway), headers);
    assert.equal(call.headers.get("access-control-allow-origin"), null);
    await refused(call, 403, "forbidden");
    const preflight = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers,
    });
    await refused(preflight, 403, "forbidden");
  },
);

gatewayTest("an error is readable to an allowed origin", async (gateway) => {
  const answer = await chat(gateway, "no-token", { Origin: ORIGIN });
  assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
  assert.match(
    answer.headers.get("access-control-expose-headers")!,
    /Retry-After/,
  );
  await refused(answer, 401, "invalid_token");
});

let clock = 0;
gatewayTest(
  "a tier past its requests a minute is rate_limited until the minute ends",
  async (gateway) => {
    clock = 1_800_000_000_000 - 1_800_000_000_000 % 60_000 + 45_000;
    const free = await mintToken(gateway, { tier: 1 });
    const max = await mintToken(gateway, { tier: 5, user_id: "u-2" });
    for (let i = 0; i < 2; i++) {
      await served(chat(gateway, free));
    }
    const limited = await chat(gateway, free);
    assert.equal(limited.headers.get("retry-after"), "15");
    await refused(limited, 429, "rate_limited");
    for (let i = 0; i < 3; i++) {
      await served(chat(gateway, max));
    }
    clock += 15_000;
    await served(chat(gateway, free));
  },
  { now: () => clock, limits: { requestsPerMinute: { 1: 2, 3: 4 } } },
);

gatewayTest(
  "a user past the quota gets quota_exceeded, and only that user",
  async (gateway) => {
    const token = await mintToken(gateway);
    await served(chat(gateway, token));
    await refused(await chat(gateway, token), 402, "quota_exceeded");
    await served(chat(gateway, await mintToken(gateway, { user_id: "u-2" })));
  },
  { limits: { quota: 1 } },
);

Deno.test("a taken port is reported as such", async () => {
  const gateway = await startGateway();
  try {
    await assert.rejects(
      startGateway({ port: Number(new URL(gateway.url).port) }),
      Deno.errors.AddrInUse,
    );
  } finally {
    await gateway.stop();
  }
});
