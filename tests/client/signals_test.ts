/** What is left behind by waits: no listener on a signal, no timer, no open answer. */
import assert from "node:assert/strict";
import { settle, watch } from "../support/client_calls.ts";
import { inWorld } from "../support/client_world.ts";

/** A signal that knows how many listen to it. */
function counted(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: Parameters<typeof add>) => (count++, add.apply(signal, args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (count--, remove.apply(signal, args));
  return { controller, listeners: () => count };
}

Deno.test("a signal that lives as long as its page gathers no listeners", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const { controller, listeners } = counted();
    const { signal } = controller;
    for (let nth = 0; nth < 10; nth++) {
      world.behest.invalidate();
      await Promise.all([world.behest.getToken({ signal }), world.behest.getToken({ signal })]);
      await settle(1);
    }
    assert.equal(listeners(), 0);
  });
});

Deno.test("no timer is left after a mint, whether it succeeds, fails, or is nobody's any more", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    await world.token();
    await settle();
    assert.equal(world.clock.timers, 0);
    world.behest.invalidate();
    world.function.always(() => new Response("", { status: 500 }));
    await world.behest.getToken().catch(() => {});
    await settle();
    assert.equal(world.clock.timers, 0);
    world.behest.invalidate();
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    assert.equal(world.clock.timers, 1);
    await world.supabase.auth.signOut();
    await settle();
    assert.ok(waiting.outcome);
    assert.equal(world.clock.timers, 0);
  });
});

Deno.test("a signal that tells no reason, as React Native's, still ends the wait with an AbortError", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    world.function.hold();
    const controller = new AbortController();
    Object.defineProperty(controller.signal, "reason", { value: undefined });
    const waiting = watch(world.behest.getToken({ signal: controller.signal }));
    await settle();
    controller.abort();
    await settle();
    assert.equal((waiting.outcome as { error: Error }).error.name, "AbortError");
    world.function.last.answer();
  });
});

Deno.test("an abort after the token was given harms nothing", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const controller = new AbortController();
    const { signal } = controller;
    const { token } = await world.behest.getToken({ signal });
    controller.abort();
    await settle();
    assert.equal(await world.token(), token);
    assert.equal(world.mints.length, 1);
  });
});
