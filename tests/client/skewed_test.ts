/** A fresh session that looks expired: a device whose date is ahead, or sessions of a minute. */
import assert from "node:assert/strict";
import { inBrowser } from "../support/client_browser.ts";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { ClientWorld, signIn } from "../support/client_world.ts";

for (
  const [what, life] of [["two hours ahead", -3600], ["right, and sessions of 60 s", 60]] as const
) {
  for (const locked of [false, true]) {
    Deno.test(`a date that is ${what}, ${locked ? "with" : "without"} a lock, makes no storm of refreshes, and tokens come`, async () => {
      const world = new ClientWorld();
      world.auth.life = life;
      const { warn } = console;
      console.warn = () => {};
      const tab = await world.open({ locked });
      console.warn = warn;
      await signIn(tab, "ada");
      await settle(200);
      // The sign-in, and the one question who that is.
      assert.ok(world.auth.calls.length <= 3, `${world.auth.calls}`);
      assert.equal((await tab.behest.getToken()).token, "bt.ada.1");
      for (let nth = 0; nth < 20; nth++) await tab.behest.getToken();
      await settle(200);
      assert.ok(world.auth.calls.length <= 8, `${world.auth.calls}`);
      assert.equal(world.mints.length, 1);
      assert.equal(tab.user, "ada");
      await world.close();
    });
  }
}

Deno.test("two tabs of two users, on a device on which every session looks over, do not ask one another without end, and each has its token", async () => {
  await inBrowser(async (browser) => {
    browser.auth.life = -3600;
    const [one, other] = await browser.apart();
    await signIn(one, "ada");
    await signIn(other, "bob");
    const rest = async () => {
      for (let turn = 0; turn < 40; turn++) {
        browser.clock.advance(1);
        await settle(20);
      }
    };
    await rest();
    const before = browser.auth.calls.length;
    await rest();
    // Nobody asks for anything: 40 seconds, at ten seconds a question and tab.
    assert.ok(browser.auth.calls.length - before <= 20, `${browser.auth.calls.length - before}`);
    assert.ok(before <= 100, `${before}`);
    for (const [tab, user] of [[one, "ada"], [other, "bob"]] as const) {
      const waiting = watch(tab.behest.getToken());
      await rest();
      assert.match(valueOf(waiting)?.token ?? `${codeOf(waiting)}`, RegExp(`^bt\\.${user}\\.`));
    }
  });
});
