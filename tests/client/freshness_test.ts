/** A token's age counts from its arrival, by whichever of a device's two clocks says more. */
import assert from "node:assert/strict";
import { settle, watch } from "../support/client_calls.ts";
import { type ClientWorld, inWorld } from "../support/client_world.ts";

const ADA = { user: "ada" };

/** The function's answers have these fields from here on. */
function answering(world: ClientWorld, over: Parameters<ClientWorld["function"]["good"]>[1]) {
  world.function.always((mint) => world.function.good(mint, over));
}

Deno.test("a token is kept while it has 60 s to live, and replaced before its use under that", async () => {
  await inWorld(ADA, async (world) => {
    assert.equal(await world.token(), "bt.ada.1");
    world.clock.advance(839);
    assert.equal(await world.token(), "bt.ada.1");
    world.clock.advance(2);
    assert.equal(await world.token(), "bt.ada.2");
    assert.equal(world.mints.length, 2);
  });
});

Deno.test("refreshBefore sets how much life is enough, and at most half a token's ttl counts", async () => {
  const cases = [[300, 900, 599, 601], [600, 900, 449, 451], [60, 60, 29, 31], [60, 20, 9, 11]];
  for (const [refreshBefore, ttl, kept, gone] of cases as [number, number, number, number][]) {
    await inWorld({ ...ADA, options: { refreshBefore } }, async (world) => {
      answering(world, { ttl });
      await world.token();
      world.clock.advance(kept);
      assert.equal(await world.token(), "bt.ada.1", `${refreshBefore} of ${ttl}`);
      world.clock.advance(gone - kept);
      assert.equal(await world.token(), "bt.ada.2", `${refreshBefore} of ${ttl}`);
    });
  }
});

Deno.test("refreshBefore of 0 uses a token to its end, and not beyond", async () => {
  await inWorld({ ...ADA, options: { refreshBefore: 0 } }, async (world) => {
    await world.token();
    world.clock.advance(899.5);
    assert.equal(await world.token(), "bt.ada.1");
    world.clock.advance(0.5);
    assert.equal(await world.token(), "bt.ada.2");
  });
});

Deno.test("a device's date that is off by minutes, hours or years, either way, changes nothing", async () => {
  for (const off of [-600, 600, -7200, 7200, -4e8, 4e8]) {
    await inWorld(ADA, async (world) => {
      world.clock.setDate(off);
      await world.token();
      world.clock.advance(800);
      assert.equal(await world.token(), "bt.ada.1", `${off} s`);
      world.clock.advance(50);
      assert.equal(await world.token(), "bt.ada.2", `${off} s`);
    });
  }
});

Deno.test("a server's expiresAt in the past or the far future does not count, its ttl does", async () => {
  for (const expiresAt of [1, 4e9]) {
    await inWorld(ADA, async (world) => {
      answering(world, { expiresAt });
      await world.token();
      world.clock.advance(800);
      assert.equal(await world.token(), "bt.ada.1", `${expiresAt}`);
      world.clock.advance(50);
      assert.equal(await world.token(), "bt.ada.2", `${expiresAt}`);
    });
  }
});

Deno.test("a date that is set back under a token at hand does not make it live longer", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    world.clock.advance(400);
    world.clock.setDate(-600);
    assert.equal(await world.token(), "bt.ada.1");
    world.clock.advance(445);
    assert.equal(await world.token(), "bt.ada.2");
  });
});

Deno.test("a token that ended in the device's sleep is not used, though no tick has passed", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    world.clock.sleep(3600);
    await world.chat();
    assert.equal(world.gateway.last.token, "bt.ada.2");
    assert.equal(world.sent.length, 1);
  });
});

Deno.test("age counts from the arrival of the answer, not from when it was asked for", async () => {
  await inWorld(ADA, async (world) => {
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    world.clock.advance(14);
    world.function.last.answer();
    await settle();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
    world.clock.advance(839);
    assert.equal(await world.token(), "bt.ada.1");
  });
});

