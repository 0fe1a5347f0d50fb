/** What one event's patience may not cost another's, and whose a call is before anything is certain. */
import assert from "node:assert/strict";
import OpenAI from "openai";
import { codeOf, settle, watch } from "../support/client_calls.ts";
import { inMinimal, sessionOf } from "../support/client_minimal.ts";
import { inWorld, rejects, signIn } from "../support/client_world.ts";

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

for (const when of ["is known", "is not known yet"]) {
  Deno.test(`a file that is being read, whose user ${when}, never goes out as who signs in meanwhile`, async () => {
    await inWorld({ user: "ada" }, async (world) => {
      if (when === "is known") await world.token();
      let close = () => {};
      const slow = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("{}"));
          close = () => controller.close();
        },
      });
      const openai = world.behest.openai(OpenAI, { maxRetries: 0 });
      const sent = watch(
        openai.files.create({ file: new Response(slow) as never, purpose: "assistants" }),
      );
      await settle(60);
      await signIn(world.tab, "bob");
      close();
      await settle(60);
      assert.equal(codeOf(sent), "user_changed");
      assert.deepEqual(world.sent.filter(({ owner }) => owner === "bob"), []);
    });
  });
}

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
