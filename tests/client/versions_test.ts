/** What other versions of supabase-js do: locks, calls that never end, fields that come and go. */
import assert from "node:assert/strict";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { inMinimal, never, sessionOf } from "../support/client_minimal.ts";
import { ClientWorld, rejects, signIn, signOut } from "../support/client_world.ts";

Deno.test("listeners call nothing while supabase-js waits for them, and give it nothing to wait for", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    for (const user of ["ada", "bob", undefined, "cy", "ada"]) {
      for (const event of ["SIGNED_IN", "TOKEN_REFRESHED", "USER_UPDATED", "INITIAL_SESSION"]) {
        supabase.session = user === undefined ? null : sessionOf(user);
        supabase.tell(event, supabase.session);
        behest.getToken().catch(() => {});
        supabase.tell(event, supabase.session);
        await settle(1);
      }
    }
    assert.equal(supabase.hanging, 0);
  });
});

Deno.test("nothing hangs where supabase-js locks every call, through sign-ins, mints, refreshes and switches", async () => {
  const world = new ClientWorld();
  const { warn } = console;
  console.warn = () => {};
  const tab = await world.open({ locked: true });
  console.warn = warn;
  await rejects(tab.behest.getToken(), "no_session");
  for (const user of ["ada", "bob", "ada"]) {
    await signIn(tab, user);
    await tab.supabase.auth.refreshSession();
    assert.equal((await tab.behest.getToken()).token.split(".")[1], user);
    await world.chat();
    world.function.always((mint) =>
      mint.nth % 2
        ? Response.json({ error: { code: "expired_token", message: "Refresh." } }, { status: 401 })
        : world.function.good(mint)
    );
    tab.behest.invalidate();
    await tab.behest.getToken();
    world.function.always((mint) => world.function.good(mint));
  }
  await signOut(tab);
  await rejects(tab.behest.getToken(), "no_session");
  world.assertNobodyElse();
  await world.close();
});

Deno.test("an invoke that never answers, deaf to its signal, is timeout, and the next mint goes out after its pause", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.onInvoke = () => never();
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.advance(15);
    await settle();
    assert.equal(codeOf(waiting), "timeout");
    await rejects(behest.getToken(), "timeout");
    supabase.onInvoke = undefined;
    supabase.clock.advance(1);
    assert.equal((await behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("a late answer of an invoke that is deaf to its signal is kept for nobody", async () => {
  for (const next of ["bob", undefined]) {
    await inMinimal("ada", async (supabase, behest) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const late = supabase.function.good({ user: "ada", nth: 7, body: {} }).json();
      supabase.onInvoke = () => promise.then(async () => ({ data: await late, error: null }));
      const waiting = watch(behest.getToken());
      await settle();
      supabase.become(next);
      await settle();
      assert.equal(codeOf(waiting), next ? "user_changed" : "no_session");
      supabase.onInvoke = undefined;
      const again = watch(behest.getToken());
      resolve();
      await settle();
      if (!next) return assert.equal(codeOf(again), "no_session");
      assert.equal((await behest.getToken()).token, "bt.bob.1");
    });
  }
});

Deno.test("who waits hears of a change at once, also where invoke is deaf and never answers", async () => {
  for (const next of ["bob", undefined]) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.onInvoke = () => never();
      const waiting = watch(behest.getToken());
      await settle();
      supabase.become(next);
      await settle();
      assert.equal(codeOf(waiting), next ? "user_changed" : "no_session");
    });
  }
});

Deno.test("is_anonymous that older servers leave out is as good as false, and mints nothing", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    for (const anonymous of [false, undefined, false]) {
      supabase.session = sessionOf("ada", anonymous);
      supabase.tell("TOKEN_REFRESHED", supabase.session);
      await behest.getToken();
    }
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("getSession() that brings another user without any event ends the token of the one before", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const before = await behest.getToken();
    supabase.session = sessionOf("bob");
    supabase.signedIn = "bob";
    behest.invalidate();
    await behest.getToken().catch(() => {});
    const after = await behest.getToken();
    assert.equal(after.token.split(".")[1], "bob");
    assert.notEqual(after.sessionId, before.sessionId);
    for (const { user, body } of supabase.function.mints) {
      if (user === "bob") assert.equal(body.sessionId, undefined);
    }
  });
});

Deno.test("the Behest session that the function answers is the one that goes on, though another was asked for", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always((mint) =>
      supabase.function.good(mint, { sessionId: `own-${mint.nth}` })
    );
    assert.equal((await behest.getToken()).sessionId, "own-1");
    behest.invalidate();
    assert.equal((await behest.getToken()).sessionId, "own-2");
    behest.invalidate();
    await behest.getToken();
    const asked = supabase.function.mints.map(({ body }) => body.sessionId);
    assert.deepEqual(asked, ["from-the-app", "own-1", "own-2"]);
  }, { sessionId: "from-the-app" });
});

Deno.test("a session whose refresh Auth refuses is no_session, and one that Auth could not answer for is network", async () => {
  const faults = [
    [400, "no_session"],
    [401, "no_session"],
    [403, "no_session"],
    [0, "network"],
    [
      429,
      "network",
    ],
    [500, "network"],
    [undefined, "network"],
  ] as const;
  for (const [status, code] of faults) {
    await inMinimal("ada", async (supabase, behest) => {
      const error = Object.assign(new Error("no"), { name: "AuthError", status });
      supabase.onGetSession = () => Promise.resolve({ data: { session: null }, error });
      const told = await rejects(behest.getToken(), code, `${status}`);
      if (code === "network") assert.equal(told.cause, error.name);
      assert.equal(supabase.function.mints.length, 0);
    });
  }
});

Deno.test("close() and a sign-out end also the wait for a getSession() that never answers", async () => {
  for (const how of ["close", "sign-out"]) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.onGetSession = () => never();
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      const waiting = watch(behest.getToken());
      await settle();
      supabase.onGetSession = () => supabase.answer();
      if (how === "close") behest.close();
      else supabase.become(undefined);
      await settle();
      assert.equal(codeOf(waiting), how === "close" ? "closed" : "no_session");
    });
  }
});
