/** After a mint that failed the next ones wait, and nothing short of a success makes a storm. */
import assert from "node:assert/strict";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { type ClientWorld, inWorld, rejects, signIn, signOut } from "../support/client_world.ts";

const ADA = { user: "ada" };

/** Asks at each quarter of a second for so long. @returns at which seconds a mint went out */
async function askingFor(seconds: number, world: ClientWorld): Promise<number[]> {
  const at: number[] = [];
  for (let quarter = 0; quarter < seconds * 4; quarter++) {
    const before = world.mints.length;
    await world.behest.getToken().catch(() => {});
    if (world.mints.length > before) at.push(quarter / 4);
    assert.ok(world.mints.length <= before + 1);
    world.clock.advance(0.25);
  }
  return at;
}

Deno.test("the pauses after failures are 1 s and double to 30 s", async () => {
  const faults: (() => Response | Promise<Response>)[] = [
    () => new Response("", { status: 500 }),
    () => refused(503, "plan_unavailable"),
    () => refused(401, "invalid_session"),
    () => refused(403, "anonymous_forbidden"),
    () => Response.json("no token"),
    () => Promise.reject(new TypeError("Failed to fetch")),
  ];
  for (const fault of faults) {
    await inWorld(ADA, async (world) => {
      world.function.reply = fault;
      assert.deepEqual(await askingFor(100, world), [0, 1, 3, 7, 15, 31, 61, 91]);
    });
  }
});

Deno.test("who asks in a pause gets the last error at once, as it was", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(503, "auth_unavailable", { "Retry-After": "20" }));
    const first = await rejects(world.behest.getToken(), "auth_unavailable");
    world.function.hold();
    for (let nth = 0; nth < 50; nth++) {
      assert.equal(await rejects(world.behest.getToken(), "auth_unavailable"), first);
      await rejects(world.chat(), "auth_unavailable");
    }
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("the next mint waits as long as Retry-After says, and not a second less", async () => {
  for (const seconds of [1, 5, 120]) {
    await inWorld(ADA, async (world) => {
      const headers = { "Retry-After": `${seconds}` };
      world.function.always(() => refused(429, "rate_limited", headers));
      const error = await rejects(world.behest.getToken(), "rate_limited");
      assert.equal(error.retryAfter, seconds);
      world.clock.advance(seconds - 0.1);
      await rejects(world.behest.getToken(), "rate_limited");
      assert.equal(world.mints.length, 1);
      world.clock.advance(0.1);
      await rejects(world.behest.getToken(), "rate_limited");
      assert.equal(world.mints.length, 2);
    });
  }
});

Deno.test("a Retry-After beyond any timer, or of no sense, never makes the next mint go out at once", async () => {
  const odd = [
    "2147484",
    "9999999999",
    "1e3",
    "-1",
    "soon",
    "",
    "0x10",
    "Wed, 21 Oct 2037 07:28:00 GMT",
  ];
  for (const wait of odd) {
    await inWorld(ADA, async (world) => {
      world.function.always(() => refused(429, "rate_limited", { "Retry-After": wait }));
      await rejects(world.behest.getToken(), "rate_limited", wait);
      world.clock.advance(0.9);
      await rejects(world.behest.getToken(), "rate_limited", wait);
      assert.equal(world.mints.length, 1, wait);
    });
  }
});

Deno.test("a Retry-After of 0 is no leave to mint without end", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(503, "behest_unavailable", { "Retry-After": "0" }));
    for (let nth = 0; nth < 100; nth++) {
      await rejects(world.behest.getToken(), "behest_unavailable");
    }
    assert.ok(world.mints.length <= 3, `${world.mints.length} mints in no time`);
  });
});

Deno.test("a pause ends in the device's sleep, and does not grow when the date is set back", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(429, "rate_limited", { "Retry-After": "60" }));
    await rejects(world.behest.getToken(), "rate_limited");
    world.clock.sleep(61);
    await rejects(world.behest.getToken(), "rate_limited");
    assert.equal(world.mints.length, 2);
    world.clock.setDate(-86_400);
    world.clock.advance(61);
    await rejects(world.behest.getToken(), "rate_limited");
    assert.equal(world.mints.length, 3);
  });
});

Deno.test("a success ends the doubling", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(500, "internal"));
    assert.deepEqual(await askingFor(8, world), [0, 1, 3, 7]);
    world.function.always((mint) => world.function.good(mint));
    world.clock.advance(10);
    await world.token();
    world.function.always(() => refused(500, "internal"));
    world.clock.advance(900);
    assert.deepEqual(await askingFor(8, world), [0, 1, 3, 7]);
  });
});

Deno.test("another user has no pause, and neither has one after invalidate()", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(429, "rate_limited", { "Retry-After": "600" }));
    await rejects(world.behest.getToken(), "rate_limited");
    await signIn(world.tab, "bob");
    assert.equal(world.behest.getSnapshot().error, undefined);
    await rejects(world.behest.getToken(), "rate_limited");
    assert.equal(world.mints.length, 2);
    world.behest.invalidate();
    await rejects(world.behest.getToken(), "rate_limited");
    assert.equal(world.mints.length, 3);
    await rejects(world.behest.getToken(), "rate_limited");
    assert.equal(world.mints.length, 3);
  });
});

Deno.test("the same user's events, a return to the tab and newSession() do not end a pause", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(429, "rate_limited", { "Retry-After": "600" }));
    await rejects(world.behest.getToken(), "rate_limited");
    for (let nth = 0; nth < 5; nth++) {
      await signIn(world.tab, "ada");
      await world.supabase.auth.refreshSession();
      world.behest.newSession();
      await rejects(world.behest.getToken(), "rate_limited");
    }
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("newSession() during a mint that fails does not call the function again before its pause is over", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    world.behest.newSession();
    world.function.last.answer(refused(429, "rate_limited", { "Retry-After": "60" }));
    await settle();
    assert.equal(world.mints.length, 1);
    assert.equal(codeOf(waiting), "rate_limited");
  });
});

Deno.test("nobody signed in is no failure: no mint, no pause, and the first mint after a sign-in goes out", async () => {
  await inWorld({}, async (world) => {
    for (let nth = 0; nth < 20; nth++) await rejects(world.behest.getToken(), "no_session");
    assert.equal(world.mints.length, 0);
    await signIn(world.tab, "ada");
    await world.token();
    await signOut(world.tab);
    for (let nth = 0; nth < 20; nth++) await rejects(world.chat(), "no_session");
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a mint that takes longer than timeout is timeout, at 15 s by default, and begins a pause", async () => {
  for (const timeout of [undefined, 2000]) {
    await inWorld({ ...ADA, options: { timeout } }, async (world) => {
      world.function.hold();
      const waiting = watch(world.behest.getToken());
      await settle();
      world.clock.advance((timeout ?? 15_000) / 1000 - 0.01);
      await settle();
      assert.equal(waiting.outcome, undefined);
      world.clock.advance(0.01);
      await settle();
      assert.equal(codeOf(waiting), "timeout");
      assert.ok(world.function.last.signal.aborted);
      await rejects(world.behest.getToken(), "timeout");
      assert.equal(world.mints.length, 1);
      assert.equal(world.clock.timers, 0);
    });
  }
});
