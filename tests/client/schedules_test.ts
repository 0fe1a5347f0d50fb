/** The two properties above all, through orders of events that nobody would think of. */
import assert from "node:assert/strict";
import { seeded } from "../support/client_calls.ts";
import { Schedule } from "../support/client_schedule.ts";

const SEEDS = 2000;
const EVENTS = 60;

/** What a seed did, for who has to find out why. */
function story(seed: number, { log }: Schedule): string {
  return `seed ${seed}: ${log.join(", ")}`;
}

type Steps = ConstructorParameters<typeof Schedule>[1];

const played: Partial<Record<Steps, Promise<[Schedule, string][]>>> = {};

async function play(steps: Steps): Promise<[Schedule, string][]> {
  const all: [Schedule, string][] = [];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const schedule = new Schedule(seeded(seed), steps);
    await schedule.run(EVENTS);
    all.push([schedule, story(seed, schedule)]);
  }
  return all;
}

/** Holds every schedule against a property; each is played once. */
async function everySeed(
  steps: Steps[],
  check: (schedule: Schedule, what: string) => void,
): Promise<void> {
  for (const each of steps) {
    for (const [schedule, what] of await (played[each] ??= play(each))) check(schedule, what);
  }
}

Deno.test("no request ever carries the token of another user than was signed in when it was sent", async () => {
  let sent = 0;
  await everySeed(["fine", "calm"], ({ supabase }, what) => {
    for (const { owner, signedIn } of supabase.gateway.sent) assert.equal(owner, signedIn, what);
    sent += supabase.gateway.sent.length;
  });
  assert.ok(sent > SEEDS, `${sent} requests are too few to prove anything`);
});

Deno.test("no fault makes a storm: mints stay under what sign-ins, time, 401s and the application excuse", async () => {
  let mints = 0;
  await everySeed(["fine", "calm"], ({ supabase, excuses }, what) => {
    // Each may be followed by one more, for a session token that the function found expired.
    assert.ok(supabase.function.mints.length <= 2 * excuses, what);
    mints += supabase.function.mints.length;
  });
  assert.ok(mints > SEEDS, `${mints} mints are too few to prove anything`);
});

Deno.test("every mint carries the session token of who was signed in, and no Behest session of another user", async () => {
  await everySeed(["fine", "calm"], ({ supabase }, what) => {
    for (const { user, body } of supabase.function.mints) {
      const session = String(body.sessionId ?? `sid-${user}-`);
      assert.ok(session.startsWith(`sid-${user}-`), what);
    }
  });
});

Deno.test("no application gets a token of another user than is signed in when it gets it", async () => {
  await everySeed(["calm"], ({ given }, what) => {
    for (const { token, signedIn } of given) assert.equal(token.split(".")[1], signedIn, what);
  });
});
