/**
 * `watchPlan` as it is shipped, with the real supabase-js, against the stack: Postgres tells, the
 * double of Realtime hands on, the function mints.
 */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type Stack, startStack } from "../dev/stack/stack.ts";
import { setPlan } from "../dev/stack/users.ts";
import { type Behest, createBehest } from "./support/client_module.ts";

/** For what takes as long as supabase-js's own waits between two tries, in ms. */
const PATIENCE = 60_000;

/** A user of their own, signed in, with a token of tier 1 at hand, whose plan is watched. */
interface Seat {
  readonly stack: Stack;
  readonly supabase: SupabaseClient;
  readonly behest: Behest;
  readonly id: string;
  readonly errors: unknown[];
}

async function until(what: string, happened: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await happened()) {
    if (performance.now() > end) throw new Error(`this never happens: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Every token that is asked for until one has this tier. */
function tierOf({ behest }: Seat, tier: number): Promise<void> {
  return until(`tier ${tier}`, async () => (await behest.getToken()).tier === tier);
}

const mints = ({ functionLog }: Stack) =>
  functionLog.filter((line) => line.includes('"uid"')).length;

async function inSeat(stack: Stack, test: (seat: Seat) => Promise<void>): Promise<void> {
  const supabase = createClient(stack.url, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const email = `${crypto.randomUUID()}@example.com`;
  const { data } = await supabase.auth.signUp({ email, password: crypto.randomUUID() });
  const behest = createBehest(supabase);
  const errors: unknown[] = [];
  try {
    assert.equal((await behest.getToken()).tier, 1);
    behest.watchPlan({ onError: (error) => errors.push(error) });
    await until("joined", () => stack.realtime.load.channels === 1);
    await test({ stack, supabase, behest, id: data.user!.id, errors });
  } finally {
    behest.close();
    await supabase.removeAllChannels();
    supabase.realtime.disconnect();
    await until("gone", () => stack.realtime.load.sockets === 0);
  }
}

Deno.test("a watched plan, from the database to the next token", async (test) => {
  const stack = await startStack({ port: 0, gatewayPort: 0, quiet: true });
  const write = (id: string, plan: string) => setPlan(stack.url, stack.secretKey, id, plan);
  const step = (title: string, work: (seat: Seat) => Promise<void>) =>
    test.step(title, () => inSeat(stack, work));
  try {
    await step("an upgrade and a downgrade are in the next token", async (seat) => {
      for (const [plan, tier] of [["max", 3], ["pro", 2], ["free", 1]] as const) {
        await write(seat.id, plan);
        await tierOf(seat, tier);
      }
      assert.deepEqual(seat.errors, []);
    });

    await step("another user's upgrade makes no mint", async (seat) => {
      await write(stack.users[0]!.id, "max");
      await write(stack.users[0]!.id, "free");
      const { token } = await seat.behest.getToken();
      await write(seat.id, "pro");
      await tierOf(seat, 2);
      assert.notEqual((await seat.behest.getToken()).token, token);
      assert.deepEqual(seat.errors, []);
    });

    await step("1,000 changes in a row are one mint, at the next use", async (seat) => {
      const told: string[] = [];
      const own = seat.supabase.channel("own").on("postgres_changes", {
        event: "UPDATE",
        schema: "public",
        table: "profiles",
        filter: `id=eq.${seat.id}`,
      }, ({ new: row }) => told.push(row.plan));
      own.subscribe();
      await until("both joined", () => stack.realtime.load.channels === 2);
      const before = mints(stack);
      for (let nth = 0; nth < 100; nth++) {
        const plans = Array.from({ length: 10 }, (_, each) => (nth + each) % 2 ? "pro" : "free");
        await Promise.all(plans.map((plan) => write(seat.id, plan)));
      }
      await write(seat.id, "free");
      await write(seat.id, "max");
      await until("all told", () => told.at(-1) === "max");
      assert.ok(told.length > 100, `${told.length}`);
      await tierOf(seat, 3);
      assert.equal(mints(stack) - before, 1);
    });

    await step(
      "a Realtime that is down, refuses, or drops its sockets loses no upgrade",
      async (seat) => {
        for (const [state, plan, tier] of [["down", "max", 3], ["refusing", "pro", 2]] as const) {
          stack.realtime.set(state);
          stack.realtime.drop();
          await until("away", () => stack.realtime.load.channels === 0);
          await write(seat.id, plan);
          stack.realtime.set("up");
          await tierOf(seat, tier);
        }
        assert.equal(seat.errors.length, 1, "said once");
      },
    );
  } finally {
    await stack.stop();
  }
});
