/** A change that comes between any two steps of a mint or of a request, as finely as there are steps. */
import assert from "node:assert/strict";
import { codeOf, microtasks, settle, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal } from "../support/client_minimal.ts";
import { CHAT } from "../support/client_world.ts";

/** More than the steps of any of these ways. */
const STEPS = 60;

Deno.test("a sign-out at any step of a mint's end leaves no_session or a token that was given before it", async () => {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.function.hold();
      const waiting = watch(behest.getToken());
      await settle();
      supabase.function.last.answer();
      await microtasks(step);
      const given = waiting.outcome !== undefined;
      supabase.become(undefined);
      await settle();
      if (!given && !(waiting.outcome && "value" in waiting.outcome)) {
        assert.equal(codeOf(waiting), "no_session", `step ${step}`);
      }
      assert.equal(behest.getSnapshot().status, "signed-out", `step ${step}`);
      assert.equal(await watchCode(behest.getToken()), "no_session", `step ${step}`);
    });
  }
});

async function watchCode(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => "a token", (error) => error.code);
}

/** Between the last look at who is signed in and an application's own next line. */
const HOPS = 3;

Deno.test("a token that arrives is looked at once more, no more than its promise's own hops before it is had", async () => {
  for (const next of ["bob", undefined]) {
    const late: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      await inMinimal("ada", async (supabase, behest) => {
        supabase.function.hold();
        const waiting = watch(behest.getToken());
        await settle();
        supabase.function.last.answer();
        await microtasks(step);
        const given = waiting.outcome !== undefined;
        supabase.become(next);
        await settle();
        if (!given && valueOf(waiting)) late.push(step);
      });
    }
    assert.ok(late.length <= HOPS, `then ${next}: ${late}`);
  }
});

Deno.test("a request that goes out after a switch or a sign-out never carries the token of before it", async () => {
  for (const next of ["bob", undefined]) {
    for (let step = 0; step < STEPS; step++) {
      for (const held of [true, false]) {
        await inMinimal("ada", async (supabase, behest) => {
          if (held) await behest.getToken();
          behest.fetch(CHAT, { method: "POST", body: "{}" }).catch(() => {});
          await microtasks(step);
          supabase.become(next);
          await settle();
          for (const { owner, signedIn } of supabase.gateway.sent) {
            assert.equal(owner, signedIn, `step ${step}, then ${next}, token at hand: ${held}`);
          }
        });
      }
    }
  }
});

Deno.test("a second try that goes out after a switch never carries the token of before it", async () => {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      supabase.gateway.refuse("bt.ada.1");
      behest.fetch(CHAT, { method: "POST", body: "{}" }).catch(() => {});
      await microtasks(step);
      supabase.become("bob");
      await settle();
      for (const { owner, signedIn } of supabase.gateway.sent) {
        assert.equal(owner, signedIn, `step ${step}`);
      }
      assert.ok(supabase.gateway.sent.every(({ owner }) => owner === "ada"), `step ${step}`);
    });
  }
});

Deno.test("an abort at any step ends its own wait, however long the mint takes", async () => {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.function.hold();
      supabase.tell("TOKEN_REFRESHED", { ...supabase.session!, user: { id: "other" } });
      const controller = new AbortController();
      const waiting = watch(behest.getToken({ signal: controller.signal }));
      await microtasks(step);
      controller.abort("enough");
      await settle();
      assert.deepEqual(waiting.outcome, { error: "enough" }, `step ${step}`);
    });
  }
});

Deno.test("invalidate() at any step of a mint never lets its result be the one that is kept", async () => {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", async (supabase, behest) => {
      const waiting = watch(behest.getToken());
      await microtasks(step);
      const minted = supabase.function.mints.length;
      const given = waiting.outcome !== undefined;
      behest.invalidate();
      await settle();
      assert.ok(waiting.outcome && "value" in waiting.outcome, `step ${step}`);
      const { token } = await behest.getToken();
      if (minted) assert.notEqual(token, "bt.ada.1", `step ${step}`);
      if (minted && !given) assert.ok(supabase.function.mints.length <= 2, `step ${step}`);
    });
  }
});

Deno.test("close() at any step ends every wait with closed, and no request goes out after it", async () => {
  for (let step = 0; step < STEPS; step++) {
    await inMinimal("ada", async (supabase, behest) => {
      const waiting = watch(behest.getToken());
      const request = watch(behest.fetch(CHAT));
      await microtasks(step);
      behest.close();
      const sent = supabase.gateway.sent.length;
      await settle();
      assert.equal(supabase.gateway.sent.length, sent, `step ${step}`);
      for (const each of [waiting, request]) {
        const done = each.outcome && "value" in each.outcome;
        assert.ok(done || codeOf(each) === "closed", `step ${step}: ${codeOf(each)}`);
      }
    });
  }
});
