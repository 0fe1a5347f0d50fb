/** Two tabs of supabase-js itself, which tell each other of every event over a real BroadcastChannel. */
import assert from "node:assert/strict";
import { codeOf, settle, until, watch } from "../support/client_calls.ts";
import { type Browser, inBrowser } from "../support/client_browser.ts";
import { CHAT, rejects, signIn, signOut, type Tab } from "../support/client_world.ts";

/** Until this tab has heard of so many events more. */
function hears(tab: Tab, act: () => Promise<void>, event: string): Promise<void> {
  const before = tab.events.filter((each) => each === event).length;
  const heard = () => tab.events.filter((each) => each === event).length > before;
  return act().then(() => until(`${event} in the other tab`, heard));
}

async function withBoth(browser: Browser, storages: "one" | "a storage each") {
  return storages === "one" ? await browser.together() : await browser.apart();
}

function mintsOf(browser: Browser, user: string): number {
  return browser.mints.filter((mint) => mint.user === user).length;
}

Deno.test("a sign-in in one tab serves the other, where they share a storage", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "one");
    await rejects(second.behest.getToken(), "no_session");
    await hears(second, () => signIn(first, "ada"), "SIGNED_IN");
    assert.equal((await second.behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("a switch in one tab is one in the other, where they share a storage", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "one");
    await hears(second, () => signIn(first, "ada"), "SIGNED_IN");
    await second.behest.getToken();
    await hears(second, () => signIn(first, "bob"), "SIGNED_IN");
    await second.behest.fetch(CHAT);
    assert.equal(browser.gateway.last.owner, "bob");
    assert.equal(browser.mints.at(-1)?.body.sessionId, undefined);
  });
});

Deno.test("a sign-out in one tab is one in the other, and ends the mint there", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "one");
    await hears(second, () => signIn(first, "ada"), "SIGNED_IN");
    browser.function.hold();
    const waiting = watch(second.behest.getToken());
    await settle();
    await hears(second, () => signOut(first), "SIGNED_OUT");
    assert.equal(codeOf(waiting), "no_session");
    await rejects(second.behest.getToken(), "no_session");
  });
});

Deno.test("the other tab's user takes no token here, and this tab's user keeps its own, with a storage each", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    const { token, sessionId } = await first.behest.getToken();
    await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
    assert.equal((await second.behest.getToken()).token.split(".")[1], "bob");
    const after = await first.behest.getToken();
    assert.equal(after.token.split(".")[1], "ada");
    assert.equal(after.sessionId, sessionId);
    assert.ok(mintsOf(browser, "ada") <= 2, `${token} and ${after.token}`);
  });
});

Deno.test("no event of the other tab's user costs more than one re-mint, however many come", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    await first.behest.getToken();
    let events = 0;
    for (let nth = 0; nth < 4; nth++) {
      await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
      await hears(
        first,
        () => second.supabase.auth.refreshSession().then(() => {}),
        "TOKEN_REFRESHED",
      );
      events += 2;
      for (let use = 0; use < 3; use++) {
        assert.equal((await first.behest.getToken()).token.split(".")[1], "ada");
      }
      assert.ok(mintsOf(browser, "ada") <= 1 + events, `after ${events} events`);
    }
  });
});

Deno.test("a sign-out of the other tab's user does not sign this tab's user out", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
    await first.behest.getToken();
    await hears(first, () => signOut(second), "SIGNED_OUT");
    const uses = await Promise.all([first.behest.getToken(), first.behest.getToken()]);
    for (const { token } of uses) assert.equal(token.split(".")[1], "ada");
    assert.ok(mintsOf(browser, "ada") <= 3);
    assert.notEqual(first.behest.getSnapshot().status, "signed-out");
    await rejects(second.behest.getToken(), "no_session");
  });
});

Deno.test("a sign-out of the other tab's user costs one re-mint at most, and not the Behest session", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
    const { sessionId } = await first.behest.getToken();
    await hears(first, () => signOut(second), "SIGNED_OUT");
    await first.behest.getToken().catch(() => {});
    assert.equal((await first.behest.getToken()).sessionId, sessionId);
    assert.ok(mintsOf(browser, "ada") <= 2);
  });
});

Deno.test("who waits for a mint when the other tab's user signs in or refreshes gets their own token", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    browser.function.hold();
    const waiting = watch(first.behest.getToken());
    await settle();
    await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
    browser.function.last.answer();
    await settle(60);
    assert.ok(waiting.outcome && "value" in waiting.outcome);
    assert.equal((await first.behest.getToken()).token, "bt.ada.1");
  });
});

Deno.test("who waits for a mint when the other tab's user signs out gets their own token all the same", async () => {
  await inBrowser(async (browser) => {
    const [first, second] = await withBoth(browser, "a storage each");
    await signIn(first, "ada");
    await hears(first, () => signIn(second, "bob"), "SIGNED_IN");
    browser.function.hold();
    const waiting = watch(first.behest.getToken());
    await settle();
    await hears(first, () => signOut(second), "SIGNED_OUT");
    browser.function.always((mint) => browser.function.good(mint));
    for (const mint of browser.mints) mint.answer();
    await settle(60);
    assert.ok(waiting.outcome && "value" in waiting.outcome, Deno.inspect(waiting.outcome));
  });
});

Deno.test("the same user in two tabs may refresh in both, and neither tab mints again for it", async () => {
  for (const storages of ["one", "a storage each"] as const) {
    await inBrowser(async (browser) => {
      const [first, second] = await withBoth(browser, storages);
      await hears(second, () => signIn(first, "ada"), "SIGNED_IN");
      if (storages !== "one") await signIn(second, "ada");
      await first.behest.getToken();
      await second.behest.getToken();
      for (const [here, there] of [[first, second], [second, first]] as const) {
        await hears(
          there,
          () => here.supabase.auth.refreshSession().then(() => {}),
          "TOKEN_REFRESHED",
        );
        await here.behest.getToken();
        await there.behest.getToken();
      }
      assert.equal(browser.mints.length, 2, storages);
    });
  }
});

Deno.test("a return to the tab, which supabase-js tells as SIGNED_IN, mints nothing", async () => {
  await inBrowser(async (browser) => {
    const tab = await browser.open();
    await signIn(tab, "ada");
    const { token } = await tab.behest.getToken();
    const before = tab.events.length;
    for (let nth = 0; nth < 10; nth++) {
      await browser.focus();
      assert.equal((await tab.behest.getToken()).token, token);
    }
    assert.equal(tab.events.slice(before).filter((event) => event === "SIGNED_IN").length, 10);
    assert.equal(browser.mints.length, 1);
  });
});
