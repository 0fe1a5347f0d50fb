/** The same promises where `getSession()` is read now and answered later, in orders that a seed decides. */
import assert from "node:assert/strict";
import { seeded } from "../support/client_calls.ts";
import { LatePage } from "../support/client_late.ts";

const SEEDS = 4000;
const EVENTS = 80;

Deno.test("no user's request or wait ends with another's token, and no mint goes beside another, however late getSession() and events come", async () => {
  let [asked, sent, mints] = [0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const page = new LatePage(seeded(seed));
    await page.run(EVENTS);
    page.assertGood(seed);
    asked += page.asked;
    sent += page.supabase.gateway.sent.length;
    mints += page.supabase.function.mints.length;
  }
  for (const count of [asked, sent, mints]) {
    assert.ok(count > SEEDS / 2, `${count} are too few to prove anything`);
  }
});
