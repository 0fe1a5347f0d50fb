/** supabase-js on the stack's own origin, as a page has it, hears of its user's row and no other. */

import assert from "node:assert/strict";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { DeviceClock } from "./support/client_clock.ts";
import { sign } from "./support/realtime.ts";
import { plans, subscribed, Tabs, watch } from "./support/realtime_tabs.ts";

interface World {
  stack: Stack;
  tabs: Tabs;
  clock: DeviceClock;
}

/** Each begins with no client, and leaves none. */
const PROMISES: Record<string, (world: World) => Promise<void>> = {
  async "a user hears of each change of their row, whatever made it, in each of their tabs"(
    { stack, tabs },
  ) {
    const [free, pro] = stack.users;
    const { set, call, rows } = plans(stack);
    const own = `id=eq.${free.id}`;
    const watches = [
      await subscribed(await tabs.open(free), own),
      await subscribed(await tabs.open(free)),
    ];
    const other = await subscribed(await tabs.open(pro), `id=eq.${pro.id}`, own);
    await set(free, "pro");
    assert.ifError((await call(free, "max")).error);
    assert.ifError((await rows.delete().eq("id", free.id)).error);
    assert.ifError((await rows.insert({ id: free.id, plan: "again" })).error);
    // One statement for every row: each is told of their own.
    assert.ifError((await rows.update({ plan: "all" }).not("id", "is", null)).error);
    for (const { change } of watches) {
      for (const plan of ["pro", "max", "DELETE", "again", "all"]) {
        assert.equal(await change(), plan);
      }
    }
    assert.equal(await other.change(), "all");
  },

  async "another's row is not told of, whatever the filter"({ stack, tabs }) {
    const [free, pro] = stack.users;
    const { set } = plans(stack);
    const supabase = await tabs.open(free);
    const filters = [undefined, `id=eq.${pro.id}`, "plan=eq.secret", "plan_version=eq.1"];
    const watches = [await subscribed(supabase, ...filters)];
    for (const filter of filters) watches.push(await subscribed(supabase, filter));
    // What the double does not know is refused as a whole.
    const unknown = watch(supabase, `id=neq.${free.id}`);
    assert.equal(await unknown.status(), "SUBSCRIBED");
    assert.equal((await unknown.system()).status, "error");
    // Nobody is signed in, and so it is nobody's row.
    watches.push(unknown, await subscribed(await tabs.open()));
    const own = await subscribed(supabase, `id=eq.${free.id}`);

    const heard: unknown[] = [];
    for (const { change } of watches) void change().then((plan) => heard.push(plan));
    await set(pro, "secret");
    await set(free, "own");
    assert.equal(await own.change(), "own");
    assert.ok(!heard.includes("secret"), String(heard));
  },

  async "a thousand changes in a row are told whole and in order"({ stack, tabs }) {
    const [user] = stack.users;
    const { set } = plans(stack);
    const { change } = await subscribed(await tabs.open(user), `id=eq.${user.id}`);
    const all = Array.from({ length: 1000 }, (_, at) => `plan ${at}`);
    for (const plan of all) await set(user, plan);
    for (const plan of all) assert.equal(await change(), plan);
  },

  async "a channel that was left is told of nothing, and the other one goes on"({ stack, tabs }) {
    const [user] = stack.users;
    const supabase = await tabs.open(user);
    const [left, kept] = [await subscribed(supabase), await subscribed(supabase)];
    assert.equal(await supabase.removeChannel(left.channel), "ok");
    assert.equal(await left.status(), "CLOSED");
    const heard: unknown[] = [];
    void left.change().then((plan) => heard.push(plan));
    await plans(stack).set(user, "pro");
    assert.equal(await kept.change(), "pro");
    assert.deepEqual([heard, stack.realtime.load.channels], [[], 1]);
  },

  async "another user's session on a channel tells of that user's row"({ stack, tabs }) {
    const [free, pro] = stack.users;
    const { set } = plans(stack);
    const supabase = await tabs.open(free);
    const { change } = await subscribed(supabase);
    assert.ifError((await supabase.auth.signInWithPassword(pro)).error);
    await supabase.realtime.setAuth();
    // What is said on a socket is heard in its order: the session is the other one by now.
    await subscribed(supabase);
    await set(free, "unheard");
    await set(pro, "heard");
    assert.equal(await change(), "heard");
  },

  async "dropped, supabase-js is back by itself"({ stack, tabs }) {
    const [user] = stack.users;
    const { change, again } = await subscribed(await tabs.open(user), `id=eq.${user.id}`);
    for (let i = 0; i < 3; i++) {
      stack.realtime.drop();
      await again();
    }
    await plans(stack).set(user, "pro");
    assert.equal(await change(), "pro");
  },

  async "down and up again, supabase-js is back by itself"({ stack, tabs }) {
    const [user] = stack.users;
    const { set } = plans(stack);
    const { change, status, again } = await subscribed(await tabs.open(user), `id=eq.${user.id}`);
    stack.realtime.set("down");
    assert.equal(await status(), "CHANNEL_ERROR");
    await set(user, "missed");
    stack.realtime.set("up");
    await again();
    await set(user, "told");
    assert.equal(await change(), "told");
  },

  async "refusing and up again, supabase-js is back by itself"({ stack, tabs }) {
    const [user] = stack.users;
    stack.realtime.set("refusing");
    const { change, status, again } = watch(await tabs.open(user), `id=eq.${user.id}`);
    for (let i = 0; i < 2; i++) assert.equal(await status(), "CHANNEL_ERROR");
    stack.realtime.set("up");
    await again();
    // Another plan than before: the same again would write nothing.
    await plans(stack).set(user, "told again");
    assert.equal(await change(), "told again");
  },

  async "without the publishable key there is no socket"({ stack }) {
    const socket = `${stack.url}/realtime/v1/websocket?vsn=2.0.0`;
    for (const apikey of ["", stack.secretKey, "sb_publishable_x"]) {
      const answer = await fetch(`${socket}&apikey=${apikey}`);
      assert.deepEqual([answer.status, (await answer.json()).message], [401, "Invalid API key"]);
    }
  },

  // From here on the server is ahead of the sessions that the Auth server gives.
  async "at the end of its session a channel is closed for good"({ stack, tabs, clock }) {
    const [user] = stack.users;
    const { channel, status, system } = await subscribed(await tabs.open(user));
    clock.advance(3_700);
    const { status: how, message } = await system();
    assert.equal(how, "error");
    assert.match(message, /^Token has expired \d+ seconds ago$/);
    assert.equal(await status(), "CLOSED");
    assert.deepEqual([channel.state, stack.realtime.load.channels], ["closed", 0]);
  },

  async "a session that is renewed keeps its channel"({ stack, tabs, clock }) {
    const [user] = stack.users;
    const session = (seconds: number) => {
      const exp = Math.floor(clock.now() / 1000) + seconds;
      return sign({ sub: user.id, role: "authenticated", exp }, stack.jwtSecret);
    };
    let token = await session(3_600);
    const supabase = await tabs.open(undefined, { accessToken: () => Promise.resolve(token) });
    const { change, channel } = await subscribed(supabase, `id=eq.${user.id}`);
    token = await session(7_200);
    await supabase.realtime.setAuth();
    await subscribed(supabase);
    clock.advance(3_700);
    await plans(stack).set(user, "pro");
    assert.deepEqual([await change(), channel.state], ["pro", "joined"]);
  },
};

Deno.test("supabase-js on the stack hears of its user's row", async (test) => {
  const clock = new DeviceClock();
  clock.setDate((Date.now() - clock.now()) / 1000);
  // A clock that jumps an hour must not find everybody silent.
  const realtime = { clock, limits: { silence: 86_400_000 } };
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true, realtime });
  try {
    for (const [title, work] of Object.entries(PROMISES)) {
      await test.step(title, async () => {
        const tabs = new Tabs(stack);
        try {
          await work({ stack, tabs, clock });
        } finally {
          await tabs.close();
        }
        while (stack.realtime.load.sockets > 0) await new Promise((then) => setTimeout(then, 1));
        assert.deepEqual([stack.realtime.load.channels, clock.timers], [0, 0]);
      });
    }
  } finally {
    await stack.stop();
  }
});
