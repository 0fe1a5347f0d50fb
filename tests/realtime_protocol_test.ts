/** The double of Realtime keeps to the protocol, and tells nobody of another's row. */

import assert from "node:assert/strict";
import { ALICE, BOB, change, CLOSE, OWN, plan, withDouble } from "./support/realtime.ts";

Deno.test("a join is answered with what it asked for and an id, and then confirmed", () =>
  withDouble(async ({ connect, session }) => {
    const wire = await connect();
    const asked = [OWN, { event: "INSERT", schema: "public", table: "profiles" }];
    const config = { postgres_changes: asked, presence: {}, broadcast: {}, private: false };
    wire.say("phx_join", { config, access_token: await session(ALICE) }, { ref: "7" });
    const [reply, system] = [await wire.next(), await wire.next()];
    const response = reply.payload.response as { postgres_changes: { id: number }[] };
    const ids = response.postgres_changes.map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(reply, {
      joinRef: "1",
      ref: "7",
      topic: "realtime:t",
      event: "phx_reply",
      payload: {
        status: "ok",
        response: { postgres_changes: asked.map((entry, at) => ({ ...entry, id: ids[at] })) },
      },
    });
    assert.deepEqual(system.payload, {
      extension: "postgres_changes",
      status: "ok",
      message: "Subscribed to PostgreSQL",
      channel: "t",
    });
  }));

Deno.test("a change is told once, with the ids of all that asked for it", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    const rest = { schema: "public", table: "profiles" };
    const asked = ["*", "INSERT", "UPDATE", "DELETE"].map((event) => ({ event, ...rest }));
    const { response } = await wire.join(await session(ALICE), asked);
    const ids = (response.postgres_changes as { id: number }[]).map(({ id }) => id);
    for (const [type, at] of [["INSERT", 1], ["UPDATE", 2], ["DELETE", 3]] as const) {
      const told = change(ALICE, "pro", type);
      realtime.tell(told);
      const { event, payload } = await wire.next();
      assert.deepEqual([event, payload], [
        "postgres_changes",
        { ids: [ids[0], ids[at]], data: told.data },
      ]);
    }
  }));

const WANTED: [unknown, boolean][] = [
  [OWN, true],
  [{ event: "UPDATE", schema: "public", table: "profiles" }, true],
  [{ event: "*", schema: "*" }, true],
  [{ event: "*", schema: "public", table: "*" }, true],
  [{ ...OWN, filter: "plan=eq.pro" }, true],
  [{ ...OWN, filter: "plan=eq.max" }, false],
  [{ ...OWN, filter: `id=eq.${BOB}` }, false],
  [{ ...OWN, filter: "constructor=eq.undefined" }, false],
  [{ ...OWN, event: "DELETE" }, false],
];
Deno.test("of the changes of one's own row those are told that were asked for", async (test) => {
  for (const [entry, wanted] of WANTED) {
    await test.step(
      JSON.stringify(entry),
      () =>
        withDouble(async ({ connect, session, realtime }) => {
          const wire = await connect();
          await wire.join(await session(ALICE), [entry]);
          realtime.tell(change(ALICE, "pro"));
          assert.deepEqual((await wire.settle()).map(plan), wanted ? ["pro"] : []);
        }),
    );
  }
});

const PRYING: unknown[] = [
  [{ ...OWN, filter: `id=eq.${BOB}` }],
  [{ event: "*", schema: "*", table: "*" }],
  [{ event: "*", schema: "public", table: "profiles" }],
  [{ ...OWN, filter: "plan=eq.pro" }],
  [{ ...OWN, filter: `id=neq.${ALICE}` }],
  [{ ...OWN, filter: `id=in.(${ALICE},${BOB})` }],
  [OWN, { ...OWN, filter: `id=eq.${BOB}` }],
  [{ ...OWN, filter: `id=eq.${ALICE}' or id='${BOB}` }],
];
Deno.test("another's row is told to nobody, whatever they ask for", async (test) => {
  for (const asked of PRYING) {
    await test.step(
      JSON.stringify(asked),
      () =>
        withDouble(async ({ connect, session, realtime }) => {
          const wire = await connect();
          await wire.join(await session(ALICE), asked);
          for (const type of ["INSERT", "UPDATE", "DELETE"] as const) {
            realtime.tell(change(BOB, "pro", type));
          }
          realtime.tell({ ...change(BOB, "pro"), key: null });
          realtime.tell({ ...change(BOB, "pro"), key: "" });
          assert.deepEqual(await wire.settle(), []);
        }),
    );
  }
});

