/** The direct way, through orders of events that nobody would think of. */
import assert from "node:assert/strict";
import { userOfSession } from "../support/client_auth.ts";
import { seeded } from "../support/client_calls.ts";
import { Schedule } from "../support/client_schedule.ts";

const SEEDS = 600;
const EVENTS = 60;

Deno.test("no request carries another user's session token, and refreshes stay under what excuses them", async () => {
  let [sent, refreshes, given] = [0, 0, 0];
  for (const steps of ["fine", "calm"] as const) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const schedule = new Schedule(seeded(seed), steps, true);
      await schedule.run(EVENTS);
      const { supabase, excuses, log } = schedule;
      const what = `seed ${seed}, ${steps}: ${log.join(", ")}`;
      for (const { owner, signedIn } of supabase.gateway.sent) assert.equal(owner, signedIn, what);
      for (const { token, signedIn } of steps === "calm" ? schedule.given : []) {
        assert.equal(userOfSession(token), signedIn, what);
        given++;
      }
      assert.ok(supabase.refreshes <= excuses, `${supabase.refreshes} > ${excuses}, ${what}`);
      assert.equal(supabase.function.mints.length, 0);
      sent += supabase.gateway.sent.length;
      refreshes += supabase.refreshes;
    }
  }
  for (const count of [sent, refreshes, given]) {
    assert.ok(count > SEEDS, `${[sent, refreshes, given]} are too few to prove anything`);
  }
});
