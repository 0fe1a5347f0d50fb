/** What ends a mint ends it for good, in whatever step of the mint's own end it comes. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { Held, microtasks, settle, valueOf, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inMinimal, type Minimal, sessionOf } from "../support/client_minimal.ts";
import type { Behest } from "../support/client_module.ts";
import { ask } from "../support/client_openai.ts";
import { type Answer, decide, sessionAnswer } from "../support/client_session.ts";
import { CHAT } from "../support/client_world.ts";

/** More than the steps of any of these ways. */
const STEPS = 100;

/** How often the function was called, also where the call never reached it. */
function countInvokes({ functions }: Minimal): () => number {
  let calls = 0;
  const { invoke } = functions;
  functions.invoke = (...what) => (calls++, invoke(...what));
  return () => calls;
}

type Use = (behest: Behest, supabase: Minimal) => Promise<unknown>;

const USES: [string, Use][] = [
  ["getToken()", (behest) => behest.getToken()],
  ["fetch()", (behest) => behest.fetch(CHAT, { method: "POST", body: "x" })],
  ["fetch() after a 401", async (behest, supabase) => {
    await behest.getToken();
    supabase.gateway.refuse("bt.ada.1");
    await behest.fetch(CHAT, { method: "POST", body: "x" });
  }],
  ["openai()", (behest) => ask(behest.openai(OpenAI, { maxRetries: 0 }))],
  ["a mint that refreshes", async (behest, supabase) => {
    const { function: own } = supabase;
    own.always((mint) => mint.nth > 1 ? own.good(mint) : refused(401, "expired_token"));
    await behest.getToken();
  }],
  ["a mint made anew", async (behest) => {
    const waiting = behest.getToken();
    behest.newSession();
    await waiting;
  }],
];

for (const [what, use] of USES) {
  Deno.test(`no mint begins and nothing is sent after a close() at any step of ${what}`, async () => {
    for (let step = 0; step < STEPS; step++) {
      await inMinimal("ada", async (supabase, behest) => {
        const invokes = countInvokes(supabase);
        watch(use(behest, supabase));
        await microtasks(step);
        behest.close();
        const [before, sent] = [invokes(), supabase.gateway.sent.length];
        await settle(8);
        assert.equal(invokes(), before, `step ${step}`);
        assert.equal(supabase.gateway.sent.length, sent, `step ${step}`);
      });
    }
  });
}

type Change = (supabase: Minimal, behest: Behest) => void;

const CHANGES: [string, number, Change][] = [
  ["close()", 1, (_, behest) => behest.close()],
  ["a sign-out", 1, (supabase) => supabase.become(undefined)],
  ["a switch", 1, (supabase) => supabase.become("bob")],
  ["a switch that was told as another", 1, (supabase) => {
    supabase.session = sessionOf("bob");
    supabase.tell("SIGNED_IN", sessionOf("cy"));
    supabase.signedIn = "bob";
  }],
  ["a switch that nobody tells", 1, (supabase) => void (supabase.session = sessionOf("bob"))],
  ["a switch there and back", 1, (supabase) => {
    supabase.become("bob");
    supabase.become("ada");
  }],
  ["invalidate()", 2, (_, behest) => behest.invalidate()],
];

for (const [what, most, change] of CHANGES) {
  Deno.test(`${what} at any step of a mint's end gives its waiter nothing of another's, and makes at most ${most - 1} more`, async () => {
    for (let step = 0; step < 60; step++) {
      await inMinimal("ada", async (supabase, behest) => {
        const invokes = countInvokes(supabase);
        supabase.function.hold();
        const waiting = watch(behest.getToken());
        await settle();
        supabase.function.last.answer();
        supabase.function.always((mint) => supabase.function.good(mint));
        await microtasks(step);
        change(supabase, behest);
        await decide();
        const token = valueOf(waiting)?.token ?? "bt.ada.";
        assert.ok(token.startsWith("bt.ada."), `step ${step}: ${token}`);
        assert.ok(invokes() <= most, `step ${step}: ${invokes()} calls`);
        assert.equal(supabase.function.most, 1, `step ${step}`);
      });
    }
  });
}

for (const stays of [true, false]) {
  Deno.test(`a waiter of ada's never gets bob's token, where it is found out late and is ${stays ? "denied" : "confirmed"} meanwhile`, async () => {
    for (let end = 0; end < 12; end++) {
      for (let step = 0; step < 24; step++) {
        await inMinimal("ada", async (supabase, behest) => {
          supabase.function.hold();
          const waiting = watch(behest.getToken());
          await settle(2);
          const first = new Held<Answer>();
          const later = Promise.resolve(sessionAnswer(stays ? "ada" : "bob"));
          const asked = supabase.asked;
          supabase.onGetSession = () => supabase.asked === asked + 1 ? first.promise : later;
          supabase.tell("SIGNED_IN", sessionOf("bob"));
          await microtasks(4);
          supabase.function.last.answer();
          supabase.function.always((mint) => supabase.function.good(mint));
          await microtasks(end);
          first.answer(sessionAnswer("bob"));
          await microtasks(step);
          supabase.onGetSession = () => Promise.resolve(sessionAnswer("bob"));
          await settle(14);
          const token = valueOf(waiting)?.token ?? "bt.ada.";
          assert.ok(token.startsWith("bt.ada."), `steps ${end} and ${step}: ${token}`);
        });
      }
    }
  });
}

Deno.test("what is left of a mint that a switch has ended takes nothing from the next user's, who asks at once", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.hold();
    watch(behest.getToken());
    await settle();
    behest.subscribe(() => watch(behest.getToken()));
    supabase.become("bob");
    await decide();
    watch(behest.getToken());
    await decide();
    assert.deepEqual(supabase.function.mints.map(({ user }) => user), ["ada", "bob"]);
  });
});
