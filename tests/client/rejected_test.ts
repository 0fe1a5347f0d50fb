/** A Behest that refuses what is minted makes no storm: its 401s count as mints that failed. */
import assert from "node:assert/strict";
import { type ClientWorld, inWorld, rejects, signIn } from "../support/client_world.ts";

const ADA = { user: "ada" };

const unauthorized = () => new Response("no", { status: 401 });

/** Sends at each quarter of a second for so long. @returns how many mints that made */
async function mintsWhileSending(world: ClientWorld, seconds: number): Promise<number> {
  const before = world.mints.length;
  for (let quarter = 0; quarter < seconds * 4; quarter++) {
    await Promise.allSettled([world.chat(), world.chat()]);
    world.clock.advance(0.25);
  }
  return world.mints.length - before;
}

Deno.test("a first token that Behest refuses is replaced once at once; refused again it is a mint that failed", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = unauthorized;
    assert.equal((await world.chat()).status, 401);
    assert.equal(world.mints.length, 2);
    assert.equal(world.sent.length, 2);
    const error = await rejects(world.behest.getToken(), "behest_rejected");
    assert.equal(error.status, 401);
    await rejects(world.chat(), "behest_rejected");
    assert.equal(world.mints.length, 2);
    world.clock.advance(1);
    await world.chat().catch(() => {});
    assert.equal(world.mints.length, 3);
    await rejects(world.chat(), "behest_rejected");
    world.clock.advance(1.9);
    await rejects(world.chat(), "behest_rejected");
    assert.equal(world.mints.length, 3);
  });
});

Deno.test("a Behest that refuses every token has as few mints as a function that fails", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = unauthorized;
    const mints = await mintsWhileSending(world, 120);
    assert.ok(mints <= 10, `${mints} mints in two minutes`);
  });
});

Deno.test("a Behest that takes a token once and then refuses it has no storm of mints either", async () => {
  await inWorld(ADA, async (world) => {
    const taken = new Set<string>();
    world.gateway.reply = ({ token }) => {
      if (taken.has(token)) return unauthorized();
      taken.add(token);
      return new Response("ok");
    };
    const mints = await mintsWhileSending(world, 120);
    assert.ok(mints <= 16, `${mints} mints in two minutes`);
  });
});

Deno.test("a Behest that refuses one path and takes the others has no storm of mints", async () => {
  await inWorld(ADA, async (world) => {
    let nth = 0;
    world.gateway.reply = () => ++nth % 2 ? new Response("ok") : unauthorized();
    const mints = await mintsWhileSending(world, 120);
    assert.ok(mints <= 16, `${mints} mints in two minutes`);
  });
});

Deno.test("answers that are not Behest's own yes, such as 5xx, do not make a token an accepted one", async () => {
  await inWorld(ADA, async (world) => {
    let nth = 0;
    world.gateway.reply = () => ++nth % 2 ? new Response("", { status: 502 }) : unauthorized();
    const mints = await mintsWhileSending(world, 120);
    assert.ok(mints <= 10, `${mints} mints in two minutes`);
  });
});

Deno.test("a token to which Behest has only answered 5xx is not accepted: its 401 counts as a mint that failed", async () => {
  await inWorld(ADA, async (world) => {
    const statuses = [502, 401, 503, 401];
    world.gateway.reply = () => new Response("", { status: statuses.shift() ?? 200 });
    assert.equal((await world.chat()).status, 502);
    assert.equal((await world.chat()).status, 503);
    await rejects(world.chat(), "behest_rejected");
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("a redirect of a captive portal's is no yes of Behest's: the next 401 counts as a mint that failed", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = () =>
      new Response(null, { status: 302, headers: { Location: "/login" } });
    assert.equal((await world.chat()).status, 302);
    world.gateway.reply = unauthorized;
    assert.equal((await world.chat()).status, 401);
    assert.equal(world.mints.length, 2);
    await rejects(world.chat(), "behest_rejected");
  });
});

Deno.test("invalidate() and another user end the pause of tokens that were refused", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.reply = unauthorized;
    await world.chat();
    await rejects(world.chat(), "behest_rejected");
    world.gateway.reply = () => new Response("ok");
    world.behest.invalidate();
    assert.equal((await world.chat()).status, 200);
    world.behest.invalidate();
    const token = `bt.ada.${world.mints.length + 1}`;
    world.gateway.refuse(token);
    assert.equal((await world.chat()).status, 200, `${token} is replaced at once`);
    world.gateway.reply = unauthorized;
    await world.chat().catch(() => {});
    await signIn(world.tab, "bob");
    world.gateway.reply = () => new Response("ok");
    assert.equal((await world.chat()).status, 200);
  });
});

Deno.test("tokens that are each refused once in a long while, after good use, never begin a pause", async () => {
  await inWorld(ADA, async (world) => {
    for (let hour = 0; hour < 12; hour++) {
      await world.chat();
      world.clock.advance(200);
      await world.chat();
      world.gateway.refuse(await world.token());
      assert.equal((await world.chat()).status, 200, `hour ${hour}`);
      world.clock.advance(3400);
    }
  });
});

Deno.test("an accepted token that is refused long after is replaced at once, though the one before it was refused", async () => {
  await inWorld(ADA, async (world) => {
    world.gateway.refuse("bt.ada.1");
    assert.equal((await world.chat()).status, 200);
    world.clock.advance(100);
    world.gateway.refuse("bt.ada.1", "bt.ada.2");
    assert.equal((await world.chat()).status, 200);
    assert.equal(world.mints.length, 3);
  });
});