const UNANSWERABLE: [unknown, RegExp][] = [
  [{ ...OWN, table: "invoices" }, /Please check Realtime is enabled .*table: invoices/],
  [{ ...OWN, schema: "auth", table: "users" }, /Please check Realtime is enabled/],
  [{ ...OWN, filter: "id=in.(1,2)" }, /Exception: .*column=eq.value/],
  [{ ...OWN, event: "TRUNCATE" }, /Exception: /],
];
Deno.test("what cannot be told of is said, and then the channel is told of nothing", async (test) => {
  for (const [entry, message] of UNANSWERABLE) {
    await test.step(
      JSON.stringify(entry),
      () =>
        withDouble(async ({ connect, session, realtime }) => {
          const wire = await connect();
          const config = { postgres_changes: [OWN, entry] };
          wire.say("phx_join", { config, access_token: await session(ALICE) });
          assert.equal((await wire.next()).payload.status, "ok");
          const { payload } = await wire.next();
          assert.deepEqual([payload.extension, payload.status], ["postgres_changes", "error"]);
          assert.match(String(payload.message), message);
          realtime.tell(change(ALICE, "pro"));
          assert.deepEqual(await wire.settle(), []);
        }),
    );
  }
});

Deno.test("heartbeats are answered, channels left, and what is unknown is no matter", () =>
  withDouble(async ({ connect, session, realtime }) => {
    const wire = await connect();
    const token = await session(ALICE);
    await wire.join(token);
    wire.say("presence", {});
    wire.say("no_such_event", { access_token: "x" });
    wire.say("phx_close", {});
    assert.deepEqual(await wire.settle(), []);
    wire.say("access_token", { access_token: token }, { topic: "realtime:other" });
    wire.say("phx_join", {}, { topic: "other" });
    for (let i = 0; i < 2; i++) {
      const { event, payload } = await wire.next();
      assert.deepEqual([event, payload.response], ["phx_reply", { reason: "unmatched topic" }]);
    }
    wire.say("phx_join", {}, { topic: "realtime:" });
    assert.match(JSON.stringify((await wire.next()).payload), /TopicNameRequired/);

    wire.say("phx_leave", {}, { ref: "9" });
    const [reply, closed] = [await wire.next(), await wire.next()];
    assert.deepEqual([reply.ref, reply.payload], ["9", { status: "ok", response: {} }]);
    assert.deepEqual(closed, CLOSE);
    realtime.tell(change(ALICE, "pro"));
    wire.say("phx_leave", {}, { ref: "10" });
    assert.deepEqual((await wire.settle()).map(({ ref }) => ref), ["10"]);
    assert.equal(realtime.load.channels, 0);
  }));

Deno.test("a second join of a topic takes the place of the first", () =>
  withDouble(async ({ connect, session, realtime, clock }) => {
    const wire = await connect();
    const token = await session(ALICE);
    await wire.join(token);
    const config = { postgres_changes: [OWN] };
    wire.say("phx_join", { config, access_token: token }, { joinRef: "2", ref: "2" });
    assert.deepEqual(await wire.next(), CLOSE);
    assert.deepEqual((await wire.next()).ref, "2");
    // In the name of the first one nothing can be done any more.
    wire.say("access_token", { access_token: "forged" });
    wire.say("phx_leave", {});
    realtime.tell(change(ALICE, "pro"));
    const events = (await wire.settle()).map(({ joinRef, event }) => [joinRef, event]);
    assert.deepEqual(events, [["2", "system"], ["2", "postgres_changes"], ["1", "phx_reply"]]);
    assert.deepEqual([realtime.load.channels, clock.timers], [1, 2]);
  }));
