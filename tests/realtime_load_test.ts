/** How much of the double of Realtime clients may take, how it is taken down, and what is left. */

import assert from "node:assert/strict";
import { RawSocket } from "./support/raw_socket.ts";
import { ALICE, BOB, change, KEY, OWN, plan, Wire, withDouble } from "./support/realtime.ts";

Deno.test("joins beyond the bound are refused, and leaving makes room", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    const token = await session(ALICE);
    for (const topic of ["realtime:1", "realtime:2", "realtime:3"]) {
      assert.equal((await wire.join(token, [OWN], topic)).status, "ok");
    }
    const reason = "ChannelRateLimitReached: Too many channels";
    const refused = await wire.join(token, [OWN], "realtime:4");
    assert.deepEqual(refused, { status: "error", response: { reason } });
    // The same topic again is no channel more.
    wire.say("phx_join", { access_token: token }, { topic: "realtime:1" });
    assert.deepEqual((await wire.settle()).map(({ payload }) => payload.status), [undefined, "ok"]);
    wire.say("phx_leave", {}, { topic: "realtime:2" });
    await wire.settle();
    assert.equal((await wire.join(token, [OWN], "realtime:4")).status, "ok");
    assert.equal(realtime.load.channels, 3);
  }, { channels: 3 }));

Deno.test("sockets beyond the bound are refused, and one that goes makes room", () =>
  withDouble(async ({ connect, url, realtime }) => {
    const [first, second] = [await connect(), await connect()];
    const http = url().replace("ws:", "http:");
    await assert.rejects(Wire.open(url()));
    assert.equal(realtime.load.sockets, 2);
    first.socket.close();
    await first.closed;
    while (realtime.load.sockets === 2) await second.settle();
    await (await connect()).settle();
    assert.equal((await fetch(http)).status, 426);
  }, { sockets: 2 }));

Deno.test("frames faster than they can be answered close their socket", () =>
  withDouble(async ({ connect, session }) => {
    const [flood, bystander] = [await connect(), await connect()];
    const access_token = await session(ALICE);
    for (let i = 0; i < 20_000; i++) flood.say("phx_join", { access_token });
    const answered = flood.settle().then(() => "all answered");
    // The code may be lost: what is on its way to a closed socket resets the connection.
    assert.equal(await Promise.race([flood.closed.then(() => "closed"), answered]), "closed");
    assert.deepEqual(await bystander.settle(), []);
  }));

Deno.test("fifty clients that join, leave and go at once leave nothing", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const token = await session(ALICE);
    const wires = await Promise.all(Array.from({ length: 50 }, () => connect()));
    for (const [at, wire] of wires.entries()) {
      for (let i = 0; i < 40; i++) {
        const topic = `realtime:${i % 20}`;
        wire.say("phx_join", { config: { postgres_changes: [OWN] }, access_token: token }, {
          topic,
        });
        if (i % 3 === at % 3) wire.say("phx_leave", {}, { topic });
      }
      if (at % 2) wire.socket.close();
    }
    const staying = wires.filter((_, at) => at % 2 === 0);
    await Promise.all(staying.map((wire) => wire.settle()));
    realtime.tell(change(ALICE, "pro"));
    for (const wire of staying) {
      const told = (await wire.settle()).map(plan);
      assert.ok(told.length > 0 && told.every((plan) => plan === "pro"));
    }
    while (realtime.load.sockets > staying.length) await staying[0].settle();
    assert.equal(clock.timers, realtime.load.channels + realtime.load.sockets);
    realtime.drop();
    assert.deepEqual([realtime.load.channels, clock.timers], [0, 0]);
  }));

const STRANGERS: [string, number][] = [
  ["", 401],
  ["vsn=2.0.0", 401],
  ["apikey=&vsn=2.0.0", 401],
  ["apikey=sb_publishable_other&vsn=2.0.0", 401],
  [`apikey=${KEY}x&vsn=2.0.0`, 401],
  [`apikey=${KEY}&vsn=1.0.0`, 400],
  [`apikey=${KEY}`, 400],
];
Deno.test("without the publishable key, or by another protocol, there is no socket", async (test) => {
  for (const [query, status] of STRANGERS) {
    await test.step(query, () =>
      withDouble(async ({ url, realtime }) => {
        await assert.rejects(Wire.open(url(query)));
        const answer = await fetch(url(query).replace("ws:", "http:"));
        await answer.body?.cancel();
        assert.deepEqual([answer.status, realtime.load.sockets], [status, 0]);
      }));
  }
});

Deno.test("a request that is no handshake is refused", () =>
  withDouble(async ({ url, realtime }) => {
    const http = url().replace("ws:", "http:");
    for (const method of ["GET", "POST"]) {
      const answer = await fetch(http, { method });
      assert.deepEqual([answer.status, typeof (await answer.json()).message], [426, "string"]);
    }
    assert.equal(realtime.load.sockets, 0);
  }));

Deno.test("down it drops every client and lets none in, until it is up again", () =>
  withDouble(async ({ connect, session, realtime, url, clock }) => {
    const wires = [await connect(), await connect()];
    for (const wire of wires) await wire.join(await session(ALICE));
    realtime.set("down");
    assert.deepEqual([realtime.load.channels, clock.timers], [0, 0]);
    // With 1000 supabase-js would stay away.
    for (const wire of wires) assert.equal((await wire.closed).code, 4000);
    await assert.rejects(Wire.open(url()));
    assert.equal((await fetch(url().replace("ws:", "http:"))).status, 503);
    realtime.tell(change(ALICE, "pro"));
    realtime.set("up");
    assert.equal((await (await connect()).join(await session(ALICE))).status, "ok");
  }));

Deno.test("refusing it lets clients in and no join, and leaves what is joined", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const [early, late] = [await connect(), await connect()];
    await early.join(await session(ALICE));
    realtime.set("refusing");
    const { status, response } = await late.join(await session(BOB));
    assert.equal(status, "error");
    assert.match(String(response.reason), /^UnableToConnectToProject: /);
    realtime.tell(change(ALICE, "pro"));
    assert.deepEqual((await early.settle()).map(plan), ["pro"]);
    realtime.set("up");
    assert.equal((await late.join(await session(BOB))).status, "ok");
  }));

Deno.test("stopping waits for no client that does not say goodbye", () =>
  withDouble(async ({ url, session, realtime, clock, connect }) => {
    const deaf = await RawSocket.open(url());
    const config = { postgres_changes: [OWN] };
    await deaf.say("phx_join", { config, access_token: await session(ALICE) });
    const polite = await connect();
    while (realtime.load.channels === 0) await polite.settle();
    await realtime.stop();
    assert.deepEqual([realtime.load, clock.timers], [{ sockets: 1, channels: 0 }, 0]);
    deaf.cut();
    while (realtime.load.sockets > 0) await new Promise((then) => setTimeout(then, 1));
  }));

Deno.test("dropped sockets come back at once, in every state but down", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    await wire.join(await session(ALICE));
    realtime.drop();
    assert.equal((await wire.closed).code, 4000);
    assert.equal(realtime.state, "up");
    assert.equal((await (await connect()).join(await session(ALICE))).status, "ok");
  }));
