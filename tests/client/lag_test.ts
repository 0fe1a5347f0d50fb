/** Another tab's event that is ahead of what that tab has written, as it may be in Chromium. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal, type Minimal, sessionOf } from "../support/client_minimal.ts";
import { CHAT } from "../support/client_world.ts";

/** The storage still has this user the first so many times that it is read, and then another. */
function lag(supabase: Minimal, before: string | undefined, reads: number, after?: string): void {
  const sessionFor = (user?: string) => user === undefined ? null : sessionOf(user);
  supabase.session = sessionFor(before);
  const { auth } = supabase;
  const read = auth.getSession.bind(auth);
  auth.getSession = () => {
    if (reads-- <= 0) supabase.session = sessionFor(after);
    return read();
  };
}

for (const reads of [1, 2, 5, 9]) {
  Deno.test(`a sign-in of another tab's counts though the storage lags behind it ${reads} times`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      lag(supabase, "ada", reads, "bob");
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      const request = watch(behest.fetch(CHAT));
      const token = watch(behest.getToken());
      await settle(60);
      assert.equal(valueOf(token)?.token, "bt.bob.2");
      assert.ok(valueOf(request));
      assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["bob"]);
    });
  });

  Deno.test(`a sign-out of another tab's counts though the storage lags behind it ${reads} times`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      lag(supabase, "ada", reads);
      supabase.tell("SIGNED_OUT", null);
      const request = watch(behest.fetch(CHAT));
      await settle(60);
      assert.equal(codeOf(request), "no_session");
      assert.equal(supabase.gateway.sent.length, 0);
      assert.equal(behest.getSnapshot().status, "signed-out");
    });
  });
}

Deno.test("a storage that goes on contradicting an event is another one, and right", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const { token } = await behest.getToken();
    lag(supabase, "ada", 1000);
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    const waiting = watch(behest.getToken());
    await settle(60);
    assert.equal(valueOf(waiting)?.token, token);
    assert.equal(supabase.function.mints.length, 1);
  });
});

Deno.test("an event that the storage agrees with is waited for no longer", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    let reads = 0;
    const { auth } = supabase;
    const read = auth.getSession.bind(auth);
    auth.getSession = () => (reads++, read());
    supabase.session = sessionOf("bob");
    supabase.tell("SIGNED_IN", supabase.session);
    await settle();
    assert.equal(reads, 1);
    assert.equal((await behest.getToken()).token, "bt.bob.2");
  });
});
