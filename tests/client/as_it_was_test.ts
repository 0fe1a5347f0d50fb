/** What is sent is what was asked for when it was asked for, and odd options and events do no harm. */
import assert from "node:assert/strict";
import { codeOf, settle, valueOf, watch } from "../support/client_calls.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import type { BehestOptions, SupabaseSession } from "../support/client_module.ts";
import { seen } from "../support/client_seen.ts";
import { decide } from "../support/client_session.ts";
import { CHAT, inWorld, rejects } from "../support/client_world.ts";

const ADA = { user: "ada" };

Deno.test("an init and its headers that are changed after the call change nothing of what is sent", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.hold();
    const init = { method: "POST", body: "", headers: new Headers() };
    for (const name of ["one", "two", "three"]) {
      init.body = name;
      init.headers.set("X-Session-Id", `sid-${name}`);
      watch(behest.fetch(CHAT, init));
    }
    Object.assign(init, { method: "DELETE", body: "none", headers: {} });
    await settle();
    supabase.function.last.answer();
    await settle();
    assert.deepEqual(
      supabase.gateway.sent.map(({ init: { method, body }, headers }) => [
        method,
        body,
        headers.get("X-Session-Id"),
      ]),
      ["one", "two", "three"].map((name) => ["POST", name, `sid-${name}`]),
    );
  });
});

Deno.test("an init that is changed before a second try changes nothing of what is sent again", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    supabase.gateway.hold();
    const headers: Record<string, string> = { "X-Trace": "7" };
    const init: RequestInit = { method: "POST", body: "first", headers };
    const waiting = watch(behest.fetch(CHAT, init));
    await settle();
    Object.assign(init, { body: "second", method: "PUT" });
    headers["X-Trace"] = "8";
    supabase.gateway.reply = () => new Response("ok");
    supabase.gateway.last.answer(new Response("no", { status: 401 }));
    await settle();
    assert.equal(valueOf(waiting)?.status, 200);
    const { init: again, headers: own } = supabase.gateway.last;
    assert.deepEqual([again.method, again.body, own.get("X-Trace")], ["POST", "first", "7"]);
  });
});

Deno.test("headers that are given as an iterator are whole on the second try", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.gateway.refuse("bt.ada.1");
    const pairs = [["Content-Type", "application/json"], ["X-A", "1"]];
    const headers = pairs.values() as unknown as HeadersInit;
    await behest.fetch(CHAT, { method: "POST", body: "{}", headers });
    const [first, second] = supabase.gateway.sent;
    assert.ok(first && second);
    for (const { headers } of [first, second]) {
      assert.deepEqual([...headers.keys()], [
        "authorization",
        "content-type",
        "x-a",
        "x-session-id",
      ]);
    }
  });
});

const ODD_SESSIONS: unknown[] = [
  { access_token: "x" },
  { access_token: "x", user: null },
  { access_token: "x", user: {} },
  {},
  undefined,
];

for (const odd of ODD_SESSIONS) {
  Deno.test(`an event whose session is ${JSON.stringify(odd)} throws nothing into supabase-js, and getSession() decides`, async () => {
    for (const user of ["ada", "bob", undefined]) {
      await inMinimal("ada", async (supabase, behest) => {
        await behest.getToken();
        supabase.session = user === undefined ? null : sessionOf(user);
        supabase.tell("SIGNED_IN", odd as SupabaseSession);
        supabase.signedIn = user;
        const waiting = watch(behest.fetch(CHAT));
        const token = watch(behest.getToken());
        await decide();
        // What ada's page asked for is not bob's, whatever was told in between.
        assert.equal(supabase.gateway.sent[0]?.owner, user === "ada" ? user : undefined);
        if (user === "bob") assert.equal(codeOf(waiting), "user_changed");
        assert.equal(codeOf(token), user ? undefined : "no_session");
        assert.equal(supabase.function.mints.length, user === "bob" ? 2 : 1);
      });
    }
  });
}

for (const refreshBefore of [NaN, -5, Infinity, -Infinity, "60", "1m", null]) {
  Deno.test(`a refreshBefore of ${JSON.stringify(refreshBefore)} or ${refreshBefore} makes no mint at each use`, async () => {
    const options = { refreshBefore } as BehestOptions;
    await inWorld({ ...ADA, options }, async (world) => {
      for (let nth = 0; nth < 50; nth++) await world.token();
      await world.chat();
      assert.equal(world.mints.length, 1);
      world.clock.advance(900);
      await world.token();
      assert.equal(world.mints.length, 2);
    });
  });
}

const BROKEN = [
  "bt.ada.SECRET",
  '{"token":bt.ada.SECRET}',
  '{"token":"bt.ada.SECRET"}x',
  '{"token":"bt.ada.SECRET\n',
  '{"token":"bt.ada.SECRET","sessionId":',
  '"bt.ada.SECRET"',
  '["bt.ada.SECRET"]',
];

for (const text of BROKEN) {
  Deno.test(`a token in ${JSON.stringify(text)} is in no error, no cause and no snapshot`, async () => {
    for (const status of [200, 201, 403, 500]) {
      await inWorld(ADA, async (world) => {
        const headers = { "Content-Type": "application/json" };
        world.function.always(() => new Response(text, { status, headers }));
        const error = await rejects(world.behest.getToken(), "bad_answer");
        for (let each: unknown = error; each; each = (each as Error).cause) {
          assert.ok(!seen(each).includes("SECRET"), seen(each));
        }
        const snapshot = world.behest.getSnapshot();
        assert.equal(snapshot.error, error);
        assert.ok(!seen(snapshot).includes("SECRET"));
      });
    }
  });
}
