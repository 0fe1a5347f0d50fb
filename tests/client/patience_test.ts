/** What one event's patience may not cost another's, and whose a call is before anything is certain. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { createBehest } from "../support/client_module.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { decide, freeSession, holdSession, sessionAnswer } from "../support/client_session.ts";
import { CHAT, inWorld, rejects, signIn } from "../support/client_world.ts";

Deno.test("each event has its own half second: an earlier one's last look does not decide a later one", async () => {
  for (let turns = 0; turns < 12; turns++) {
    await inMinimal("ada", async (supabase, behest) => {
      await behest.getToken();
      let reads = 0;
      const { auth } = supabase;
      const read = auth.getSession.bind(auth);
      let shown = "ada";
      auth.getSession = () => {
        if (shown === "bob" && reads++ >= 6) supabase.session = sessionOf("bob");
        return read();
      };
      supabase.tell("SIGNED_IN", sessionOf("zoe"));
      await settle(turns);
      // This storage's own, ahead of what the other tab has written.
      shown = "bob";
      supabase.tell("SIGNED_IN", sessionOf("bob"));
      const { token } = await behest.getToken();
      assert.match(token, /^bt\.bob\./, `after ${turns} turns`);
    });
  }
});

Deno.test("a file that is still being read, asked for before it is certain whose it is, never goes out as the next user's", async () => {
  await inWorld({ user: "ada" }, async (world) => {
    const sent: (string | null)[] = [];
    const gateway = (_: unknown, init?: RequestInit) => {
      sent.push(new Headers(init?.headers).get("Authorization"));
      return Promise.resolve(Response.json({}));
    };
    // Made this very moment: it has heard of nobody yet.
    const behest = createBehest(world.tab.supabase, { fetch: gateway });
    let close = () => {};
    const slow = new ReadableStream({
      start(controller) {
        close = () => controller.close();
      },
    });
    const openai = behest.openai(OpenAI, { maxRetries: 0 });
    const file = new Response(slow) as never;
    const created = watch(openai.files.create({ file, purpose: "assistants" }));
    await settle(60);
    await signIn(world.tab, "bob");
    close();
    await settle(60);
    assert.equal(codeOf(created), "user_changed");
    assert.deepEqual(sent, []);
    behest.close();
  });
});

for (const by of ["fetch", "openai"]) {
  for (const told of [["ada"], ["ada", "cy"]]) {
    Deno.test(`a request by ${by} made while ${told.join(", then ")} is told to come in never goes out as who comes in after`, async () => {
      await inMinimal(undefined, async (supabase, behest) => {
        const openai = behest.openai(OpenAI, { maxRetries: 0 });
        const ask = async () =>
          by === "fetch" ? await behest.fetch(CHAT) : await openai.models.list();
        const asked = holdSession(supabase);
        for (const user of told) supabase.tell("SIGNED_IN", sessionOf(user));
        const waiting = watch<unknown>(ask());
        await settle();
        supabase.session = sessionOf("bob");
        supabase.tell("SIGNED_IN", supabase.session);
        freeSession(supabase);
        for (const each of asked) each.answer(sessionAnswer("bob"));
        await decide();
        assert.equal(codeOf(waiting), "user_changed");
        assert.equal(supabase.gateway.sent.length, 0);
        // And bob's own goes out.
        await ask();
        assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["bob"]);
      });
    });
  }

  Deno.test(`a request by ${by} made before anybody was told of goes out as who comes in`, async () => {
    await inMinimal(undefined, async (supabase, behest) => {
      const openai = behest.openai(OpenAI, { maxRetries: 0 });
      const asked = holdSession(supabase);
      const ask = async () =>
        by === "fetch" ? await behest.fetch(CHAT) : await openai.models.list();
      const waiting = watch<unknown>(ask());
      await settle();
      supabase.session = sessionOf("bob");
      supabase.tell("SIGNED_IN", supabase.session);
      freeSession(supabase);
      for (const each of asked) each.answer(sessionAnswer("bob"));
      await decide();
      assert.equal(codeOf(waiting), undefined);
      assert.deepEqual(supabase.gateway.sent.map(({ owner }) => owner), ["bob"]);
    });
  });
}

Deno.test("after a close() in doubt getSession() is asked once more at the most", async () => {
  await inMinimal("ada", async (supabase, behest) => {
    await behest.getToken();
    supabase.tell("SIGNED_IN", sessionOf("bob"));
    await settle();
    let reads = 0;
    supabase.onGetSession = () => (reads++, supabase.answer());
    behest.close();
    await decide();
    assert.ok(reads <= 1, `${reads}`);
  });
});

Deno.test("what is no Error is bad_answer, and waited out, whoever throws it", async () => {
  for (const thrown of ["text", { status: 500 }, null, undefined, 7]) {
    await inMinimal("ada", async (supabase, behest) => {
      supabase.functions.invoke = () => Promise.reject(thrown);
      await rejects(behest.getToken(), "bad_answer");
      await rejects(behest.getToken(), "bad_answer");
      behest.invalidate();
      await rejects(behest.getToken(), "bad_answer");
    });
  }
});

for (const next of ["bob", undefined]) {
  Deno.test(`an event of ${next} that comes while a look of an earlier one is in the air is never lost`, async () => {
    for (let held = 1; held <= 12; held++) {
      await inMinimal("ada", async (supabase, behest) => {
        await behest.getToken();
        let reads = 0;
        const late = Promise.withResolvers<void>();
        supabase.onGetSession = async () => {
          const answer = await supabase.answer();
          if (++reads === held) await late.promise;
          return answer;
        };
        // Another tab's, of the same name; then this one's own.
        if (next) supabase.tell("SIGNED_IN", { ...sessionOf(next), access_token: "h.e30.s" });
        else supabase.tell("SIGNED_OUT", null);
        await decide();
        supabase.become(next);
        await settle();
        late.resolve();
        await decide();
        await decide();
        const waiting = watch(behest.fetch(CHAT));
        await decide();
        assert.equal(supabase.gateway.sent[0]?.owner, next, `read ${held}`);
        if (!next) assert.equal(codeOf(waiting), "no_session");
      });
    }
  });
}
