/** However many wait in doubt, they wait for one mint, and what makes it worthless costs one more. */
import assert from "node:assert/strict";
import { inBrowser } from "../support/client_browser.ts";
import { codeOf, settle, until, valueOf, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { decide, tellElsewhere } from "../support/client_session.ts";
import { inWorld, rejects, signIn } from "../support/client_world.ts";

const ADA = { user: "ada" };

for (const how of ["invalidate", "newSession"] as const) {
  for (const many of [1, 20, 50]) {
    Deno.test(`${how}() while ${many} wait who have each asked in doubt is one mint more, and one at a time`, async () => {
      await inMinimal("ada", async (supabase, behest) => {
        supabase.function.hold();
        const waiting = [watch(behest.getToken())];
        await settle();
        for (let nth = 0; nth < many; nth++) {
          tellElsewhere(supabase, "bob");
          waiting.push(watch(behest.getToken()));
          await decide();
        }
        const { mints } = supabase.function;
        assert.equal(mints.length, 1);
        behest[how]();
        mints[0]!.answer();
        await settle();
        assert.equal(mints.length, 2);
        mints[1]!.answer();
        await settle();
        assert.equal(mints.length, 2);
        assert.equal(supabase.function.most, 1);
        for (const each of waiting) assert.equal(valueOf(each)?.token, "bt.ada.2");
      });
    });
  }
}

Deno.test("where the mint after an invalidate() fails all who have asked in doubt hear it, and there is no third", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.hold();
    const waiting = [watch(behest.getToken())];
    for (let nth = 0; nth < 20; nth++) {
      tellElsewhere(supabase, "bob");
      waiting.push(watch(behest.getToken()));
      await decide();
    }
    behest.invalidate();
    supabase.function.last.answer();
    await settle();
    supabase.function.last.answer(refused(500, "internal"));
    await decide();
    assert.equal(supabase.function.mints.length, 2);
    assert.equal(supabase.function.most, 1);
    for (const each of waiting) assert.equal(codeOf(each), "internal");
  });
});

Deno.test("a tab that asks at each event of the other tab's user has one mint at a time, and one more for an invalidate()", async () => {
  await inBrowser(async (browser) => {
    const [one, two] = await browser.apart();
    await signIn(one, "ada");
    const before = one.events.length;
    await signIn(two, "bob");
    await until("bob's sign-in, heard", () => one.events.length > before);
    await decide();
    browser.function.hold();
    one.supabase.auth.onAuthStateChange(() => void one.behest.getToken().catch(() => {}));
    await decide();
    assert.equal(browser.mints.length, 1);
    const base = browser.mints.length;
    for (let nth = 0; nth < 20; nth++) {
      const { length } = one.events;
      await two.supabase.auth.refreshSession();
      await until("an event", () => one.events.length > length);
    }
    await decide();
    assert.equal(browser.mints.length, base);
    one.behest.invalidate();
    browser.mints.at(-1)!.answer();
    await decide();
    browser.mints.at(-1)!.answer();
    await decide();
    assert.ok(browser.mints.length <= base + 1);
    assert.equal(browser.function.most, 1);
  });
});

const OWN_CODES = ["no_session", "user_changed", "closed"];

for (const code of OWN_CODES) {
  for (const [headers, seconds] of [[{}, 1], [{ "Retry-After": "60" }, 60]] as const) {
    Deno.test(`an error of the function's that is called ${code} is waited out for ${seconds} s like any other, and shown`, async () => {
      for (const status of [401, 403, 429, 500]) {
        await inWorld(ADA, async (world) => {
          world.function.always(() => refused(status, code, headers));
          for (let nth = 0; nth < 50; nth++) await rejects(world.behest.getToken(), code);
          await rejects(world.chat(), code);
          world.clock.advance(seconds - 0.1);
          await rejects(world.behest.getToken(), code);
          assert.equal(world.mints.length, 1);
          const { status: shown, error } = world.behest.getSnapshot();
          assert.deepEqual([shown, error?.code, error?.status], ["failed", code, status]);
          world.clock.advance(0.2);
          await rejects(world.behest.getToken(), code);
          assert.equal(world.mints.length, 2);
        });
      }
    });
  }

  Deno.test(`a listener that asks again at every change makes no storm where the function says ${code}`, async () => {
    await inWorld(ADA, async (world) => {
      world.function.always(() => refused(403, code));
      const ask = () => void (world.mints.length < 100 && world.behest.getToken().catch(() => {}));
      world.behest.subscribe(ask);
      ask();
      await settle(50);
      assert.equal(world.mints.length, 1);
    });
  });
}

Deno.test("an invalidate() during a mint that then fails gives the waiters what comes of a new one", async () => {
  for (const again of [undefined, refused(429, "rate_limited")]) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.function.hold();
      const waiting = [watch(behest.getToken()), watch(behest.getToken())];
      await settle();
      behest.invalidate();
      supabase.function.last.answer(refused(500, "internal"));
      await settle();
      assert.equal(supabase.function.mints.length, 2);
      supabase.function.last.answer(again);
      await settle();
      for (const each of waiting) {
        if (again) assert.equal(codeOf(each), "rate_limited");
        else assert.equal(valueOf(each)?.token, "bt.ada.2");
      }
      assert.equal(supabase.function.mints.length, 2);
    });
  }
});
