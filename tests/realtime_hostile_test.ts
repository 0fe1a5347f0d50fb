/** What clients do to the double of Realtime, by mistake or not, is theirs alone to bear. */

import assert from "node:assert/strict";
import { RawSocket, textFrame } from "./support/raw_socket.ts";
import { ALICE, change, type Double, OWN, plan, withDouble } from "./support/realtime.ts";

/** That a client which minds its own business does not notice. */
async function unharmed(double: Double, work: () => Promise<void>): Promise<void> {
  const { connect, session, realtime } = double;
  const bystander = await connect();
  await bystander.join(await session(ALICE));
  await work();
  realtime.tell(change(ALICE, "unharmed"));
  assert.deepEqual((await bystander.settle()).map(plan), ["unharmed"]);
}

/** Lets go of what is done, where no frame tells: a socket's end is seen a little later. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const NOT_FRAMES: [string, string][] = [
  ["no text", ""],
  ["no JSON", "hello"],
  ["half of one", '["1","1","realtime:t","phx_join",{'],
  ["an object, as of protocol 1.0.0", '{"topic":"realtime:t","event":"phx_join","payload":{}}'],
  ["a number", "1"],
  ["nothing", "null"],
  ["an array too short", '["1","1","realtime:t","phx_join"]'],
  ["an array too long", '["1","1","realtime:t","phx_join",{},1]'],
  ["numbers for refs", '[1,1,"realtime:t","phx_join",{}]'],
  ["no topic", '["1","1",null,"phx_join",{}]'],
  ["a topic that is an object", '["1","1",{"toString":1},"phx_join",{}]'],
  ["no event", '["1","1","realtime:t",7,{}]'],
  ["a payload that is none", '["1","1","realtime:t","phx_join",null]'],
  ["a payload that is a list", '["1","1","realtime:t","phx_join",[]]'],
  ["a topic without end", JSON.stringify(["1", "1", "realtime:".padEnd(300, "t"), "x", {}])],
  ["a ref without end", JSON.stringify(["1", "1".repeat(300), "realtime:t", "x", {}])],
  ["depth", '["1","1","realtime:t","x",' + "[".repeat(60_000)],
];
Deno.test("what is no frame closes its socket, and no other", async (test) => {
  for (const [what, text] of NOT_FRAMES) {
    await test.step(what, () =>
      withDouble((double) =>
        unharmed(double, async () => {
          const wire = await double.connect();
          wire.socket.send(text);
          assert.equal((await wire.closed).code, 4001);
        })
      ));
  }
});

const ODD_JOINS: unknown[] = [
  {},
  { config: null },
  { config: [] },
  { config: { postgres_changes: {} } },
  { config: { postgres_changes: "all" } },
  { config: { postgres_changes: [null] } },
  { config: { postgres_changes: [[]] } },
  { config: { postgres_changes: [{ ...OWN, filter: 1 }] } },
  { config: { postgres_changes: [{ ...OWN, event: ["*"] }] } },
  { config: { postgres_changes: [{ ...OWN, table: { toString: "x" } }] } },
  { config: { postgres_changes: [{ __proto__: OWN }] } },
  { config: { postgres_changes: Array(101).fill(OWN) } },
  { access_token: { toString: "x" } },
  { access_token: "..".padEnd(20_000, "a") },
];
Deno.test("an odd join is answered, and harms nobody", async (test) => {
  for (const payload of ODD_JOINS) {
    await test.step(
      JSON.stringify(payload).slice(0, 80),
      () =>
        withDouble((double) =>
          unharmed(double, async () => {
            const wire = await double.connect();
            wire.say("phx_join", payload);
            assert.equal((await wire.next()).event, "phx_reply");
            await wire.settle();
          })
        ),
    );
  }
});

Deno.test("binary frames, as of a broadcast, are let pass", () =>
  withDouble((double) =>
    unharmed(double, async () => {
      const wire = await double.connect();
      await wire.join(await double.session(ALICE));
      for (const bytes of [[], [3, 1, 1, 1, 1, 0, 0], Array(9_000).fill(255)]) {
        wire.socket.send(new Uint8Array(bytes));
      }
      assert.deepEqual(await wire.settle(), []);
    })
  ));

Deno.test("a frame beyond the bound closes its socket, one of 8 MB too", async (test) => {
  for (const length of [65_537, 8_000_000]) {
    await test.step(String(length), () =>
      withDouble((double) =>
        unharmed(double, async () => {
          const wire = await double.connect();
          const frame = ["1", "1", "phoenix", "heartbeat", {}];
          wire.socket.send(JSON.stringify(frame).padEnd(65_536));
          assert.equal((await wire.next()).payload.status, "ok");
          wire.socket.send(JSON.stringify(frame).padEnd(length));
          assert.equal((await wire.closed).code, 4002);
        })
      ));
  }
});

const BREACHES: [string, Uint8Array][] = [
  ["a frame without a mask", new Uint8Array([0x81, 1, 0x61])],
  ["an opcode that is none", new Uint8Array([0x83, 0x80, 0, 0, 0, 0])],
  ["bits that are reserved", new Uint8Array([0xf1, 0x80, 0, 0, 0, 0])],
  ["text that is no UTF-8", new Uint8Array([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])],
  ["a ping of 200 bytes", new Uint8Array([0x89, 0xfe, 0, 200, 0, 0, 0, 0, ...Array(200).fill(1)])],
  ["the end of what never began", new Uint8Array([0x80, 0x80, 0, 0, 0, 0])],
  ["a frame of 2^62 bytes", new Uint8Array([0x81, 0xff, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])],
  ["a close of one byte", new Uint8Array([0x88, 0x81, 0, 0, 0, 0, 3])],
  ["no WebSocket at all", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
];
Deno.test("a breach of WebSocket's rules harms nobody, and leaves nothing", async (test) => {
  for (const [what, bytes] of BREACHES) {
    await test.step(what, () =>
      withDouble((double) =>
        unharmed(double, async () => {
          const raw = await RawSocket.open(double.url());
          await raw.write(bytes);
          // Time for it to arrive: some are answered, and some are the half of something.
          await (await double.connect()).settle();
          raw.cut();
          await until(() => double.realtime.load.sockets === 2);
        })
      ));
  }
});

const CUTS: [string, (double: Double) => Promise<RawSocket>][] = [
  ["before it was answered", ({ url }) => RawSocket.ask(url())],
  ["once it was open", ({ url }) => RawSocket.open(url())],
  ["in the middle of a frame", async ({ url }) => {
    const raw = await RawSocket.open(url());
    await raw.write(textFrame("[".repeat(1000)).subarray(0, 500));
    return raw;
  }],
  ["while its join was looked at", async ({ url, session }) => {
    const access_token = await session(ALICE);
    const raw = await RawSocket.open(url());
    await raw.say("phx_join", { config: { postgres_changes: [OWN] }, access_token });
    return raw;
  }],
  ["with changes on their way", async ({ url, session, realtime }) => {
    const access_token = await session(ALICE);
    const raw = await RawSocket.open(url());
    await raw.say("phx_join", { config: { postgres_changes: [OWN] }, access_token });
    await until(() => realtime.load.channels === 2);
    for (let i = 0; i < 100; i++) realtime.tell(change(ALICE, "free".padEnd(5_000)));
    return raw;
  }],
];
Deno.test("a client that is cut off is forgotten", async (test) => {
  for (const [when, begin] of CUTS) {
    await test.step(when, () =>
      withDouble(async (double) => {
        const bystander = await double.connect();
        await bystander.join(await double.session(ALICE));
        for (let i = 0; i < 20; i++) (await begin(double)).cut();
        await until(() => double.realtime.load.sockets === 1);
        assert.deepEqual([double.realtime.load.channels, double.clock.timers], [1, 2]);
        await bystander.settle();
      }));
  }
});

Deno.test("a client that never reads is let go, and everybody else is told all, in order", () =>
  withDouble(async ({ url, session, realtime, connect }) => {
    const [access_token, config] = [await session(ALICE), { postgres_changes: [OWN] }];
    const deaf = await RawSocket.open(url());
    await deaf.say("phx_join", { config, access_token });
    await until(() => realtime.load.channels === 1);
    const reader = await connect();
    await reader.join(access_token);

    let told = 0;
    const heard: unknown[] = [];
    // What the system keeps for the two ends of a connection comes on top of the bound.
    while (realtime.load.channels === 2) {
      assert.ok(told < 20_000, "the bound does not hold");
      for (let i = 0; i < 50; i++) realtime.tell(change(ALICE, `${told++}`.padEnd(7_000)));
      heard.push(...(await reader.settle()).map(plan));
    }
    realtime.tell(change(ALICE, "last"));
    heard.push(...(await reader.settle()).map(plan));
    const all = Array.from({ length: told }, (_, at) => `${at}`.padEnd(7_000));
    assert.deepEqual(heard, [...all, "last"]);
    deaf.cut();
    await until(() => realtime.load.sockets === 1);
  }));

Deno.test("a slow client that stays within the bound is told all, in order", () =>
  withDouble(async ({ url, session, realtime }) => {
    const access_token = await session(ALICE);
    const slow = await RawSocket.open(url());
    await slow.say("phx_join", { config: { postgres_changes: [OWN] }, access_token });
    await until(() => realtime.load.channels === 1);
    let text = "";
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 10; j++) realtime.tell(change(ALICE, `<${i * 10 + j}>`));
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (i % 10 === 9) text += await slow.read();
    }
    while (!text.includes("<999>")) text += await slow.read();
    const numbers = [...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number));
    assert.deepEqual(numbers, Array.from({ length: 1000 }, (_, at) => at));
    slow.cut();
    await until(() => realtime.load.sockets === 0);
  }));

Deno.test("a client that says nothing is closed, and one with a heartbeat is not", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const [silent, joined, alive] = [await connect(), await connect(), await connect()];
    await joined.join(await session(ALICE));
    for (let i = 0; i < 3; i++) {
      clock.advance(25);
      await alive.settle();
    }
    assert.deepEqual([(await silent.closed).code, (await joined.closed).code], [4005, 4005]);
    await until(() => realtime.load.sockets === 1);
    assert.deepEqual([realtime.load.channels, clock.timers], [0, 1]);
  }));
