/** A fresh session that looks expired: a device whose date is ahead, or sessions of a minute. */
import assert from "node:assert/strict";
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