Deno.test("it is judged when the token is used: with nobody asking nothing is minted, whatever passes", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    for (let day = 0; day < 30; day++) {
      world.clock.advance(86_400);
      world.clock.sleep(86_400);
      await settle(1);
    }
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("a ttl of more than 2^31 ms neither ends at once nor mints over and over", async () => {
  await inWorld(ADA, async (world) => {
    answering(world, { ttl: 3_000_000 });
    await world.token();
    world.clock.advance(10);
    assert.equal(await world.token(), "bt.ada.1");
    world.clock.advance(2_000_000);
    assert.equal(await world.token(), "bt.ada.1");
    assert.equal(world.mints.length, 1);
  });
});

Deno.test("fetchToken gives what @behest/react wants, with what is left of the life as ttl", async () => {
  await inWorld(ADA, async (world) => {
    const { fetchToken } = world.behest;
    assert.deepEqual(await fetchToken(), {
      token: "bt.ada.1",
      sessionId: "sid-ada-1",
      ttl: 900,
      expiresAt: 1_900_000_001,
    });
    world.clock.advance(300);
    assert.equal((await fetchToken()).ttl, 600);
    world.clock.sleep(100);
    assert.equal((await fetchToken()).ttl, 500);
  });
});

Deno.test("getToken gives the whole answer, and the same one until it is replaced", async () => {
  await inWorld(ADA, async (world) => {
    const first = await world.behest.getToken();
    assert.deepEqual({ ...first }, {
      token: "bt.ada.1",
      sessionId: "sid-ada-1",
      ttl: 900,
      expiresAt: 1_900_000_001,
      baseUrl: "https://amber-fox-042.behest.app",
      tier: 1,
    });
    assert.deepEqual(await world.behest.getToken(), first);
  });
});

Deno.test("a renewal that fails for want of an answer gives the token at hand to its last second, and not beyond", async () => {
  const wants: [string, (world: ClientWorld) => void][] = [
    ["500", (world) => world.function.always(() => new Response("", { status: 500 }))],
    ["503", (world) => world.function.always(() => error(503, "auth_unavailable"))],
    ["429", (world) => world.function.always(() => error(429, "rate_limited"))],
    ["network", (world) => {
      world.function.reply = () => Promise.reject(new TypeError("Failed to fetch"));
    }],
  ];
  for (const [what, fault] of wants) {
    await inWorld(ADA, async (world) => {
      await world.token();
      world.clock.advance(850);
      fault(world);
      assert.equal(await world.token(), "bt.ada.1", what);
      await world.chat();
      assert.equal(world.gateway.last.token, "bt.ada.1", what);
      world.clock.advance(49);
      assert.equal(await world.token(), "bt.ada.1", what);
      world.clock.advance(1);
      await assert.rejects(world.token(), { name: "BehestError" }, what);
    });
  }
});

Deno.test("a renewal that takes too long gives the token at hand", async () => {
  await inWorld(ADA, async (world) => {
    await world.token();
    world.clock.advance(850);
    world.function.hold();
    const waiting = watch(world.behest.getToken());
    await settle();
    world.clock.advance(15);
    await settle();
    assert.ok(waiting.outcome && "value" in waiting.outcome);
    assert.equal(waiting.outcome.value.token, "bt.ada.1");
  });
});

Deno.test("a renewal that is refused gives the token at hand to nobody any more", async () => {
  const refusals = [[401, "invalid_session"], [402, "quota_exceeded"], [403, "client_forbidden"]];
  for (const [status, code] of refusals as [number, string][]) {
    await inWorld(ADA, async (world) => {
      await world.token();
      world.clock.advance(850);
      world.function.always(() => error(status, code));
      await assert.rejects(world.token(), { code }, code);
      await assert.rejects(world.token(), { code }, code);
      await assert.rejects(world.chat(), { code }, code);
      assert.equal(world.sent.length, 0);
      assert.equal(world.mints.length, 2);
    });
  }
});

function error(status: number, code: string): Response {
  return Response.json({ error: { code, message: "What to do." } }, { status });
}
