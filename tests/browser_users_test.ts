/**
 * Whose token goes out of a real browser: that of who is signed in, and never another's, however
 * users change, tabs talk and mints hang. Each request is seen in the page and on its way out.
 */

import assert from "node:assert/strict";
import { decodeJwt } from "jose";
import type { Stack } from "../dev/stack/stack.ts";
import { PATIENCE } from "./support/browser.ts";
import { assertOwn, comeBack, hear, mints, probeTest, type Tab } from "./support/probe.ts";

probeTest("whose token, in a real browser", {
  "a user signs in and reads a streamed answer, by one mint and one request": async ({ open }) => {
    const tab = await open();
    const uid = await tab.signIn("pro");
    const { value } = await tab.ask("chat", "ping");
    assert.match(value!, RegExp(`ping — and you are ${uid} on tier 2\\.$`));
    const sent = await tab.ask("sent");
    assert.deepEqual(sent.map(({ to }) => to), ["function", "behest"]);
    assert.equal(sent[1].sid, (await tab.ask("token")).value!.sid);
    await assertOwn(tab, "stored");
  },

  "the README's way, supabase-js alone, gives a token on the same page": async ({ open }) => {
    const tab = await open();
    await tab.signIn("free");
    assert.deepEqual(
      (await tab.ask("invoke") as string[]).sort(),
      ["baseUrl", "expiresAt", "sessionId", "tier", "token", "ttl"],
    );
  },

  "two users one after the other in one tab, in the midst of their chats": async ({ open }) => {
    const tab = await open();
    const free = await tab.signIn("free");
    assert.ok((await tab.ask("chat", "ping")).value!.includes(free));
    const session = (await tab.ask("token")).value!.sid;
    await tab.ask("hammer");
    // Without a sign-out between them, as supabase-js allows; then with one.
    const max = await tab.signIn("max");
    assert.ok((await tab.ask("chat", "ping")).value!.includes(max));
    const next = (await tab.ask("token")).value!;
    assert.equal(next.uid, max);
    assert.notEqual(next.sid, session);
    await tab.ask("signOut");
    assert.equal((await tab.ask("chat", "ping")).code, "no_session");
    const pro = await tab.signIn("pro");
    assert.ok((await tab.ask("chat", "ping")).value!.includes(pro));

    const outcomes = await tab.ask("rest");
    const codes = new Set(outcomes.flatMap(({ code }) => code ?? []));
    for (const code of codes) assert.ok(["user_changed", "no_session"].includes(code), code);
    assert.ok(outcomes.some(({ value }) => value !== undefined));
    await assertOwn(tab, "stored");
    const users = new Set((await tab.ask("sent")).map(({ uid }) => uid));
    assert.deepEqual([...users], [free, max, pro]);
  },

  "two users in two tabs at once, a storage each, though the tabs hear of each other": async (
    { open },
  ) => {
    const [one, other] = [await open("sessionStorage"), await open("sessionStorage")];
    const free = await one.signIn("free");
    await one.ask("hammer");
    const max = await other.signIn("max");
    await other.ask("hammer");
    // The other's sign-in, a refresh of either session, and a sign-out reach both tabs.
    await hear(one, max);
    for (const tab of [one, other]) {
      await tab.page.evaluate("supabase.auth.refreshSession().then(() => {})");
    }
    assert.ok((await one.ask("chat", "ping")).value!.includes(free));
    await other.ask("signOut");
    await hear(one, null);
    assert.ok((await one.ask("chat", "ping")).value!.includes(free));
    assert.equal((await other.ask("chat", "ping")).code, "no_session");
    await one.ask("rest");
    await other.ask("rest");

    for (const [tab, uid] of [[one, free], [other, max]] as const) {
      await assertOwn(tab, "stored");
      assert.deepEqual([...new Set((await tab.ask("sent")).map((sent) => sent.uid))], [uid]);
      // An event of the other tab may cost one mint, and no more.
      const foreign = (await tab.ask("events")).filter(([, heard]) => heard !== uid).length;
      assert.ok(await mints(tab) <= foreign + 1, `${await mints(tab)} mints, ${foreign} events`);
    }
  },

  "two tabs that share a storage: who comes back to one finds the user of the other": async (
    { open },
  ) => {
    const [one, other] = [await open(), await open()];
    const free = await one.signIn("free");
    await hear(other, free);
    for (const tab of [one, other]) {
      await comeBack(tab, free);
      assert.ok((await tab.ask("chat", "ping")).value!.includes(free));
    }
    const pro = await other.signIn("pro");
    await hear(one, pro);
    await comeBack(one, pro);
    for (const tab of [one, other]) {
      assert.ok((await tab.ask("chat", "ping")).value!.includes(pro));
      await assertOwn(tab, "heard");
      assert.deepEqual(tab.uids, [free, pro]);
    }
    await other.ask("signOut");
    await hear(one, null);
    assert.equal((await one.ask("chat", "ping")).code, "no_session");
  },

  "who signs out while a mint hangs waits no longer, and nothing is sent": async (
    { open, stack },
  ) => {
    const tab = await open();
    const { reached, answered } = await holdMints(tab, stack);
    await tab.signIn("pro");
    const waiting = [tab.ask("chat", "ping"), tab.ask("token")];
    await reached;
    await tab.ask("signOut");
    for (const { code } of await soon(Promise.all(waiting))) assert.equal(code, "no_session");
    await answered();
    assert.deepEqual(tab.uids, []);
    assert.equal(await mints(tab), 1);

    // The late token is nobody's: the next user has one of their own.
    const free = await tab.signIn("free");
    assert.ok((await tab.ask("chat", "ping")).value!.includes(free));
    await assertOwn(tab, "stored");
  },

  "a mint that was invalidated on its way is thrown away, and its waiters get the next": async (
    { open, stack },
  ) => {
    const tab = await open();
    const { reached, answered } = await holdMints(tab, stack);
    await tab.signIn("pro");
    const waiting = [tab.ask("token"), tab.ask("token")];
    const late = await reached;
    await tab.page.evaluate("behest.invalidate()");
    await answered();
    const [one, other] = await soon(Promise.all(waiting));
    assert.deepEqual(one, other);
    assert.notEqual(one.value!.jti, late.jti);
    assert.equal(await mints(tab), 2);
  },
});

