/** A captive portal between the app and Supabase, while a token is at hand. */
import assert from "node:assert/strict";
import { inWorld } from "../support/client_world.ts";

for (const status of [200, 401, 402, 403, 404, 511]) {
  Deno.test(`a captive portal's ${status} at a renewal is no refusal: the token at hand serves while it lives`, async () => {
    await inWorld({ user: "ada" }, async (world) => {
      const token = await world.token();
      world.clock.advance(850);
      const headers = { "Content-Type": "text/html" };
      world.function.always(() => new Response("<h1>Log in</h1>", { status, headers }));
      assert.equal(await world.token(), token);
      const { status: shown, error } = world.behest.getSnapshot();
      assert.deepEqual([shown, error?.code], ["ready", "bad_answer"]);
      world.clock.advance(60);
      await assert.rejects(world.token(), { code: "bad_answer", status });
      assert.equal(world.behest.getSnapshot().status, "failed");
    });
  });
}
