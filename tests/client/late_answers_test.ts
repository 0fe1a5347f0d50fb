/** What supabase-js was asked early and answers late decides nothing of what came in between. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inMinimal, type Minimal, never, sessionOf } from "../support/client_minimal.ts";
import {
  type Answer,
  decide,
  freeSession,
  holdSession,
  offline,
  sessionAnswer,
  tellElsewhere,
} from "../support/client_session.ts";
import { CHAT, rejects } from "../support/client_world.ts";

/** Whose mints there were, in their order. */
const minters = ({ function: { mints } }: Minimal): string[] => mints.map(({ user }) => user);

for (const late of ["ada", undefined]) {
  Deno.test(`a getSession() that was asked early and says ${late} late does not overwrite a newer user`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      const asked = holdSession(supabase);
      tellElsewhere(supabase, "zoe");
      const waiting = watch(behest.getToken());
      await settle();
      assert.equal(asked.length, 2);
      supabase.session = sessionOf("bob");
      freeSession(supabase);
      asked[0]!.answer(sessionAnswer("bob"));
      await decide();
      supabase.tell("SIGNED_IN", supabase.session);
      await decide();
      asked[1]!.answer(sessionAnswer(late));
      await decide();
      assert.equal(valueOf(waiting)?.token, "bt.bob.1");
      await behest.fetch(CHAT);
      assert.equal(supabase.gateway.last.owner, "bob");
      assert.deepEqual(minters(supabase), ["bob"]);
    });
  });
}

Deno.test("a getSession() that was asked early does not overwrite who a later one has found to be still there", async () => {
  await inMinimal("bob", async (supabase, behest) => {
    await behest.getToken();
    const asked = holdSession(supabase);
    tellElsewhere(supabase, "zoe");
    const waiting = watch(behest.getToken());
    await settle();
    const [early, later] = asked;
    freeSession(supabase);
    later!.answer(sessionAnswer("bob"));
    await decide();
    early!.answer(sessionAnswer("ada"));
    await decide();
    assert.equal(valueOf(waiting)?.token, "bt.bob.1");
    assert.equal((await behest.getToken()).token, "bt.bob.1");
    assert.deepEqual(minters(supabase), ["bob"]);
  });
});

for (const early of ["bob", undefined]) {
  Deno.test(`a getSession() that was asked before an event counts no more where both say ${early}`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      const asked = holdSession(supabase);
      tellElsewhere(supabase, "zoe");
      const waiting = watch(behest.getToken());
      await settle();
      freeSession(supabase);
      const event = early ? "SIGNED_IN" : "SIGNED_OUT";
      supabase.tell(event, sessionAnswer(early).data.session);
      supabase.signedIn = "ada";
      for (const each of asked) each.answer(sessionAnswer(early));
      await decide();
      assert.equal(valueOf(waiting)?.token, "bt.ada.1");
      assert.deepEqual(minters(supabase), ["ada"]);
    });
  });
}

Deno.test("a refresh that was asked early and answers late does not bring its user back", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => refused(401, "expired_token"));
    const late = Promise.withResolvers<Answer>();
    supabase.onRefresh = () => late.promise;
    const waiting = watch(behest.getToken());
    await settle();
    supabase.function.always((mint) => supabase.function.good(mint));
    supabase.become("bob");
    await decide();
    late.resolve(sessionAnswer("ada"));
    await decide();
    assert.equal(codeOf(waiting), "user_changed");
    assert.equal((await behest.getToken()).token, "bt.bob.2");
    assert.deepEqual(minters(supabase), ["ada", "bob"]);
  });
});

Deno.test("a mint that was timed out while it waited for getSession() never calls the function", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const asked = holdSession(supabase);
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(15.1);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    for (const each of asked) each.answer(sessionAnswer("ada"));
    await decide();
    assert.equal(supabase.function.mints.length, 0);
    freeSession(supabase);
    supabase.clock.advance(1);
    assert.equal((await behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("a mint that was timed out while it waited for a refresh does not call the function a second time", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => refused(401, "expired_token"));
    const late = Promise.withResolvers<Answer>();
    supabase.onRefresh = () => late.promise;
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(15.1);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    late.resolve(sessionAnswer("ada"));
    await decide();
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("who asks in a pause hears its error at once, and in doubt waits for who is there: it may be another's error", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => refused(503, "auth_unavailable", { "Retry-After": "60" }));
    await rejects(behest.getToken(), "auth_unavailable");
    for (let nth = 0; nth < 20; nth++) {
      const waiting = [watch(behest.getToken()), watch(behest.fetch(CHAT))];
      await settle(1);
      for (const each of waiting) assert.equal(codeOf(each), "auth_unavailable");
    }
    supabase.onGetSession = () => never();
    tellElsewhere(supabase, "bob");
    assert.equal(behest.getSnapshot().error, undefined);
    const waiting = [watch(behest.getToken()), watch(behest.fetch(CHAT))];
    await settle();
    for (const each of waiting) assert.equal(each.outcome, undefined);
    supabase.clock.advance(15);
    await settle();
    for (const each of waiting) assert.equal(codeOf(each), "timeout");
    freeSession(supabase);
    await rejects(behest.getToken(), "auth_unavailable");
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("a getSession() that fails after a mint has does not shorten the mint's pause", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.hold();
    const minted = watch(behest.getToken());
    await settle();
    const asked = holdSession(supabase);
    tellElsewhere(supabase, "bob");
    const waiting = watch(behest.getToken());
    await settle();
    supabase.function.last.answer(refused(429, "rate_limited", { "Retry-After": "60" }));
    await settle();
    for (const each of asked) each.answer(offline());
    await decide();
    assert.equal(codeOf(waiting), "network");
    freeSession(supabase);
    supabase.clock.advance(59);
    await rejects(behest.getToken(), "rate_limited");
    assert.equal(supabase.function.mints.length, 1);
    assert.equal(codeOf(minted), "rate_limited");
  });
});

Deno.test("a getSession() that has failed does not shorten the pause of a mint that fails after it", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.hold();
    const minted = watch(behest.getToken());
    await settle();
    const asked = holdSession(supabase);
    tellElsewhere(supabase, "bob");
    const waiting = watch(behest.getToken());
    await settle();
    for (const each of asked) each.answer(offline());
    await decide();
    assert.equal(codeOf(waiting), "network");
    freeSession(supabase);
    supabase.function.last.answer(refused(429, "rate_limited", { "Retry-After": "60" }));
    await decide();
    assert.equal(codeOf(minted), "rate_limited");
    supabase.clock.advance(59);
    watch(behest.getToken());
    await decide();
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("a getSession() that rejects without a reason is network, and signs nobody out", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const { token } = await behest.getToken();
    supabase.onGetSession = () => Promise.reject(undefined);
    tellElsewhere(supabase, "bob");
    await decide();
    await rejects(behest.getToken(), "network");
    assert.notEqual(behest.getSnapshot().status, "signed-out");
    freeSession(supabase);
    supabase.clock.advance(1.1);
    assert.equal((await behest.getToken()).token, token);
  });
});
