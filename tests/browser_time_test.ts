/** How a token ages on a device whose clocks jump, that sleeps, and that loses its network. */

import assert from "node:assert/strict";
import { assertOwn, comeBack, mints, probeTest, type Tab } from "./support/probe.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Of a token, in s: the function's default, which `openapi.yaml` names. */
const TTL = 900;

probeTest("a token's age, in a real browser", {
  "a token that ends in the midst of a conversation keeps its session": async ({ open }) => {
    const tab = await open();
    const uid = await tab.signIn("pro");
    const sessions: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      assert.ok((await tab.ask("chat", `turn ${turn}`)).value!.includes(uid));
      sessions.push((await tab.ask("sent")).at(-1)!.sid!);
      await tab.ask("move", "date", (TTL + 1) * SECOND);
      await tab.ask("move", "ticks", (TTL + 1) * SECOND);
    }
    assert.equal(await mints(tab), 3);
    assert.equal(new Set(sessions).size, 1);
    await assertOwn(tab, "stored");
  },

  "after sleep, or a date that was set, the greater of both clocks counts": async ({ open }) => {
    const tab = await open();
    await tab.signIn("pro");
    let { jti } = await token(tab);
    for (
      const [what, clock, ms, renewed] of [
        // Under the 60 s that it has to have left, from here on.
        ["both clocks still", "date", 0, false],
        ["asleep: the date goes on, the ticks stand still", "date", TTL * SECOND, true],
        ["the date set back by an hour", "date", -HOUR, false],
        ["the ticks go on all the same", "ticks", TTL * SECOND, true],
        ["most of its life by the ticks alone", "ticks", (TTL - 120) * SECOND, false],
        ["what is left is too little", "ticks", 61 * SECOND, true],
      ] as const
    ) {
      await tab.ask("move", clock, ms);
      const next = await token(tab);
      assert.equal(next.jti !== jti, renewed, what);
      jti = next.jti;
    }
  },

  "offline the token at hand serves to its end, and online again it is renewed": async (
    { open, context },
  ) => {
    const tab = await open();
    await tab.signIn("pro");
    const { jti, sid } = await token(tab);
    await context.setOffline(true);
    await tab.ask("move", "date", (TTL - 30) * SECOND);
    assert.equal((await token(tab)).jti, jti);
    assert.deepEqual(await tab.ask("status"), { status: "ready", code: "network" });
    // Behest cannot be reached either: that is told as the SDK tells it.
    assert.equal((await tab.ask("chat", "ping")).code, "Error");
    await tab.ask("move", "date", 60 * SECOND);
    assert.equal((await tab.ask("token")).code, "network");
    assert.equal((await tab.ask("status")).code, "network");

    await context.setOffline(false);
    await tab.ask("move", "date", 60 * SECOND);
    const healed = await token(tab);
    assert.notEqual(healed.jti, jti);
    assert.equal(healed.sid, sid);
    assert.deepEqual(await tab.ask("status"), { status: "ready", code: undefined });
    assert.match((await tab.ask("chat", "ping")).value!, /ping/);
  },

  "coming back to the tab, which supabase-js calls a sign-in, mints nothing": async ({ open }) => {
    const tab = await open();
    const uid = await tab.signIn("pro");
    const { jti } = await token(tab);
    for (let times = 0; times < 3; times++) {
      await comeBack(tab, uid);
      assert.equal((await token(tab)).jti, jti);
    }
    assert.equal(await mints(tab), 1);
  },
});

async function token(tab: Tab) {
  const { value, code } = await tab.ask("token");
  assert.equal(code, undefined);
  return value!;
}
