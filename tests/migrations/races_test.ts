/** Billing's call while others write the same row: no plan is lost in silence. */
import assert from "node:assert/strict";
import type { Database } from "../support/databases.ts";
import {
  ALICE,
  migrated,
  OWN,
  plans,
  projectTest,
  raceTest,
  setPlan,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

const REMOVE = `delete from public.profiles where id = '${ALICE}'`;
const MAKE = `insert into public.profiles (id) values ('${ALICE}')`;

/** Waits until as many wait for a lock. */
async function untilBlocked(query: Database["query"], many = 1): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if ((await query("select from pg_locks where not granted")).length >= many) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("nobody waits");
}

/** A statement of a trigger that waits, after an update, for who holds the lock. */
const GATE = `
  create function public.gate() returns trigger language plpgsql security definer
    as $$ begin perform pg_advisory_xact_lock(1); return null; end; $$;
  create trigger gate after update on public.profiles
    for each statement execute function public.gate();
`;

raceTest("a row that is made while set_plan runs has the plan that was paid", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(GATE + REMOVE);
  await db.query("select pg_advisory_lock(1)");
  const paid = setPlan(db, ALICE, "pro");
  // Its update has met no row by now.
  await untilBlocked(db.query);
  await db.query(MAKE);
  await db.query("select pg_advisory_unlock(1)");
  await paid;
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
});

for (const end of ["commit", "rollback"]) {
  const [is, version] = end === "commit" ? ["", 1] : [" not", 0];

  raceTest(`a row that is${is} made anew while set_plan waits has the plan`, async (db) => {
    await migrated(db, [OWN]);
    await db.query(`begin; ${REMOVE}; ${MAKE}`);
    const paid = setPlan(db, ALICE, "pro");
    await untilBlocked(db.query);
    await db.query(end);
    await paid;
    assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
  });

  raceTest(`a first row that is${is} kept while set_plan waits has the plan`, async (db) => {
    await migrated(db, [OWN]);
    await db.query(REMOVE);
    await db.query(`begin; ${MAKE}`);
    const paid = setPlan(db, ALICE, "pro");
    await untilBlocked(db.query);
    await db.query(end);
    await paid;
    assert.deepEqual(await plans(db), [`a pro ${version}`, "b free 0"]);
  });
}

raceTest("a row that is taken away while set_plan waits is made with the plan", async (db) => {
  await migrated(db, [OWN]);
  await db.query(`begin; ${REMOVE}`);
  const paid = setPlan(db, ALICE, "pro");
  await untilBlocked(db.query);
  await db.query("commit");
  await paid;
  assert.deepEqual(await plans(db), ["a pro 0", "b free 0"]);
});

/** What somebody's trigger makes of an update. */
function meddling(body: string): string {
  return `create function public.meddle() returns trigger language plpgsql
      as $$ begin ${body} end; $$;
    create trigger meddle before update on public.profiles
      for each row execute function public.meddle();`;
}

projectTest(
  "a trigger that puts the plan back is an error of set_plan's, at once, and no success",
  async (db) => {
    await migrated(db, [OWN]);
    await db.migrate(meddling("new.plan := old.plan; return new;"));
    await assert.rejects(setPlan(db, ALICE, "pro"), { code: "P0001", message: /stays free/ });
    assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
  },
);

projectTest("set_plan says to try again where a trigger drops its write", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(meddling("return null;"));
  await assert.rejects(setPlan(db, ALICE, "pro"), { code: "40001", message: /was not written/ });
  assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
  await setPlan(db, ALICE, "free");
});

raceTest("two who apply the migration at once do not stop each other", async (db) => {
  await migrated(db, [OWN]);
  await db.auth("begin");
  await db.auth("lock table auth.users in access exclusive mode");
  const both = Promise.all([db.migrate(SYNC), db.root(SYNC)]);
  await untilBlocked((sql) => db.as("service_role", "", sql), 2);
  await db.auth("commit");
  await both;
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
});
