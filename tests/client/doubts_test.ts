/** From an event that names another user on, nothing is handed out until `getSession()` has answered. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal, never, sessionOf } from "../support/client_minimal.ts";
import {
  type Answer,
  answerAll,
  holdSession,
  offline,
  sessionAnswer,
} from "../support/client_session.ts";
import { CHAT, rejects } from "../support/client_world.ts";

Deno.test("an event that names another user stops the token at once, and a getSession() that denies it gives it back", async () => {
  for (const event of ["SIGNED_IN", "TOKEN_REFRESHED", "USER_UPDATED", "INITIAL_SESSION"]) {
    await inMinimal("ada", async (supabase, behest) => {
      const { token } = await behest.getToken();
      const asked = holdSession(supabase);
      supabase.tell(event, sessionOf("bob"));
      const waiting = watch(behest.getToken());
      const request = watch(behest.fetch(CHAT));
      await settle();
      assert.equal(waiting.outcome, undefined, event);
      assert.equal(supabase.gateway.sent.length, 0, event);
      await answerAll(asked, "ada");
      assert.equal(valueOf(waiting)?.token, token, event);
      assert.ok(request.outcome && "value" in request.outcome, event);
      assert.equal(supabase.function.mints.length, 1, event);
    });
  }
});

Deno.test("an event that names another user, which getSession() confirms, ends the token and the Behest session", async () => {
  for (const event of ["SIGNED_IN", "TOKEN_REFRESHED", "USER_UPDATED"]) {
    await inMinimal("ada", async (supabase, behest) => {
      const before = await behest.getToken();
      supabase.session = sessionOf("bob");
      supabase.tell(event, supabase.session);
      const after = await behest.getToken();
      assert.equal(after.token, "bt.bob.2", event);
      assert.notEqual(after.sessionId, before.sessionId, event);
    });
  }
});

Deno.test("getSession() that was asked before an event does not decide what came after it", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    const asked = holdSession(supabase);
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    const waiting = watch(behest.getToken());
    await settle();
    // What is read now is of the time before the second event.
    const stale = [...asked];
    supabase.tell("SIGNED_IN", sessionOf("cy"));
    await settle();
    for (const each of stale) each.answer(sessionAnswer("bob"));
    await settle();
    assert.equal(waiting.outcome, undefined);
    assert.ok(asked.length > stale.length);
    supabase.session = sessionOf("cy");
    supabase.onGetSession = () => supabase.answer();
    for (const each of asked) each.answer(sessionAnswer("cy"));
    await settle();
    assert.deepEqual(supabase.function.mints.map(({ user }) => user), ["ada", "cy"]);
  });
});

Deno.test("a mint that ends in doubt is given to nobody until getSession() has answered", async () => {
  for (const decided of ["ada", "bob"]) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.function.hold();
      const waiting = watch(behest.getToken());
      await settle();
      const asked = holdSession(supabase);
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      supabase.function.last.answer();
      await settle();
      assert.equal(waiting.outcome, undefined, decided);
      await answerAll(asked, decided);
      if (decided === "bob") assert.equal(codeOf(waiting), "user_changed");
      else assert.ok(waiting.outcome && "value" in waiting.outcome);
    });
  }
});

Deno.test("a SIGNED_OUT while getSession() is asked wins over what was read before it", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const asked = holdSession(supabase);
    supabase.function.hold();
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    const waiting = watch(behest.getToken());
    await settle();
    supabase.onGetSession = () => supabase.answer();
    supabase.become(undefined);
    for (const each of asked) each.answer(sessionAnswer("bob"));
    await settle();
    assert.equal(codeOf(waiting), "no_session");
    assert.equal(supabase.function.mints.length, 0);
  });
});

Deno.test("a getSession() that never answers bounds the wait by the time-out, and lets no old token out", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    supabase.onGetSession = () => never();
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(14.9);
    await settle();
    assert.equal(waiting.outcome, undefined);
    supabase.clock.advance(0.2);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    const again = watch(behest.getToken());
    await settle();
    assert.ok(!(again.outcome && "value" in again.outcome));
    supabase.onGetSession = () => supabase.answer();
    supabase.clock.advance(20);
    await settle();
    assert.equal((await behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("a getSession() that cannot say who is there is network, and a later one that can is believed", async () => {
  const lock = new Error("Acquiring an exclusive Navigator LockManager lock timed out");
  const faults: [string, () => Promise<Answer>][] = [
    ["an error of the network", () => Promise.resolve(offline())],
    ["a rejection without a reason", () => Promise.reject(undefined)],
    ["a rejection", () => Promise.reject(lock)],
    ["an error that is thrown", () => {
      throw lock;
    }],
  ];
  for (const [what, fault] of faults) {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      supabase.onGetSession = fault;
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      await settle();
      await rejects(behest.getToken(), "network", what);
      await rejects(behest.fetch(CHAT), "network", what);
      assert.equal(supabase.gateway.sent.length, 0, what);
      supabase.onGetSession = () => supabase.answer();
      supabase.clock.advance(1.1);
      assert.equal((await behest.getToken()).token, "bt.ada.1", what);
    });
  }
});

Deno.test("a pause that a failed mint has begun outlives an event and a getSession() that fails", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const busy = { error: { code: "rate_limited", message: "Wait." } };
    supabase.function.always(() =>
      Response.json(busy, { status: 429, headers: { "Retry-After": "60" } })
    );
    await rejects(behest.getToken(), "rate_limited");
    for (let nth = 0; nth < 5; nth++) {
      supabase.onGetSession = () => Promise.reject(new Error("offline"));
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      await settle();
      await behest.getToken().catch(() => {});
      supabase.onGetSession = () => supabase.answer();
      await behest.getToken().catch(() => {});
      await behest.getToken().catch(() => {});
      supabase.clock.advance(1);
    }
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("a pause that a failed mint has begun outlives the events of the other tab's user", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => new Response("", { status: 500 }));
    await rejects(behest.getToken(), "bad_answer");
    for (let nth = 0; nth < 20; nth++) {
      supabase.tell(nth % 2 ? "SIGNED_IN" : "TOKEN_REFRESHED", sessionOf("bob"));
      await rejects(behest.getToken(), "bad_answer");
    }
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("a session that is there without an event is served, and its first asker gets a token", async () => {
  await inMinimal(undefined, async (supabase, behest) => {
    await rejects(behest.getToken(), "no_session");
    supabase.session = sessionOf("ada");
    assert.equal((await behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("who asks while somebody signs in gets the token of who has signed in", async () => {
  await inMinimal(undefined, async (supabase, behest) => {
    const asked = holdSession(supabase);
    const waiting = watch(behest.getToken());
    await settle();
    supabase.session = sessionOf("ada");
    supabase.tell("SIGNED_IN", supabase.session);
    supabase.onGetSession = () => supabase.answer();
    await settle();
    for (const each of asked) each.answer(sessionAnswer("ada"));
    await settle();
    assert.deepEqual(waiting.outcome, { value: await behest.getToken() });
  });
});
