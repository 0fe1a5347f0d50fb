/** The user and the plan: asked for together, judged in their order. */
import assert from "node:assert/strict";
import { expectCode } from "../support/expect.ts";
import {
  authRefusal,
  failing,
  hang,
  json,
  restRefusal,
  slow,
  tooMany,
} from "../support/upstreams.ts";
import { World } from "../support/world.ts";

const plan = (value: unknown) => json([{ plan: value }]);

Deno.test("user and plan are asked for at the same time", async () => {
  const world = await World.make({}, { user: hang, plan: hang });
  const answer = world.start();
  await world.quiet(() => world.calls.length >= 2);
  assert.deepEqual(world.calls.map(({ route, at }) => [route, at]).sort(), [["plan", 0], [
    "user",
    0,
  ]]);
  await world.settle(answer);
});

Deno.test("an ended session is answered at once, without waiting for a plan that hangs", async () => {
  const world = await World.make({}, { user: authRefusal(), plan: hang });
  await expectCode(world, {}, "invalid_session");
  assert.equal(world.clock.tick(), 0);
});

Deno.test("a plan that nobody waits for any more is not asked for again", async () => {
  const world = await World.make({}, { user: slow(20, authRefusal()), plan: failing(500) });
  await expectCode(world, {}, "invalid_session");
  world.clock.advance(1_000);
  await world.quiet();
  assert.equal(world.to("plan").length, 1);
});

Deno.test("the session is judged before the plan, whichever comes first", async () => {
  for (
    const behaviour of [
      failing(500),
      failing(401),
      restRefusal(401, "PGRST301"),
      tooMany("7"),
      plan("max"),
    ]
  ) {
    const world = await World.make({}, { user: slow(2000, authRefusal()), plan: behaviour });
    await expectCode(world, {}, "invalid_session");
  }
});
