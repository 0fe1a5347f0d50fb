/** What an app hears in a real browser when something refuses: the page, the origin, the gateway. */

import assert from "node:assert/strict";
import { mints, probeTest } from "./support/probe.ts";

probeTest("what an app hears, in a real browser", {
  "a forbidden origin is `network`, with what the troubleshooting page says one sees": async (
    { open, foreignOrigin, stack },
  ) => {
    const page = await Deno.readTextFile(new URL("../docs/troubleshooting.md", import.meta.url));
    const [row, cors, header, name] =
      /^\| "(blocked by CORS policy: [^"]*?'([^']+)' header)" at the function; in supabase-js `(\w+)` .*$/m
        .exec(page)!;
    assert.match(row, /exact origin .* is not in `CORS_ORIGIN`, so the browser never sends/);
    assert.equal(header, "Access-Control-Allow-Origin");

    const tab = await open("localStorage", foreignOrigin);
    const printed: string[] = [];
    tab.page.on("console", (message) => printed.push(message.text()));
    await tab.signIn("pro");
    const lines = stack.functionLog.length;
    const invoked = await tab.ask("invoke");
    assert.equal(invoked, name);
    assert.equal((await tab.ask("token")).code, "network");
    assert.equal((await tab.ask("chat", "ping")).code, "network");
    assert.ok(printed.some((text) => text.includes(cors)), printed.join("\n"));
    // "the browser never sends the request": only preflights came, which the log leaves out.
    assert.deepEqual(stack.functionLog.slice(lines).filter((line) => line.includes("403")), []);
    assert.deepEqual(tab.uids, []);
    // A pause follows what failed: the chat asked nobody.
    assert.equal(await mints(tab), 2);
  },

  "a token that Behest refuses is replaced once, however many requests it was refused to": async (
    { open, stack },
  ) => {
    const tab = await open();
    const uid = await tab.signIn("pro");
    await tab.ask("chat", "ping");
    const { value: first } = await tab.ask("token");
    const revoked = await fetch(`${stack.url}/dev/revocations`, {
      method: "POST",
      headers: { Origin: stack.pageUrl },
      body: JSON.stringify({ jti: first!.jti }),
    });
    assert.equal(revoked.status, 204);
    const chats = await Promise.all(
      Array.from({ length: 5 }, (_, index) => tab.ask("chat", `message ${index}`)),
    );
    for (const [index, { value }] of chats.entries()) {
      assert.equal(value, `You said: message ${index} — and you are ${uid} on tier 2.`);
    }
    const { value: second } = await tab.ask("token");
    assert.notEqual(second!.jti, first!.jti);
    assert.equal(second!.sid, first!.sid);
    assert.equal(await mints(tab), 2);
  },

  "before anybody has signed in it is `no_session`, and the first user needs no new client": async (
    { open },
  ) => {
    const tab = await open();
    for (const work of ["token", "chat"] as const) {
      const { code } = work === "token" ? await tab.ask(work) : await tab.ask(work, "ping");
      assert.equal(code, "no_session");
    }
    assert.deepEqual(await tab.ask("sent"), []);
    const uid = await tab.signIn("free");
    assert.ok((await tab.ask("chat", "ping")).value!.includes(uid));
  },
});
