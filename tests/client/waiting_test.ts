/** One mint at a time, however many wait, and each waits for itself alone. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { type ClientWorld, inWorld, rejects, signIn } from "../support/client_world.ts";

const ADA = { user: "ada" };

/** So many who wait for one mint that is held. */
async function waiters(
  world: ClientWorld,
  count: number,
  signals: (AbortSignal | undefined)[] = [],
) {
  world.function.hold();
  const all = Array.from(
    { length: count },
    (_, nth) => watch(world.behest.getToken({ signal: signals[nth] })),
  );
  await settle();
  return all;
}

Deno.test("a hundred who ask at once are one mint, and all get its token", async () => {
  await inWorld(ADA, async (world) => {
    const all = await waiters(world, 100);
    assert.equal(world.mints.length, 1);
    world.function.last.answer();
    await settle();
    for (const { outcome } of all) {
      assert.deepEqual(outcome, { value: await world.behest.getToken() });
    }
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a hundred who ask at once where the function fails are one mint, and all get its error", async () => {
  await inWorld(ADA, async (world) => {
    const all = await waiters(world, 100);
    world.function.last.answer(new Response("", { status: 500 }));
    await settle();
    for (const { outcome } of all) {
      assert.ok(outcome && "error" in outcome);
      assert.equal((outcome.error as { code: string }).code, "bad_answer");
    }
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("requests, getToken, fetchToken and apps of every kind share the one mint", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const all: { outcome: unknown }[] = [];
    for (let nth = 0; nth < 10; nth++) {
      all.push(
        watch(world.chat()),
        watch(world.behest.getToken()),
        watch(world.behest.fetchToken()),
      );
      await settle(1);
    }
    world.function.last.answer();
    await settle();
    for (const { outcome } of all) assert.ok(Object.hasOwn(Object(outcome), "value"));
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("an abort ends its own wait with the signal's own reason, and nobody else's", async () => {
  await inWorld(ADA, async (world) => {
    const controllers = Array.from({ length: 5 }, () => new AbortController());
    const all = await waiters(world, 6, controllers.map(({ signal }) => signal));
    const reason = new Error("the user left the page");
    controllers[0]?.abort(reason);
    controllers[3]?.abort();
    await settle();
    assert.deepEqual(all[0]?.outcome, { error: reason });
    assert.equal((all[3]?.outcome as { error: DOMException }).error.name, "AbortError");
    for (const nth of [1, 2, 4, 5]) assert.equal(all[nth]?.outcome, undefined);
    world.function.last.answer();
    await settle();
    for (const nth of [1, 2, 4, 5]) assert.ok("value" in Object(all[nth]?.outcome));
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("where every waiter has gone a mint that ends serves who asks next, and one that fails harms nobody", async () => {
  for (const fails of [false, true]) {
    await inWorld(ADA, async (world) => {
      const controller = new AbortController();
      await waiters(world, 2, [controller.signal, controller.signal]);
      controller.abort();
      await settle();
      if (fails) world.function.last.fail(new TypeError("gone"));
      else world.function.last.answer();
      await settle();
      world.function.always((mint) => world.function.good(mint));
      world.clock.advance(2);
      assert.equal((await world.token()).split(".")[1], "ada");
      assert.ok(world.mints.length <= 2);
    });
  }
});

Deno.test("a signal that was aborted beforehand starts nothing", async () => {
  await inWorld(ADA, async (world) => {
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(world.behest.getToken({ signal }), reason);
    await assert.rejects(world.chat({ signal }), reason);
    await settle();
    assert.equal(world.mints.length, 0);
    assert.equal(world.sent.length, 0);
  });
});

Deno.test("an abort of a request that waits for a mint ends it, and nothing is sent when the mint ends", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const controller = new AbortController();
    const one = watch(world.chat({ signal: controller.signal }));
    const other = watch(world.chat());
    await settle();
    controller.abort("stop");
    await settle();
    assert.deepEqual(one.outcome, { error: "stop" });
    world.function.last.answer();
    await settle();
    assert.ok("value" in Object(other.outcome));
    assert.equal(world.sent.length, 1);
  });
});

Deno.test("invalidate() during a mint throws its result away, and the waiters get that of a new one", async () => {
  await inWorld(ADA, async (world) => {
    const all = await waiters(world, 3);
    world.behest.invalidate();
    await settle();
    const late = watch(world.behest.getToken());
    world.mints[0]?.answer();
    await settle();
    for (const { outcome } of [...all, late]) assert.equal(outcome, undefined);
    assert.equal(world.mints.length, 2);
    world.mints[1]?.answer();
    await settle();
    for (const { outcome } of [...all, late]) {
      assert.equal(valueOf({ outcome })?.token, "bt.ada.2");
    }
    assert.equal(await world.token(), "bt.ada.2");
    assert.equal(world.function.most, 1);
  });
});

Deno.test("a storm of invalidate() during a mint is one mint more, and not one a call", async () => {
  await inWorld(ADA, async (world) => {
    const [waiting] = await waiters(world, 1);
    for (let nth = 0; nth < 100; nth++) world.behest.invalidate();
    world.function.always((mint) => world.function.good(mint));
    world.mints[0]?.answer();
    await settle();
    assert.ok(waiting && valueOf(waiting));
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("invalidate() makes the next use mint, in the same Behest session, and mints nothing by itself", async () => {
  await inWorld(ADA, async (world) => {
    const before = await world.behest.getToken();
    for (let nth = 0; nth < 10; nth++) world.behest.invalidate();
    await settle();
    assert.equal(world.mints.length, 1);
    const after = await world.behest.getToken();
    assert.equal(after.token, "bt.ada.2");
    assert.equal(after.sessionId, before.sessionId);
    assert.equal(world.mints[1]?.body.sessionId, before.sessionId);
  });
});

Deno.test("newSession() makes the next token begin another Behest session, also during a mint", async () => {
  await inWorld(ADA, async (world) => {
    const before = await world.behest.getToken();
    world.behest.newSession();
    const after = await world.behest.getToken();
    assert.notEqual(after.sessionId, before.sessionId);
    assert.equal(world.mints[1]?.body.sessionId, undefined);
    world.behest.invalidate();
    const [waiting] = await waiters(world, 1);
    assert.equal(world.function.last.body.sessionId, after.sessionId);
    world.behest.newSession();
    world.function.always((mint) => world.function.good(mint));
    world.function.last.answer();
    await settle();
    assert.equal(world.function.last.body.sessionId, undefined);
    assert.notEqual((waiting?.outcome as { value: typeof after }).value.sessionId, after.sessionId);
  });
});

Deno.test("sessionId is the one to go on with for the first user alone", async () => {
  await inWorld({ options: { sessionId: "kept-from-yesterday" } }, async (world) => {
    await signIn(world.tab, "ada");
    assert.equal((await world.behest.getToken()).sessionId, "kept-from-yesterday");
    assert.equal(world.mints[0]?.body.sessionId, "kept-from-yesterday");
    for (const user of ["bob", "ada"]) {
      await signIn(world.tab, user);
      assert.notEqual((await world.behest.getToken()).sessionId, "kept-from-yesterday");
      assert.equal(world.function.last.body.sessionId, undefined);
    }
  });
});

Deno.test("sessionId of the first user is gone with them, though they never minted", async () => {
  await inWorld({ user: "ada", options: { sessionId: "of-ada" } }, async (world) => {
    await signIn(world.tab, "bob");
    await world.token();
    assert.equal(world.mints[0]?.body.sessionId, undefined);
  });
});

Deno.test("close() tells every waiter closed, ends the mint, and nothing is handed out any more", async () => {
  await inWorld(ADA, async (world) => {
    const [first, second] = await waiters(world, 2);
    const request = watch(world.chat());
    world.behest.close();
    await settle();
    for (const each of [first, second, request]) {
      assert.equal(codeOf(each!), "closed");
    }
    assert.ok(world.function.last.signal.aborted);
    for (const use of [world.behest.getToken, world.behest.fetchToken]) {
      await rejects(use(), "closed");
    }
    await rejects(world.chat(), "closed");
    world.behest.close();
    assert.equal(world.clock.timers, 0);
    await signIn(world.tab, "bob");
    await rejects(world.behest.getToken(), "closed");
    assert.equal(world.mints.length, 1);
  });
});
