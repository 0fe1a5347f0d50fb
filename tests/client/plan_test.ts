/** `watchPlan`: a change of the plan is in the next token, and nothing else makes a mint. */
import assert from "node:assert/strict";
import { settle } from "../support/client_calls.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { inWatch, mintsOf, onPage } from "../support/client_plan.ts";

Deno.test("a change of the plan is in the next token", async () => {
  await inWatch(async (watched) => {
    assert.equal(await mintsOf(watched), 1);
    watched.supabase.realtime.write("ada", "pro");
    assert.equal(await mintsOf(watched), 2);
    assert.equal(await mintsOf(watched), 2);
    watched.supabase.realtime.write("ada", "free");
    assert.equal(await mintsOf(watched), 3);
  });
});

Deno.test("a change while a mint is under way is in what its waiters get", async () => {
  await inWatch(async ({ supabase, behest }) => {
    behest.invalidate();
    supabase.function.hold();
    const waiting = behest.getToken();
    await settle();
    supabase.realtime.write("ada", "pro");
    supabase.function.last.answer();
    await settle();
    supabase.function.last.answer();
    assert.equal((await waiting).token, "bt.ada.3");
  });
});

Deno.test("a change of other columns makes no mint", async () => {
  await inWatch(async (watched) => {
    const { last } = watched.supabase.realtime;
    last.tell({ id: "ada", plan: "free", name: "Ada" });
    last.tell({ id: "ada", plan: "free", name: "Ada L." });
    assert.equal(await mintsOf(watched), 1);
  });
});

Deno.test("a row that appears makes a mint, whatever plan it has", async () => {
  for (const plan of ["free", "pro", null]) {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      const stop = behest.watchPlan();
      supabase.realtime.last.joined();
      await settle();
      supabase.realtime.write("ada", plan);
      assert.equal(await mintsOf({ supabase, behest, stop, errors: [] }), 2, `${plan}`);
    });
  }
});

Deno.test("another's row, and a deletion, of which Realtime tells everybody, make no mint", async () => {
  await inWatch(async (watched) => {
    const { last } = watched.supabase.realtime;
    last.tell({ id: "bob", plan: "max" });
    last.tell({});
    last.tell({ plan: "max" });
    assert.equal(await mintsOf(watched), 1);
  });
});

Deno.test("1,000 changes are one mint, at the next use", async () => {
  await inWatch(async (watched) => {
    const { supabase } = watched;
    for (let nth = 0; nth < 1000; nth++) supabase.realtime.write("ada", `plan ${nth}`);
    await settle();
    assert.equal(supabase.function.mints.length, 1);
    assert.equal(await mintsOf(watched), 2);
  });
});

Deno.test("changes end no pause: a function that fails is called no oftener for them", async () => {
  await inWatch(async ({ supabase, behest }) => {
    supabase.function.always(() => Response.json({}, { status: 500 }));
    for (let nth = 0; nth < 50; nth++) {
      supabase.realtime.write("ada", `plan ${nth}`);
      await behest.getToken().catch(() => {});
    }
    assert.equal(supabase.function.mints.length, 2);
  });
});

Deno.test("the first look only tells where one stands", async () => {
  for (const plan of ["free", "max", null, undefined]) {
    await inMinimal("ada", async (supabase, behest) => {
      if (plan !== undefined) supabase.realtime.write("ada", plan);
      await behest.getToken();
      const stop = behest.watchPlan();
      supabase.realtime.last.joined();
      assert.equal(await mintsOf({ supabase, behest, stop, errors: [] }), 1, `${plan}`);
    });
  }
});

Deno.test("a change that comes before the first look has answered counts, and the late look does not", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.realtime.write("ada", "free");
    await behest.getToken();
    const late = Promise.withResolvers<void>();
    supabase.realtime.onLook = async (look) => {
      const before = supabase.realtime.answer(look);
      await late.promise;
      return before;
    };
    const watched = { supabase, behest, stop: behest.watchPlan(), errors: [] };
    supabase.realtime.last.joined();
    supabase.realtime.write("ada", "pro");
    assert.equal(await mintsOf(watched), 2);
    late.resolve();
    assert.equal(await mintsOf(watched), 2);
    supabase.realtime.last.tell({ id: "ada", plan: "pro" });
    assert.equal(await mintsOf(watched), 2);
  });
});

Deno.test("each time the channel is joined anew the row is looked at, since a change may have been missed", async () => {
  await inWatch(async (watched) => {
    const { realtime } = watched.supabase;
    realtime.last.lost();
    realtime.write("ada", "pro", false);
    assert.equal(await mintsOf(watched), 1);
    realtime.last.joined();
    assert.equal(await mintsOf(watched), 2);
    realtime.last.lost();
    realtime.last.joined();
    assert.equal(await mintsOf(watched), 2);
  });
});

Deno.test("what changes between SUBSCRIBED and the server's word that it listens is not missed", async () => {
  await inWatch(async (watched) => {
    const { realtime } = watched.supabase;
    realtime.last.lost();
    realtime.last.answered();
    await settle();
    realtime.write("ada", "pro", false);
    realtime.last.system("ok");
    assert.equal(await mintsOf(watched), 2);
  });
});

Deno.test("a page that is seen again looks at the row, and mints only where it has changed", async () => {
  await onPage(async (page) => {
    await inWatch(async (watched) => {
      const { realtime } = watched.supabase;
      const before = realtime.looks.length;
      for (let nth = 0; nth < 20; nth++) {
        page.become("hidden");
        page.become("visible");
        await settle(1);
      }
      assert.equal(realtime.looks.length, before + 20);
      assert.equal(await mintsOf(watched), 1);
      realtime.write("ada", "pro", false);
      page.become("hidden");
      assert.equal(await mintsOf(watched), 1);
      page.become("visible");
      assert.equal(await mintsOf(watched), 2);
      watched.stop();
      assert.equal(page.listeners, 0);
    });
  });
});

Deno.test("schema, table, column and the user's column are the application's, on the channel and in the look", async () => {
  const options = { schema: "billing", table: "seats", column: "tier", userColumn: "owner" };
  await inWatch(async (watched) => {
    const { realtime } = watched.supabase;
    assert.deepEqual(realtime.last.wanted, {
      event: "*",
      schema: "billing",
      table: "seats",
      filter: "owner=eq.ada",
    });
    assert.deepEqual(realtime.looks.at(-1), {
      schema: "billing",
      table: "seats",
      column: "tier",
      userColumn: "owner",
      user: "ada",
    });
    realtime.last.tell({ owner: "ada", tier: 3, plan: "x" });
    assert.equal(await mintsOf(watched), 2);
    realtime.last.tell({ owner: "ada", tier: "3", plan: "y" });
    assert.equal(await mintsOf(watched), 2);
  }, options);
});
