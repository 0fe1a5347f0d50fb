/** What is no answer of the function is `bad_answer`, and is never kept. */
import assert from "node:assert/strict";
import { inMinimal } from "../support/client_minimal.ts";
import { type ClientWorld, inWorld, rejects } from "../support/client_world.ts";

const ADA = { user: "ada" };

const HTML = "<!doctype html><title>Hotel Wi-Fi</title><p>Please accept our terms.";

function html(status: number): Response {
  return new Response(HTML, { status, headers: { "Content-Type": "text/html" } });
}

/** Answers like this, and then as the function does. */
async function expectBad(make: (world: ClientWorld) => Response, status: number, what: string) {
  await inWorld(ADA, async (world) => {
    world.function.always(() => make(world));
    const error = await rejects(world.behest.getToken(), "bad_answer", what);
    assert.equal(error.status, status, what);
    await rejects(world.chat(), "bad_answer", what);
    assert.equal(world.sent.length, 0, what);
    world.function.always((mint) => world.function.good(mint));
    world.clock.advance(2);
    assert.equal(await world.token(), "bt.ada.2", what);
  });
}

Deno.test("a captive portal's page is bad_answer with its status, whatever the status", async () => {
  for (const status of [200, 400, 401, 403, 404, 429, 500, 502, 511]) {
    await expectBad(() => html(status), status, `${status}`);
  }
});

Deno.test("JSON that is no token is bad_answer: text, numbers, lists, nothing", async () => {
  const bodies = [null, "token", 7, true, [], {}, [1], { error: null }, { token: {} }, {
    data: {},
  }];
  for (const body of bodies) await expectBad(() => Response.json(body), 200, JSON.stringify(body));
  for (const body of ["", "bt.ada.1", "null"]) {
    await expectBad(() => new Response(body), 200, JSON.stringify(body));
  }
});

Deno.test("an answer with a field missing or wrong is bad_answer", async () => {
  const texts = [
    undefined,
    null,
    "",
    7,
    true,
    {},
    [],
    ["x"],
    "with space",
    "line\nbreak",
    "nul\0",
    "ünïcode",
  ];
  const amounts = [undefined, null, 0, 0.001, -1, "900", "", true, {}, [900], [], false];
  const urls = [
    undefined,
    null,
    "",
    7,
    {},
    "amber.behest.app",
    "/v1",
    "//x.example",
    "javascript:1",
  ];
  const unsafe = [
    "http://amber-fox-042.behest.app",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://user@localhost.evil.example",
    "ws://localhost",
    "ftp://amber-fox-042.behest.app",
  ];
  const wrong: [string, unknown[]][] = [
    ["token", texts],
    ["sessionId", texts],
    ["ttl", amounts],
    ["expiresAt", amounts],
    ["baseUrl", [...urls, ...unsafe]],
    ["tier", ["1", 1.5, true, {}, [1]]],
  ];
  for (const [field, values] of wrong) {
    for (const value of values) {
      await expectBad(
        (world) => world.function.good(world.function.last, { [field]: value }),
        200,
        `${field}: ${JSON.stringify(value)}`,
      );
    }
  }
});

Deno.test("a baseUrl that is https or loopback is taken, without a slash at its end", async () => {
  const good = [
    ["https://amber-fox-042.behest.app/", "https://amber-fox-042.behest.app"],
    ["https://gate.example/behest/", "https://gate.example/behest"],
    ["http://localhost:8787", "http://localhost:8787"],
    ["http://127.0.0.1:8787/", "http://127.0.0.1:8787"],
    ["http://[::1]:8787", "http://[::1]:8787"],
  ];
  for (const [given, taken] of good) {
    await inWorld(ADA, async (world) => {
      world.function.always((mint) => world.function.good(mint, { baseUrl: given }));
      assert.equal((await world.behest.getToken()).baseUrl, taken);
      await world.behest.fetch(`${taken}/v1/models`);
      assert.equal(world.gateway.last.url, `${taken}/v1/models`);
    });
  }
});

Deno.test("an answer without a baseUrl is good where the option gives one", async () => {
  await inWorld({ ...ADA, options: { baseUrl: "https://own.example" } }, async (world) => {
    world.function.always((mint) => world.function.good(mint, { baseUrl: undefined }));
    assert.equal((await world.behest.getToken()).baseUrl, "https://own.example");
  });
});

Deno.test("tier may be missing, and is then missing everywhere", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always((mint) => world.function.good(mint, { tier: undefined }));
    const token = await world.behest.getToken();
    assert.equal(token.tier, undefined);
    assert.equal(world.behest.getSnapshot().tier, undefined);
    assert.equal(world.behest.getSnapshot().status, "ready");
  });
});

Deno.test("a success that is not 200 is bad_answer with its status, even with a whole token", async () => {
  for (const status of [201, 202, 203, 206]) {
    const whole = async (world: ClientWorld) =>
      await world.function.good(world.function.last).json();
    await inWorld(ADA, async (world) => {
      world.function.reply = async () => Response.json(await whole(world), { status });
      const error = await rejects(world.behest.getToken(), "bad_answer", `${status}`);
      assert.equal(error.status, status);
    });
  }
  await expectBad(() => new Response(null, { status: 204 }), 204, "204");
});

Deno.test("200 with broken JSON is bad_answer, and so is JSON that says it is text or bytes", async () => {
  for (
    const type of [
      "application/json",
      "text/plain",
      "application/octet-stream",
      "text/event-stream",
    ]
  ) {
    await inWorld(ADA, async (world) => {
      world.function.always(() =>
        new Response('{"token":"bt.ada.1","ttl":', { headers: { "Content-Type": type } })
      );
      const error = await rejects(world.behest.getToken(), "bad_answer", type);
      assert.equal(error.status, type === "application/json" ? error.status : 200, type);
    });
  }
});

Deno.test("a refusal that is not the function's own shape is bad_answer with its status", async () => {
  const bodies = [
    { code: "NOT_FOUND", message: "Requested function was not found" },
    { error: "unauthorized" },
    { error: { code: 401, message: "no" } },
    { error: { code: "invalid_token" } },
    { error: { message: "no" } },
    { error: null },
    null,
    [],
  ];
  for (const body of bodies) {
    await expectBad(() => Response.json(body, { status: 401 }), 401, JSON.stringify(body));
  }
});

Deno.test("an invoke that throws, or rejects, or never tells a response is an error of the client's own", async () => {
  const odd: [string, () => Promise<never>][] = [
    ["rejects", () => Promise.reject(new TypeError("Failed to fetch"))],
    ["throws", () => {
      throw new SyntaxError("Unexpected end of JSON input");
    }],
  ];
  for (const [what, invoke] of odd) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.onInvoke = invoke;
      const error = await behest.getToken().catch((error) => error);
      assert.equal(error.name, "BehestError", what);
      assert.ok(["network", "bad_answer"].includes(error.code), what);
    });
  }
  await inMinimal("ada", async (supabase, behest) => {
    supabase.onInvoke = async () => ({
      data: await supabase.function.good({ user: "ada", nth: 1, body: {} }).json(),
      error: null,
    });
    assert.equal((await behest.getToken()).token, "bt.ada.1", "an older supabase-js: no response");
  });
});