// Chromium tells of another tab's sign-in before it shows what that tab has written: every other
// time in a loop, by half a millisecond and more.
probeTest("whose token, while the storage lags behind its events", {
  "a tab that hears of another user first, and reads of them later": async ({ open }) => {
    const [one, other] = [await open(), await open()];
    const free = await one.signIn("free");
    await one.ask("chat", "ping");
    await one.ask("lag", 200);
    const pro = await other.signIn("pro");
    await hear(one, pro);
    await one.page.waitForFunction(`localStorage.getItem("probe").includes("${pro}")`);
    assert.ok((await one.ask("chat", "ping")).value!.includes(pro));
    await assertOwn(one, "heard");
    assert.deepEqual(one.uids, [free, pro]);
  },

  "a tab that hears of a sign-out first, and reads of it later": async ({ open }) => {
    const [one, other] = [await open(), await open()];
    const free = await one.signIn("free");
    await hear(other, free);
    await one.ask("chat", "ping");
    await one.ask("lag", 200);
    await other.ask("signOut");
    await hear(one, null);
    await one.page.waitForFunction(`localStorage.getItem("probe") === null`);
    assert.equal((await one.ask("chat", "ping")).code, "no_session");
    assert.deepEqual(one.uids, [free]);
  },

  "a tab that chats without a pause while another one signs somebody else in": async ({ open }) => {
    const [one, other] = [await open(), await open()];
    const free = await one.signIn("free");
    await one.ask("chat", "ping");
    await one.ask("hammer");
    const pro = await other.signIn("pro");
    await hear(one, pro);
    assert.ok((await one.ask("chat", "ping")).value!.includes(pro));
    await one.ask("rest");
    await assertOwn(one, "heard");
    // From the first of the new user's on, none of the old one's.
    assert.deepEqual(one.uids.filter((uid, index) => uid !== one.uids[index - 1]), [free, pro]);
  },
});

/** From now on a mint is made, but its answer kept back until `answered`: then all pass. */
async function holdMints({ page }: Tab, { functionUrl }: Stack) {
  const reached = Promise.withResolvers<{ jti: string }>();
  const answer = Promise.withResolvers<void>();
  await page.route(functionUrl, async (route) => {
    const response = await route.fetch();
    reached.resolve(decodeJwt((await response.json()).token) as { jti: string });
    await answer.promise;
    // The page may have let go of it.
    await route.fulfill({ response }).catch(() => {});
  }, { times: 1 });
  const answered = async () => {
    answer.resolve();
    await page.unroute(functionUrl);
  };
  return { reached: reached.promise, answered };
}

/** Far longer than what takes no time at all, and far shorter than what waits for a mint. */
async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("still waiting")), PATIENCE);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
