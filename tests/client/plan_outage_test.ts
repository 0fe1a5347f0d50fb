/** `watchPlan` where Realtime or PostgREST fail: no upgrade is lost, and no storm is made. */
import assert from "node:assert/strict";
import { settle } from "../support/client_calls.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { inWatch, mintsOf, onPage } from "../support/client_plan.ts";

Deno.test("an upgrade is lost by no outage: closed, refused, timed out, or away for a minute", async () => {
  const outages = ["closed", "lost", "timedOut"] as const;
  for (const outage of outages) {
    await inWatch(async (watched) => {
      const { realtime, clock } = watched.supabase;
      realtime.last[outage]();
      realtime.write("ada", "pro", false);
      clock.advance(60);
      assert.equal(await mintsOf(watched), 1, outage);
      realtime.last.joined();
      assert.equal(await mintsOf(watched), 2, outage);
    });
  }
});

Deno.test("a look that fails for want of an answer is made again after a pause, and one that is refused is not", async () => {
  for (
    const [status, again] of [[0, true], [503, true], [429, true], [401, true], [404, false], [
      403,
      false,
    ]] as const
  ) {
    await inWatch(async (watched) => {
      const { realtime, clock } = watched.supabase;
      realtime.write("ada", "pro", false);
      const error = new Error("no");
      realtime.onLook = () => Promise.resolve({ data: null, error, status });
      realtime.last.lost();
      realtime.last.answered();
      await settle();
      realtime.onLook = (look) => Promise.resolve(realtime.answer(look));
      const before = realtime.looks.length;
      clock.advance(1.01);
      assert.equal(realtime.looks.length - before, again ? 1 : 0, `${status}`);
      assert.equal(await mintsOf(watched), again ? 2 : 1, `${status}`);
      assert.equal(watched.errors.length, 1);
    });
  }
});

Deno.test("a look that throws is told, and harms nothing", async () => {
  await inWatch(async (watched) => {
    const { realtime } = watched.supabase;
    realtime.onLook = () => Promise.reject(new TypeError("Failed to fetch"));
    realtime.last.joined();
    realtime.onLook = () => {
      throw new TypeError("no schema");
    };
    realtime.last.joined();
    assert.equal(await mintsOf(watched), 1);
    assert.equal(watched.errors.length, 1);
  });
});

Deno.test("that there is no Realtime is said once, and then it is polled for where that was asked for", async () => {
  for (const pollSeconds of [undefined, 10]) {
    await inWatch(async (watched) => {
      const { errors, supabase: { realtime, clock } } = watched;
      realtime.last.lost(new Error("socket"));
      realtime.last.timedOut();
      realtime.last.lost();
      realtime.last.system("error");
      await settle();
      assert.deepEqual(errors.map(String), ["Error: socket"]);
      realtime.write("ada", "pro", false);
      const before = realtime.looks.length;
      clock.advance(100);
      assert.equal(realtime.looks.length - before, pollSeconds ? 10 : 0);
      assert.equal(await mintsOf(watched), pollSeconds ? 2 : 1);
    }, { pollSeconds });
  }
});

Deno.test("a table that Realtime does not publish is said in its own words, and polled for", async () => {
  await inWatch(async (watched) => {
    const { errors, supabase: { realtime, clock } } = watched;
    realtime.last.answered();
    realtime.last.system("error", "postgres_changes", "Unable to subscribe to changes");
    await settle();
    assert.deepEqual(errors.map(String), ["Error: Unable to subscribe to changes"]);
    realtime.write("ada", "pro", false);
    clock.advance(10);
    assert.equal(await mintsOf(watched), 2);
  }, { pollSeconds: 10 });
});

Deno.test("while Realtime tells, nothing is polled for", async () => {
  await inWatch(async ({ supabase: { realtime, clock } }) => {
    const before = realtime.looks.length;
    clock.advance(1000);
    assert.equal(realtime.looks.length, before);
    await settle(0);
  }, { pollSeconds: 10 });
});

Deno.test("a pollSeconds of next to nothing, or without end, is no storm", async () => {
  for (const pollSeconds of [0.001, -1, Infinity, 1e12, NaN, 0]) {
    await inWatch(async ({ supabase: { realtime, clock } }) => {
      realtime.last.lost();
      const before = realtime.looks.length;
      clock.advance(10);
      assert.ok(realtime.looks.length - before <= 10, `${pollSeconds}`);
      await settle(0);
    }, { pollSeconds });
  }
});

Deno.test("a supabase-js without Realtime is said, and polled for", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.realtime.write("ada", "free");
    Object.assign(supabase, { channel: undefined });
    await behest.getToken();
    const errors: unknown[] = [];
    const stop = behest.watchPlan({ pollSeconds: 5, onError: (error) => errors.push(error) });
    await settle();
    supabase.clock.advance(5);
    await settle();
    assert.equal(errors.length, 1);
    supabase.realtime.write("ada", "pro");
    supabase.clock.advance(5);
    assert.equal(await mintsOf({ supabase, behest, stop, errors }), 2);
  });
});

Deno.test("a look that fails while a closed channel waits to be made anew does not end that wait", () =>
  onPage(async (page) => {
    for (const status of [401, 500, 503]) {
      await inWatch(async (watched) => {
        const { realtime, clock } = watched.supabase;
        realtime.onLook = () => Promise.resolve({ data: null, error: new Error("no"), status });
        realtime.last.closed();
        clock.advance(0.4);
        page.become("visible");
        await settle();
        clock.advance(31);
        await settle();
        assert.equal(realtime.open.length, 1, `${status}`);
      });
    }
  }));

Deno.test("a look without a row, as of a session that is over, takes no token away", async () => {
  await inWatch(async (watched) => {
    const { realtime } = watched.supabase;
    realtime.rows.clear();
    realtime.last.lost();
    realtime.last.joined();
    assert.equal(await mintsOf(watched), 1);
    realtime.write("ada", "free", false);
    realtime.last.lost();
    realtime.last.joined();
    assert.equal(await mintsOf(watched), 1);
  });
});

Deno.test("that the server listens, said again after each refresh of the session, makes no look a time", async () => {
  await inWatch(async ({ supabase: { realtime, clock } }) => {
    const before = realtime.looks.length;
    for (let nth = 0; nth < 60; nth++) {
      realtime.last.system("ok");
      clock.advance(1);
      await settle(1);
    }
    assert.ok(realtime.looks.length - before <= 2, `${realtime.looks.length - before}`);
  });
});

Deno.test("without Realtime, and without a watch, an upgrade is in the token within the old one's life", async () => {
  for (const watch of [true, false]) {
    await inMinimal("ada", async (supabase, behest) => {
      Object.assign(supabase, { channel: undefined });
      if (watch) behest.watchPlan();
      const { ttl } = await behest.getToken();
      supabase.realtime.write("ada", "max");
      supabase.clock.advance(ttl);
      await behest.getToken();
      assert.equal(supabase.function.mints.length, 2);
    });
  }
});
