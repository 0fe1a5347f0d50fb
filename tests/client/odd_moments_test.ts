/** Doubts at every step, sleep while one waits, and platforms that are not quite as a browser is. */
import assert from "node:assert/strict";
import { codeOf, microtasks, settle, watch } from "../support/client_calls.ts";
import { refused } from "../support/client_function.ts";
import { inMinimal, Minimal, sessionOf } from "../support/client_minimal.ts";
import {
  decide,
  freeSession,
  holdSession,
  sessionAnswer,
  tellElsewhere,
} from "../support/client_session.ts";
import { CHAT, inWorld } from "../support/client_world.ts";

for (const how of ["fetch", "getToken"]) {
  Deno.test(`another tab's event at any step of a mint's end, where nobody changes, costs ${how} nothing`, async () => {
    for (let step = 0; step < 60; step++) {
      await inMinimal("ada", async (supabase, behest) => {
        supabase.function.hold();
        const waiting = watch<unknown>(how === "fetch" ? behest.fetch(CHAT) : behest.getToken());
        await settle();
        supabase.function.last.answer();
        await microtasks(step);
        tellElsewhere(supabase, "bob");
        await decide();
        assert.ok(
          waiting.outcome && "value" in waiting.outcome,
          `step ${step}: ${codeOf(waiting)}`,
        );
        assert.equal(supabase.function.mints.length, 1);
      });
    }
  });
}

Deno.test("close() at any step of a doubt tells every waiter so, and leaves nothing behind", async () => {
  for (let step = 0; step < 60; step++) {
    const supabase = new Minimal();
    const behest = supabase.create();
    supabase.session = sessionOf("ada");
    const waiting = [behest.fetch(CHAT), behest.getToken(), behest.fetchToken()].map((each) =>
      watch<unknown>(each)
    );
    if (step % 2) holdSession(supabase);
    await microtasks(step);
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    await microtasks(step >> 1);
    behest.close();
    await settle(20);
    for (const each of waiting) {
      assert.ok(each.outcome && ("value" in each.outcome || codeOf(each) === "closed"), `${step}`);
    }
    assert.deepEqual([supabase.clock.timers, supabase.listeners.size], [0, 0]);
  }
});

Deno.test("close() ends every wait even where supabase-js cannot unsubscribe", async () => {
  const supabase = new Minimal();
  const { onAuthStateChange } = supabase.auth;
  const unsubscribe = () => {
    throw new Error("gone already");
  };
  Object.assign(supabase.auth, {
    onAuthStateChange: (listener: Parameters<typeof onAuthStateChange>[0]) => {
      onAuthStateChange(listener);
      return { data: { subscription: { unsubscribe } } };
    },
  });
  const behest = supabase.create();
  supabase.function.hold();
  supabase.become("ada");
  const waiting = watch(behest.getToken());
  await settle();
  assert.throws(() => behest.close(), /gone already/);
  await settle();
  assert.equal(codeOf(waiting), "closed");
});

Deno.test("sleep while one waits for supabase-js takes nothing of the time for the mint", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    const asked = holdSession(supabase);
    tellElsewhere(supabase, "bob");
    const waiting = watch(behest.getToken());
    await settle();
    supabase.clock.sleep(3600);
    supabase.function.hold();
    freeSession(supabase);
    for (const each of asked) each.answer(sessionAnswer("ada"));
    await decide();
    supabase.clock.advance(10);
    await settle();
    assert.equal(waiting.outcome, undefined);
    supabase.function.last.answer();
    await settle();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
  });
});

for (const body of [5, true, 5n, {}, ["a"]]) {
  Deno.test(`a 401 with a body of the kind ${Array.isArray(body) ? "array" : typeof body} is replaced as any`, async () => {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.fetch(CHAT);
      supabase.gateway.reply = ({ nth }) => new Response("", { status: nth === 2 ? 401 : 200 });
      const { status } = await behest.fetch(CHAT, { method: "POST", body: body as never });
      assert.deepEqual([status, supabase.gateway.sent.length], [200, 3]);
    });
  });
}

Deno.test("a 401 whose body cannot be cancelled, as node-fetch's, is replaced as any", async () => {
  const supabase = new Minimal();
  let calls = 0;
  const fetch = () => Promise.resolve({ status: ++calls === 2 ? 401 : 200, body: {} } as Response);
  const behest = supabase.create({ fetch });
  supabase.become("ada");
  await behest.fetch(CHAT);
  assert.equal((await behest.fetch(CHAT)).status, 200);
  assert.equal(calls, 3);
  behest.close();
});

Deno.test("an error of no answer quotes nothing of what supabase-js has put into its own", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const { data } = await world.supabase.auth.getSession();
    const secret = data.session!.access_token;
    const replies = [
      () => Promise.reject(new TypeError(`Failed to fetch with Bearer ${secret}`)),
      () =>
        Promise.resolve(
          new Response(`echo ${secret}`, { status: 500, headers: { "x-relay-error": "true" } }),
        ),
    ];
    for (const reply of replies) {
      world.function.reply = reply;
      world.behest.invalidate();
      const error = await world.behest.getToken().catch((error) => error);
      assert.equal(error.code, "network");
      assert.match(`${error.cause}`, /^Functions(Fetch|Relay)Error$/);
      assert.ok(!Deno.inspect(error, { depth: 20, showHidden: true }).includes(secret));
    }
  });
});

Deno.test("an OpenAI class from before version 5, which loses whose request it is, is refused at once", async () => {
  await inMinimal("ada", (_, behest) => {
    class Older {
      makeRequest() {}
    }
    assert.throws(() => behest.openai(Older as never), /openai 5 or later/);
    return Promise.resolve();
  });
});

Deno.test("in doubt nobody reads another's error: neither who asks, nor the snapshot", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    supabase.function.always(() => refused(402, "quota_exceeded", { "Retry-After": "3600" }));
    await behest.getToken().catch(() => {});
    assert.equal(behest.getSnapshot().error?.code, "quota_exceeded");
    supabase.function.always((mint) => supabase.function.good(mint));
    supabase.session = sessionOf("bob");
    const asked = holdSession(supabase);
    supabase.tell("SIGNED_IN", supabase.session);
    const waiting = watch(behest.getToken());
    await settle();
    assert.deepEqual([behest.getSnapshot().error, waiting.outcome], [undefined, undefined]);
    freeSession(supabase);
    for (const each of asked) each.answer(sessionAnswer("bob"));
    await decide();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
  });
});
