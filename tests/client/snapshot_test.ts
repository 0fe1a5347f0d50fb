/** What an application may show: the same object until something changes, and never a token. */
import assert from "node:assert/strict";
import { settle, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inWorld, rejects, signIn, signOut } from "../support/client_world.ts";

const ADA = { user: "ada" };

Deno.test("where nobody is signed in at the start the status is signed-out, before anybody asks", async () => {
  await inWorld({}, async (world) => {
    await settle();
    assert.equal(world.behest.getSnapshot().status, "signed-out");
  });
});

Deno.test("the status goes from idle over minting to ready, and over a switch to signed-out", async () => {
  await inWorld(ADA, async (world) => {
    const status = () => world.behest.getSnapshot().status;
    assert.equal(status(), "idle");
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    assert.equal(status(), "minting");
    world.function.last.answer();
    await settle();
    assert.ok(waiting.outcome);
    assert.equal(status(), "ready");
    await signIn(world.tab, "bob");
    assert.equal(status(), "idle");
    await signOut(world.tab);
    assert.equal(status(), "signed-out");
  });
});

Deno.test("ready has tier, expiresAt and sessionId, and nothing of the user before is left after a switch", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    const { status, tier, expiresAt, sessionId, error } = world.behest.getSnapshot();
    assert.deepEqual({ status, tier, expiresAt, sessionId, error }, {
      status: "ready",
      tier: 1,
      expiresAt: 1_900_000_001,
      sessionId: "sid-ada-1",
      error: undefined,
    });
    await signIn(world.tab, "bob");
    const after = world.behest.getSnapshot();
    assert.deepEqual([after.tier, after.expiresAt, after.sessionId], [
      undefined,
      undefined,
      undefined,
    ]);
  });
});

Deno.test("a mint that failed is failed with its error, until one succeeds", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(503, "plan_unavailable"));
    const error = await rejects(world.behest.getToken(), "plan_unavailable");
    assert.equal(world.behest.getSnapshot().status, "failed");
    assert.equal(world.behest.getSnapshot().error, error);
    world.function.always((mint) => world.function.good(mint));
    world.clock.advance(2);
    await world.token();
    assert.equal(world.behest.getSnapshot().status, "ready");
    assert.equal(world.behest.getSnapshot().error, undefined);
  });
});

Deno.test("the snapshot is the same object until something in it changes", async () => {
  await inWorld(ADA, async (world) => {
    const { getSnapshot } = world.behest;
    const idle = getSnapshot();
    assert.equal(getSnapshot(), idle);
    await world.token();
    const ready = getSnapshot();
    assert.notEqual(ready, idle);
    let heard = 0;
    world.behest.subscribe(() => heard++);
    for (let nth = 0; nth < 5; nth++) {
      await world.token();
      await world.chat();
      await signIn(world.tab, "ada");
      world.clock.advance(10);
      assert.equal(getSnapshot(), ready);
    }
    assert.equal(heard, 0);
  });
});

Deno.test("a listener hears of each change, and can read the new snapshot at once", async () => {
  await inWorld(ADA, async (world) => {
    const heard: string[] = [];
    const end = world.behest.subscribe(() => heard.push(world.behest.getSnapshot().status));
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    assert.deepEqual(heard, ["minting"]);
    world.function.last.answer();
    await settle();
    assert.ok(waiting.outcome);
    assert.deepEqual(heard, ["minting", "ready"]);
    end();
    end();
    const before = heard.length;
    await signOut(world.tab);
    assert.equal(heard.length, before);
  });
});

Deno.test("one listener that throws, unsubscribes or asks for a token harms neither the mint nor the others", async () => {
  await inWorld(ADA, async (world) => {
    const caught: unknown[] = [];
    const catching = (event: ErrorEvent) => {
      event.preventDefault();
      caught.push(event.error);
    };
    globalThis.addEventListener("error", catching);
    let heard = 0;
    const own = new Error("a listener's own");
    world.behest.subscribe(() => {
      throw own;
    });
    const end = world.behest.subscribe(() => end());
    world.behest.subscribe(() => void world.behest.getToken().catch(() => {}));
    world.behest.subscribe(() => heard++);
    assert.equal(await world.token(), "bt.ada.1");
    await settle();
    globalThis.removeEventListener("error", catching);
    assert.ok(heard > 0);
    assert.equal(world.mints.length, 1);
    assert.ok(caught.every((error) => error === own));
  });
});

Deno.test("a listener that asks again at every change makes no storm where the function fails", async () => {
  await inWorld(ADA, async (world) => {
    world.function.always(() => refused(500, "internal"));
    world.behest.subscribe(() => void world.behest.getToken().catch(() => {}));
    await rejects(world.behest.getToken(), "internal");
    await settle(50);
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a listener that subscribes twice hears twice, until each is ended", async () => {
  await inWorld(ADA, async (world) => {
    let heard = 0;
    const listener = () => heard++;
    const ends = [world.behest.subscribe(listener), world.behest.subscribe(listener)];
    ends[0]?.();
    world.behest.newSession();
    await world.token();
    await settle();
    const once = heard;
    assert.ok(once > 0);
    ends[1]?.();
    await signOut(world.tab);
    assert.equal(heard, once);
  });
});

Deno.test("close() lets go of every listener, its own at supabase-js among them", async () => {
  await inWorld(ADA, async (world) => {
    let heard = 0;
    world.behest.subscribe(() => heard++);
    await world.token();
    await settle();
    const before = heard;
    const auth = world.supabase.auth as unknown as { stateChangeEmitters: Map<unknown, unknown> };
    const listeners = auth.stateChangeEmitters.size;
    world.behest.close();
    await settle();
    assert.equal(auth.stateChangeEmitters.size, listeners - 1);
    await signIn(world.tab, "bob");
    await settle();
    assert.ok(heard <= before + 1);
    assert.equal(world.behest.getSnapshot().sessionId, undefined);
    assert.equal(world.clock.timers, 0);
  });
});

Deno.test("a snapshot cannot be changed from outside", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    const snapshot = world.behest.getSnapshot() as { status: string };
    assert.throws(() => void (snapshot.status = "signed-out"), TypeError);
    assert.equal(world.behest.getSnapshot().status, "ready");
  });
});
