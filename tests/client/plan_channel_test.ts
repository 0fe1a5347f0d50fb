/** The channel of `watchPlan`: whose it is, how it comes back, and what is left of it at the end. */
import assert from "node:assert/strict";
import { settle } from "../support/client_calls.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { inWatch, mintsOf, onPage } from "../support/client_plan.ts";
import { decide, holdSession, sessionAnswer, tellElsewhere } from "../support/client_session.ts";

Deno.test("the channel follows the user: one at a time, and none while nobody is signed in", async () => {
  await inMinimal(undefined, async (supabase, behest) => {
    const { realtime } = supabase;
    behest.watchPlan();
    await settle();
    assert.equal(realtime.channels.length, 0);
    for (const user of ["ada", "bob", "ada"]) {
      supabase.become(user);
      await settle();
      assert.deepEqual(realtime.open.map(({ wanted }) => wanted?.filter), [`id=eq.${user}`]);
      realtime.last.joined();
      await settle();
      assert.equal(realtime.looks.at(-1)?.user, user);
    }
    supabase.become(undefined);
    await decide();
    assert.deepEqual(realtime.open, []);
  });
});

Deno.test("what an earlier user's channel tells late is nothing to the next one's token", async () => {
  await inWatch(async ({ supabase, behest }) => {
    const { last } = supabase.realtime;
    supabase.become("bob");
    await behest.getToken();
    last.tell({ id: "ada", plan: "max" });
    last.tell({ id: "bob", plan: "max" });
    last.closed();
    last.system("ok");
    await behest.getToken();
    assert.deepEqual(supabase.function.mints.map(({ user }) => user), ["ada", "bob"]);
    assert.equal(supabase.realtime.open.length, 1);
  });
});

Deno.test("a session that is refreshed, a return to the tab, and an event of the other tab's user leave the channel as it is", async () => {
  await inWatch(async ({ supabase }) => {
    for (const event of ["SIGNED_IN", "TOKEN_REFRESHED", "USER_UPDATED"]) {
      supabase.tell(event, sessionOf("ada"));
      await settle();
    }
    tellElsewhere(supabase, "zoe");
    await decide();
    assert.equal(supabase.realtime.channels.length, 1);
    assert.equal(supabase.realtime.open.length, 1);
  });
});

Deno.test("no channel is made for whom only an event has named", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const asked = holdSession(supabase);
    behest.watchPlan();
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    await settle();
    assert.deepEqual(supabase.realtime.open.map(({ wanted }) => wanted?.filter), ["id=eq.ada"]);
    supabase.session = sessionOf("bob");
    asked.forEach((each) => each.answer(sessionAnswer("bob")));
    await decide();
    assert.deepEqual(supabase.realtime.open.map(({ wanted }) => wanted?.filter), ["id=eq.bob"]);
  });
});

Deno.test("a channel that supabase-js closed is made anew after a pause, 1 s doubling to 30 s, with jitter", async () => {
  await inWatch(async ({ supabase }) => {
    await settle();
    const { realtime, clock } = supabase;
    for (const longest of [1, 2, 4, 8, 16, 30, 30]) {
      const { length } = realtime.channels;
      realtime.last.closed();
      clock.advance(longest / 2 - 0.01);
      assert.equal(realtime.channels.length, length, `before half of ${longest} s`);
      clock.advance(longest / 2 + 0.02);
      assert.equal(realtime.channels.length, length + 1, `after ${longest} s`);
      assert.equal(realtime.open.length, 1);
    }
    realtime.last.joined();
    const { length } = realtime.channels;
    realtime.last.closed();
    clock.advance(1.01);
    assert.equal(realtime.channels.length, length + 1, "after a success it begins anew");
  });
});

Deno.test("the pauses of many pages that lost Realtime at once are not the same", async () => {
  const pauses: Set<number> = new Set();
  for (let nth = 0; nth < 20; nth++) {
    await inWatch(async ({ supabase: { realtime, clock } }) => {
      realtime.last.closed();
      let steps = 0;
      while (realtime.channels.length === 1) clock.advance(++steps && 0.01);
      pauses.add(steps);
      await settle(0);
    });
  }
  assert.ok(pauses.size > 5, `${[...pauses]}`);
});

Deno.test("effects that run twice, and pages that are loaded hot, have a topic each, and end their own alone", async () => {
  await inWatch(async (watched) => {
    const { behest, supabase: { realtime } } = watched;
    const stops = [1, 2, 3].map(() => behest.watchPlan());
    const topics = new Set(realtime.channels.map(({ topic }) => topic));
    assert.equal(topics.size, 4);
    stops[0]?.();
    stops[0]?.();
    assert.equal(realtime.open.length, 3);
    assert.ok(realtime.open.includes(realtime.channels[0]!));
    realtime.write("ada", "pro");
    assert.equal(await mintsOf(watched), 2);
  });
});

for (const end of ["stop", "close"] as const) {
  Deno.test(`after ${end}() there is no channel, no timer, no listener, no look, and nothing that is told counts`, async () => {
    await onPage(async (page) => {
      await inWatch(async (watched) => {
        const { behest, stop, errors, supabase: { realtime, clock } } = watched;
        const late = Promise.withResolvers<void>();
        realtime.onLook = async (look) => (await late.promise, realtime.answer(look));
        realtime.last.joined();
        const { last } = realtime;
        if (end === "stop") stop();
        else behest.close();
        stop();
        assert.deepEqual(realtime.open, []);
        assert.equal(page.listeners, 0);
        const looks = realtime.looks.length;
        last.tell({ id: "ada", plan: "max" });
        last.closed();
        last.joined();
        last.lost();
        realtime.write("ada", "max");
        late.resolve();
        await settle();
        clock.advance(100);
        await settle();
        assert.equal(clock.timers, 0);
        assert.deepEqual([realtime.channels.length, realtime.looks.length], [1, looks]);
        assert.deepEqual(errors, []);
        if (end === "stop") assert.equal(await mintsOf(watched), 1);
      }, { pollSeconds: 10 });
    });
  });
}

Deno.test("a watch that begins after close() does nothing", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    behest.close();
    behest.watchPlan();
    await settle();
    assert.equal(supabase.realtime.channels.length, 0);
  });
});

Deno.test("an onError that throws harms nothing but itself", async () => {
  const thrown: unknown[] = [];
  const hear = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.push(event.error);
  };
  globalThis.addEventListener("error", hear);
  try {
    const fault = new Error("the application's");
    await inWatch(async (watched) => {
      watched.supabase.realtime.last.lost();
      await settle();
      watched.supabase.realtime.last.joined();
      watched.supabase.realtime.write("ada", "pro");
      assert.equal(await mintsOf(watched), 2);
    }, {
      onError: () => {
        throw fault;
      },
    });
    assert.deepEqual(thrown, [fault]);
  } finally {
    globalThis.removeEventListener("error", hear);
  }
});
