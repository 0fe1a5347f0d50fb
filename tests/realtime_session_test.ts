/** A channel of the double of Realtime lasts as long as its session, and is its user's alone. */

import assert from "node:assert/strict";
import { ALICE, BOB, change, CLOSE, KEY, plan, sign, withDouble } from "./support/realtime.ts";

function shut(message: string) {
  const payload = { extension: "system", status: "error", message, channel: "t" };
  return [{ joinRef: "1", ref: null, topic: "realtime:t", event: "system", payload }, CLOSE];
}

Deno.test("at the end of its session a channel is told so, and closed", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const wire = await connect();
    await wire.join(await session(ALICE, 50));
    clock.advance(49.999);
    realtime.tell(change(ALICE, "pro"));
    assert.deepEqual((await wire.settle()).map(plan), ["pro"]);
    clock.advance(0.001);
    realtime.tell(change(ALICE, "max"));
    assert.deepEqual(await wire.settle(), shut("Token has expired 0 seconds ago"));
    assert.equal(realtime.load.channels, 0);
  }));

Deno.test("after a sleep nothing is told in an ended session, though its timer is late", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const wire = await connect();
    await wire.join(await session(ALICE, 50));
    clock.sleep(100);
    realtime.tell(change(ALICE, "pro"));
    assert.deepEqual(await wire.settle(), []);
    clock.advance(50);
    assert.deepEqual(await wire.settle(), shut("Token has expired 100 seconds ago"));
  }));

Deno.test("a session of a hundred years does not end at once, nor keep a timer busy", () =>
  withDouble(async ({ connect, session, realtime, clock, longestWait }) => {
    const wire = await connect();
    await wire.join(await session(ALICE, 3e9));
    clock.advance(86_400);
    realtime.tell(change(ALICE, "pro"));
    assert.deepEqual((await wire.settle()).map(plan), ["pro"]);
    assert.equal(longestWait() < 2 ** 31, true);
  }, { silence: 100_000_000 }));

Deno.test("a new session goes on where the old one would have ended", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const wire = await connect();
    const token = await session(ALICE, 50);
    await wire.join(token);
    wire.say("access_token", { access_token: await session(ALICE, 110) });
    assert.deepEqual(await wire.settle(), []);
    clock.advance(55);
    await wire.settle();
    clock.advance(54);
    realtime.tell(change(ALICE, "pro"));
    assert.deepEqual((await wire.settle()).map(plan), ["pro"]);
    // The old one again is a session that has ended.
    wire.say("access_token", { access_token: token });
    assert.deepEqual(await wire.settle(), shut("Token has expired 59 seconds ago"));
  }));

Deno.test("another user's session on the same channel tells of that user's row alone", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    await wire.join(await session(ALICE), [{ event: "*", schema: "public", table: "profiles" }]);
    wire.say("access_token", { access_token: await session(BOB) });
    await wire.settle();
    realtime.tell(change(ALICE, "pro"));
    realtime.tell(change(BOB, "max"));
    assert.deepEqual((await wire.settle()).map(plan), ["max"]);
  }));

Deno.test("without a session, or with a project's key for one, nothing is told", async (test) => {
  for (const token of [undefined, null, 7, KEY, "sb_secret_x"]) {
    await test.step(
      String(token),
      () =>
        withDouble(async ({ connect, session, realtime, clock }) => {
          const wire = await connect();
          const asked = [{ event: "*", schema: "public", table: "profiles" }];
          assert.equal((await wire.join(token, asked)).status, "ok");
          realtime.tell(change(ALICE, "pro"));
          realtime.tell({ ...change(ALICE, "pro"), key: null });
          assert.deepEqual(await wire.settle(), []);
          assert.equal(clock.timers, 1);
          // A session that comes later counts from then on, and its end is the channel's.
          wire.say("access_token", { access_token: await session(ALICE) });
          await wire.settle();
          realtime.tell(change(ALICE, "max"));
          assert.deepEqual((await wire.settle()).map(plan), ["max"]);
          wire.say("access_token", { access_token: KEY });
          realtime.tell(change(ALICE, "free"));
          assert.deepEqual((await wire.settle()).map(plan), ["free"]);
        }),
    );
  }
});

Deno.test("a session of nobody in particular is told of no row, not of those without a key", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    for (const sub of ["", undefined]) {
      const asked = [{ event: "*", schema: "public", table: "profiles" }];
      await wire.join(await session(sub as string), asked, `realtime:${sub}`);
    }
    for (const key of ["", "undefined", null]) realtime.tell({ ...change(ALICE, "pro"), key });
    assert.deepEqual(await wire.settle(), []);
  }));

const exp = 4_000_000_000;
const none = `${btoa('{"alg":"none"}')}.${btoa(`{"sub":"${ALICE}","role":"authenticated"}`)}.`;
const REFUSED: [string, string | Promise<string>, RegExp][] = [
  ["text", "hello", /^MalformedJWT: /],
  ["no text", "", /^MalformedJWT: /],
  ["of no algorithm", none.replaceAll("=", ""), /^(JwtSignatureError|MalformedJWT): /],
  ["forged", sign({ sub: ALICE, role: "authenticated", exp }, "another"), /^JwtSignatureError: /],
  ["ended", sign({ sub: ALICE, role: "authenticated", exp: 1 }), /^InvalidJWTToken: .* expired/],
  ["without an end", sign({ sub: ALICE, role: "authenticated" }), /^InvalidJWTToken: .*`exp`/],
  ["without a role", sign({ sub: ALICE, exp }), /^InvalidJWTToken: .*`role`/],
  ["of the service role", sign({ sub: ALICE, role: "service_role", exp }), /^Unauthorized: /],
  ["not begun", sign({ sub: ALICE, role: "authenticated", exp, nbf: exp }), /^MalformedJWT: /],
];
Deno.test("a session that is no good is refused, and closes what was joined", async (test) => {
  for (const [what, token, reason] of REFUSED) {
    await test.step(what, () =>
      withDouble(async ({ connect, session, realtime }) => {
        const wire = await connect();
        const { status, response } = await wire.join(await token);
        assert.equal(status, "error");
        assert.match(String(response.reason), reason);
        assert.equal(realtime.load.channels, 0);

        await wire.join(await session(ALICE));
        wire.say("access_token", { access_token: await token });
        const [system, closed] = await wire.settle();
        assert.deepEqual([system.payload.status, closed], ["error", CLOSE]);
        realtime.tell(change(ALICE, "pro"));
        assert.deepEqual(await wire.settle(), []);
      }));
  }
});
