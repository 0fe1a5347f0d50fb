/** Every error says what happened by its code, and what to do by its message. */
import assert from "node:assert/strict";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { STATUS } from "../support/expect.ts";
import { refused } from "../support/client_function.ts";
import { BehestError } from "../support/client_module.ts";
import { inMinimal, never } from "../support/client_minimal.ts";
import { type ClientWorld, inWorld, rejects } from "../support/client_world.ts";

const ADA = { user: "ada" };

Deno.test("the function's codes come as they are, with status, message, Retry-After and trace", async () => {
  const codes = Object.entries(STATUS).filter(([code]) =>
    code !== "ok" && code !== "expired_token"
  );
  for (const [code, status] of [...codes, ["a_code_of_tomorrow", 418] as const]) {
    await inWorld(ADA, async (world) => {
      const headers = { "Retry-After": "7", "X-Trace-Id": "trace-1" };
      world.function.always(() => refused(status, code, headers));
      const error = await rejects(world.behest.getToken(), code);
      assert.equal(error.message, `What to do about ${code}.`);
      assert.equal(error.status, status);
      assert.equal(error.retryAfter, 7);
      assert.equal(error.traceId, "trace-1");
      assert.equal(world.mints.length, 1, code);
    });
  }
});

Deno.test("without its headers an error has neither retryAfter nor traceId", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(503, "plan_unavailable"));
    const error = await rejects(world.behest.getToken(), "plan_unavailable");
    assert.equal(error.retryAfter, undefined);
    assert.equal(error.traceId, undefined);
  });
});

Deno.test("BehestError is an Error with a name, a message and a stack", async () => {
  await inWorld({}, async (world) => {
    const error = await rejects(world.behest.getToken(), "no_session");
    assert.ok(error instanceof Error);
    assert.equal(error.name, "BehestError");
    assert.ok(error.message.length > 10);
    assert.match(`${error.stack}`, /BehestError|Nobody/);
    const own = new BehestError("no_session", "Sign in.", { status: 401, cause: "x" });
    assert.equal(own.code, "no_session");
    assert.equal(own.cause, "x");
    assert.equal(String(own), "BehestError: Sign in.");
  });
});

Deno.test("no answer at all is network, with a message that says where to look", async () => {
  const faults: [string, (world: ClientWorld) => void][] = [
    ["CORS, or offline", (world) => {
      world.function.reply = () => Promise.reject(new TypeError("Failed to fetch"));
    }],
    [
      "Supabase's relay",
      (world) =>
        world.function.always(() =>
          new Response("boot error", { status: 500, headers: { "x-relay-error": "true" } })
        ),
    ],
  ];
  for (const [what, fault] of faults) {
    await inWorld(ADA, async (world) => {
      fault(world);
      const error = await rejects(world.behest.getToken(), "network", what);
      assert.match(error.message, /CORS/);
      assert.ok(error.cause, what);
    });
  }
});

Deno.test("the message of every error of the client's own says what to do", async () => {
  const messages = new Map<string, string>();
  const note = (error: BehestError) => void messages.set(String(error.code), error.message);
  await inWorld({}, async (world) => note(await rejects(world.behest.getToken(), "no_session")));
  await inWorld(ADA, async (world) => {
    note(await rejects(world.behest.fetch("https://evil.example"), "foreign_url"));
    world.behest.close();
    note(await rejects(world.behest.getToken(), "closed"));
  });
  await inWorld(ADA, async (world) => {
    world.function.always(() => Response.json({}));
    note(await rejects(world.behest.getToken(), "bad_answer"));
  });
  assert.match(messages.get("no_session") ?? "", /sign in/i);
  assert.match(messages.get("foreign_url") ?? "", /another fetch|amber-fox/i);
  assert.match(messages.get("closed") ?? "", /closed/i);
  assert.match(messages.get("bad_answer") ?? "", /function/i);
});

Deno.test("the function's expired_token refreshes the session once, and mints once more with the new session token", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always((mint) =>
      mint.nth === 1 ? refused(401, "expired_token") : world.function.good(mint)
    );
    assert.equal(await world.token(), "bt.ada.2");
    const [first, second] = world.mints.map(({ headers }) => headers.get("Authorization"));
    assert.notEqual(first, second);
    assert.equal(world.auth.calls.filter((path) => path === "token").length, 2);
  });
});

Deno.test("expired_token again after the refresh is told, and not tried a third time", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(401, "expired_token"));
    await rejects(world.behest.getToken(), "expired_token");
    assert.equal(world.mints.length, 2);
    assert.equal(world.auth.calls.filter((path) => path === "token").length, 2);
    await rejects(world.behest.getToken(), "expired_token");
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("a session that cannot be refreshed any more is told, and one mint was all", async () => {
  await inWorld(ADA, async (world) => {
    world.auth.endSessions();
    world.function.always(() => refused(401, "expired_token"));
    const error = await world.behest.getToken().catch((error) => error);
    assert.ok(["expired_token", "no_session"].includes(error.code), error.code);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a refresh that never answers is timeout within the one time that a mint may take", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => refused(401, "expired_token"));
    supabase.onRefresh = () => never();
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(15);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    assert.equal(supabase.refreshes, 1);
  });
});

Deno.test("a refresh that brings another user mints nothing for the one who asked", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always((mint) =>
      mint.user === "ada" ? refused(401, "expired_token") : supabase.function.good(mint)
    );
    supabase.onRefresh = () => {
      supabase.become("bob");
      return supabase.answer();
    };
    await rejects(behest.getToken(), "user_changed");
    assert.deepEqual(supabase.function.mints.map(({ user }) => user), ["ada"]);
    assert.equal((await behest.getToken()).token, "bt.bob.2");
  });
});

Deno.test("invalid_session, not_a_user and every other refusal is told once, refreshes nothing and signs nobody out", async () => {
  for (const code of ["invalid_session", "not_a_user", "invalid_token", "missing_token"]) {
    await inWorld(ADA, async (world) => {
      world.function.always(() => refused(401, code));
      await rejects(world.behest.getToken(), code);
      assert.equal(world.mints.length, 1);
      assert.deepEqual(world.auth.calls, ["token"]);
      assert.equal(world.tab.user, "ada");
      assert.equal(world.tab.storage.size, 1);
    });
  }
});

Deno.test("getSession() and the function together have the one time that a mint may take", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.onGetSession = () => never();
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(15);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    assert.equal(supabase.function.mints.length, 0);
  });
});

Deno.test("the first mint too has one timeout, for getSession() at the start and the function together", async () => {
  await inMinimal(undefined, async (supabase) => {
    supabase.session = { access_token: "h.eyJzdWIiOiJhZGEifQ.s", user: { id: "ada" } };
    const { promise, resolve } = Promise.withResolvers<void>();
    supabase.onGetSession = () => promise.then(() => supabase.answer());
    const behest = supabase.create();
    supabase.function.hold();
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(14);
    resolve();
    await settle();
    supabase.clock.advance(1);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    behest.close();
  });
});

Deno.test("a timeout of more than 2^31 ms, or without end, does not end a mint at once", async () => {
  for (const timeout of [2 ** 31, Infinity]) {
    await inWorld({ ...ADA, options: { timeout } }, async (world) => {
      world.function.hold();
      const waiting = watch(world.behest.getToken());
      await settle();
      world.clock.advance(60);
      await settle();
      assert.equal(waiting.outcome, undefined, `${timeout}`);
      world.function.last.answer();
      await settle();
      assert.ok(waiting.outcome);
    });
  }
});
