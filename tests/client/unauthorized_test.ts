/** What a 401 of Behest's does: one re-mint, and one second try. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { type ClientWorld, inWorld, rejects, signIn, signOut } from "../support/client_world.ts";

const ADA = { user: "ada" };

const unauthorized = () => new Response("no", { status: 401 });

/** A token that Behest has accepted is at hand. */
async function inAcceptedWorld(test: (world: ClientWorld) => Promise<void>): Promise<void> {
  await inWorld(ADA, async (world) => {
    await world.chat();
    world.clock.advance(100);
    await test(world);
  });
}

Deno.test("a 401 has the token replaced, and the request is sent once more with the new one", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.refuse("bt.ada.1");
    assert.equal((await world.chat({ body: "hello" })).status, 200);
    assert.deepEqual(world.sent.map(({ token }) => token), ["bt.ada.1", "bt.ada.1", "bt.ada.2"]);
    assert.equal(world.gateway.last.init.body, "hello");
    assert.equal(world.mints[1]?.body.sessionId, "sid-ada-1");
  });
});

Deno.test("a second 401 comes back: a request is never sent three times", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.reply = unauthorized;
    assert.equal((await world.chat()).status, 401);
    assert.equal(world.sent.length, 3);
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("a storm of 401s is one re-mint, and every request is sent once more with its token", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.hold();
    const all = Array.from({ length: 50 }, () => watch(world.chat({ body: "x" })));
    await settle();
    for (const [nth, sent] of [...world.sent.slice(1)].entries()) {
      sent.answer(unauthorized());
      if (nth % 7 === 0) await settle(1);
    }
    await settle();
    assert.equal(world.mints.length, 2);
    assert.equal(world.sent.length, 101);
    for (const { token } of world.sent.slice(51)) assert.equal(token, "bt.ada.2");
    for (const sent of world.sent.slice(51)) sent.answer(new Response("ok"));
    await settle();
    for (const each of all) assert.equal(valueOf(each)?.status, 200);
  });
});

Deno.test("the 401 of an older token does not throw a fresh one away, and its request goes out with the fresh one", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.hold();
    const slow = watch(world.chat({ body: "x" }));
    await settle();
    const old = world.gateway.last;
    world.behest.invalidate();
    assert.equal(await world.token(), "bt.ada.2");
    old.answer(unauthorized());
    await settle();
    assert.equal(world.gateway.last.token, "bt.ada.2");
    world.gateway.last.answer(new Response("ok"));
    await settle();
    assert.equal(valueOf(slow)?.status, 200);
    assert.equal(await world.token(), "bt.ada.2");
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("a request whose user has changed meanwhile is never sent again", async () => {
  for (const next of ["bob", undefined]) {
    await inAcceptedWorld(async (world) => {
      world.gateway.hold();
      const waiting = watch(world.chat({ body: "of ada" }));
      await settle();
      if (next) await signIn(world.tab, next);
      else await signOut(world.tab);
      if (next) await world.token();
      world.gateway.last.answer(unauthorized());
      await settle();
      assert.ok(waiting.outcome);
      assert.equal(world.sent.length, 2);
      if (next) assert.equal(await world.token(), "bt.bob.2");
    });
  }
});

Deno.test("a late 401 of the user before comes back as it is, and mints nothing for the user after", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.hold();
    const waiting = watch(world.chat({ body: "of ada" }));
    await settle();
    await signIn(world.tab, "bob");
    world.gateway.last.answer(unauthorized());
    await settle();
    assert.equal(valueOf(waiting)?.status, 401);
    assert.equal(world.mints.length, 1);
    assert.equal(world.sent.length, 2);
  });
});

Deno.test("a request whose user changes while its token is replaced is never sent again", async () => {
  for (const next of ["bob", undefined]) {
    await inAcceptedWorld(async (world) => {
      world.gateway.refuse("bt.ada.1");
      world.function.hold();
      const waiting = watch(world.chat({ body: "of ada" }));
      await settle();
      assert.equal(world.mints.length, 2);
      if (next) await signIn(world.tab, next);
      else await signOut(world.tab);
      world.function.last.answer();
      await settle();
      assert.ok(waiting.outcome);
      assert.equal(world.sent.length, 2);
    });
  }
});

Deno.test("where no new token can be had after a 401 the mint's error is the answer", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.reply = unauthorized;
    world.function.always(() => refused(503, "behest_unavailable"));
    await rejects(world.chat(), "behest_unavailable");
    await rejects(world.chat(), "behest_unavailable");
    assert.equal(world.mints.length, 2);
    assert.equal(world.sent.length, 2);
  });
});

Deno.test("an abort after a 401 ends the request, and nothing is sent again", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.reply = unauthorized;
    world.function.hold();
    const controller = new AbortController();
    const waiting = watch(world.chat({ signal: controller.signal }));
    await settle();
    controller.abort("enough");
    world.function.last.answer();
    await settle();
    assert.deepEqual(waiting.outcome, { error: "enough" });
    assert.equal(world.sent.length, 2);
  });
});

Deno.test("close() while a request waits for its second try sends nothing more", async () => {
  await inAcceptedWorld(async (world) => {
    world.gateway.reply = unauthorized;
    world.function.hold();
    const waiting = watch(world.chat());
    await settle();
    world.behest.close();
    await settle();
    assert.equal(codeOf(waiting), "closed");
    assert.equal(world.sent.length, 2);
  });
});
