/** A fresh session that looks expired: a device whose date is ahead, or sessions of a minute. */
import assert from "node:assert/strict";
import { inBrowser } from "../support/client_browser.ts";
import { settle } from "../support/client_calls.ts";
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

Deno.test("three tabs of three users, on a device on which every session looks over, do not ask one another without end", async () => {
  await inBrowser(async (browser) => {
    browser.auth.life = -3600;
    const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    // An Auth that takes its time: the tabs' questions and events come in between.
    browser.auth.onRefresh = async () => {
      await pause(2);
      return undefined;
    };
    const tabs = [...await browser.apart(), await browser.open()];
    const users = ["ada", "bob", "cy"];
    for (const [nth, user] of users.entries()) await signIn(tabs[nth]!, user);
    const rest = async (seconds: number) => {
      for (let tenth = 0; tenth < seconds * 10; tenth++) {
        browser.clock.advance(0.1);
        await pause(1);
      }
    };
    await rest(60);
    const before = browser.auth.calls.length;
    await rest(60);
    // Nobody asks for anything: ten seconds a question and tab.
    const calls = browser.auth.calls.length - before;
    assert.ok(calls <= 40, `${calls} in a minute`);
    assert.equal(browser.mints.length, 0);
  });
});
