/** The header is read once: what was verified is what Supabase is sent. */
import assert from "node:assert/strict";
import { expectCode, expectUncalled } from "../support/expect.ts";
import { goodToken, World } from "../support/world.ts";

Deno.test("whatever the spelling, Supabase is sent the token that was verified, and nothing else", async () => {
  const token = await goodToken();
  for (
    const header of [
      `Bearer ${token}`,
      `bearer ${token}`,
      `BEARER    ${token}`,
      `Bearer ${token}  `,
    ]
  ) {
    const world = await World.make();
    await expectCode(world, { token: null, headers: { Authorization: header } }, "ok", header);
    for (const route of ["user", "plan"] as const) {
      assert.equal(world.to(route)[0]?.headers.authorization, `Bearer ${token}`);
    }
  }
});

Deno.test("what is no plain space neither ends a token nor stands before one", async () => {
  const token = await goodToken();
  for (const odd of ["\u0085", "\u00a0", " \u0085", "\t", ", Bearer x", " x"]) {
    for (const header of [`Bearer ${token}${odd}.`, `Bearer ${odd}${token}`]) {
      const world = await World.make();
      const sent = { token: null, headers: { Authorization: header } };
      await expectUncalled(world, sent, "invalid_token", JSON.stringify(header));
    }
  }
  const world = await World.make();
  const tabbed = { token: null, headers: { Authorization: `Bearer\t${token}` } };
  await expectUncalled(world, tabbed, "missing_token");
});
