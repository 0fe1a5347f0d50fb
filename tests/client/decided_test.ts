/** A request in doubt is that of whom the doubt was decided for, also where its own question is slow. */
import assert from "node:assert/strict";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { answerAll, freeSession, holdSession, sessionAnswer } from "../support/client_session.ts";
import { CHAT } from "../support/client_world.ts";

Deno.test("who comes back after it was decided for another has none of the other's requests", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    const asked = holdSession(supabase);
    supabase.become("bob");
    const waiting = watch(behest.fetch(CHAT, { method: "POST", body: "bob's" }));
    await settle();
    assert.equal(asked.length, 2);
    // One question decides for bob; the request waits on the other.
    asked[0]!.answer(sessionAnswer("bob"));
    await settle();
    supabase.become("ada");
    await settle();
    await answerAll(asked.slice(2), "ada");
    asked[1]!.answer(sessionAnswer("bob"));
    for (let turn = 0; turn < 12; turn++) {
      for (const each of asked.slice(2)) each.answer(sessionAnswer("ada"));
      await settle();
    }
    assert.equal(codeOf(waiting), "user_changed");
    assert.deepEqual(supabase.gateway.sent, []);
  });
});

Deno.test("an answer read before another user came is not believed for an event that tells its token once more", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    const asked = holdSession(supabase);
    behest.invalidate();
    watch(behest.getToken());
    await settle();
    supabase.become("bob");
    await settle();
    // A duplicated tab has ada's session, and tells of it whenever it is seen.
    supabase.tell("SIGNED_IN", sessionOf("ada"));
    supabase.signedIn = "bob";
    await settle();
    asked[0]!.answer(sessionAnswer("ada"));
    await settle();
    const waiting = watch(behest.fetch(CHAT, { method: "POST", body: "bob's" }));
    await settle();
    assert.deepEqual([supabase.gateway.sent, waiting.outcome], [[], undefined]);
    for (let turn = 0; turn < 30; turn++) {
      for (const each of asked.slice(1)) each.answer(sessionAnswer("bob"));
      await settle();
    }
    freeSession(supabase);
    // ada was told of last when it was made.
    assert.equal(codeOf(waiting), "user_changed");
    assert.deepEqual(supabase.gateway.sent, []);
    await behest.fetch(CHAT);
    assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["bob"]);
  });
});
