/** Billing's call, and the version that counts what it does. */
import assert from "node:assert/strict";
import type { Database } from "../support/databases.ts";
import {
  ALICE,
  BOB,
  migrated,
  OWN,
  plans,
  projectTest,
  raceTest,
  setPlan,
  STATES,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

const NOBODY = "00000000-0000-4000-8000-00000000000f";

/** PostgREST answers each of these states with a 4xx. */
async function assertFault(work: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  const error = await work.then(() => assert.fail("was done"), (error) => error);
  assert.deepEqual([error.code, words.test(error.message)], [code, true], error.message);
}

for (const [state, before] of Object.entries(STATES)) {
  projectTest(`in ${state} a change of plan is counted, the same plan again is not`, async (db) => {
    await migrated(db, before);
    assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
    for (const plan of ["pro", "pro", "max", "max", "free"]) await setPlan(db, ALICE, plan);
    assert.deepEqual(await plans(db), ["a free 3", "b free 0"]);
  });
}

projectTest(
  "nobody sets a version, not even the owner, and other columns count nothing",
  async (db) => {
    await migrated(db, [OWN]);
    await setPlan(db, ALICE, "pro");
    const set = "update public.profiles set plan_version = 99";
    await db.as("service_role", "", set);
    await db.query(set);
    await db.as("service_role", "", `${set}, plan = plan`);
    await db.as("authenticated", ALICE, `update public.profiles set name = 'Alice'`);
    assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
    await db.as("service_role", "", `${set}, plan = 'max' where id = '${ALICE}'`);
    assert.deepEqual(await plans(db), ["a max 2", "b free 0"]);
    await db.as("service_role", "", `delete from public.profiles where id = '${BOB}'`);
    await db.as(
      "service_role",
      "",
      `insert into public.profiles (id, plan, plan_version) values ('${BOB}', 'pro', 99)`,
    );
    assert.deepEqual(await plans(db), ["a max 2", "b pro 0"]);
  },
);

// On PGlite the caller is no session of its own, and its own statement would run the check.
raceTest("a type of the caller's own does not run its checks as the owner", async (db) => {
  await migrated(db, [OWN]);
  const billing = (sql: string) => db.as("service_role", "", sql);
  await billing(`
    create function pg_temp.tells(pg_catalog.text) returns boolean language plpgsql
    as $$ begin raise exception 'run as %', current_user; end $$`);
  await billing(`
    create domain pg_temp.text as pg_catalog.text
      check (value is null or pg_temp.tells(value::pg_catalog.text))`);
  try {
    await setPlan(db, ALICE, "pro");
    assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
  } finally {
    await billing("drop function pg_temp.tells(pg_catalog.text) cascade");
  }
});

projectTest("a change that another trigger makes is counted", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(`
    create function public.upgrade() returns trigger language plpgsql set search_path = ''
    as $$ begin new.plan := 'max'; return new; end; $$;
    create trigger zz_upgrade before update of name on public.profiles
      for each row execute function public.upgrade();
  `);
  await db.as("service_role", "", `update public.profiles set name = 'x' where id = '${ALICE}'`);
  assert.deepEqual(await plans(db), ["a max 1", "b free 0"]);
});

projectTest("the same plan again writes nothing, so Realtime has nothing to tell", async (db) => {
  await migrated(db, [OWN]);
  await setPlan(db, ALICE, "pro");
  const written = "select id, xmin::text, ctid::text from public.profiles order by id";
  const before = await db.query(written);
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await db.query(written), before);
});

projectTest("set_plan makes the row of a user who has none", async (db) => {
  await migrated(db, [OWN]);
  await db.query(`delete from public.profiles where id = '${ALICE}'`);
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await plans(db), ["a pro 0", "b free 0"]);
});

projectTest("set_plan runs no trigger of an insert for a row that is there", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(`
    create table public.welcomed (id uuid);
    create function public.welcome() returns trigger language plpgsql set search_path = ''
    as $$ begin insert into public.welcomed values (new.id); return new; end; $$;
    create trigger welcome before insert on public.profiles
      for each row execute function public.welcome();
  `);
  await setPlan(db, ALICE, "pro");
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await db.query("select * from public.welcomed"), []);
});

projectTest("set_plan refuses no plan and no user in words, and PostgREST says 4xx", async (db) => {
  await migrated(db, []);
  const call = (args: string) => db.as("service_role", "", `select public.set_plan(${args})`);
  for (const plan of ["null", "''", "'  '"]) {
    await assertFault(call(`'${ALICE}', ${plan}`), "22023", /plan is empty: give its name/);
  }
  await assertFault(call(`'${NOBODY}', 'pro'`), "PT404", new RegExp(`There is no user ${NOBODY}`));
  await assertFault(call("null, 'pro'"), "PT404", /There is no user/);
  assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
});

projectTest("set_plan knows a user who is gone where the table does not", async (db) => {
  await migrated(db, [OWN, "alter table public.profiles drop constraint profiles_id_fkey"]);
  await assertFault(setPlan(db, NOBODY, "pro"), "PT404", /There is no user/);
});

projectTest("nothing but set_plan itself says that there is no user", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(`
    create function public.check_plan() returns trigger language plpgsql
      as $$ begin raise sqlstate 'PT404' using message = 'No such plan'; end; $$;
    create trigger check_plan before insert or update on public.profiles
      for each row execute function public.check_plan();
  `);
  await assertFault(setPlan(db, ALICE, "pro"), "P0001", /^No such plan$/);
});

/** Tables that are published. */
async function published(db: Database): Promise<unknown[]> {
  const rows = await db.query(
    "select tablename from pg_publication_tables where pubname = 'supabase_realtime' order by 1",
  );
  return rows.map(({ tablename }) => tablename);
}

for (const [state, before] of Object.entries(STATES)) {
  projectTest(`in ${state} Realtime tells of plans`, async (db) => {
    await migrated(db, before);
    assert.deepEqual(await published(db), ["profiles"]);
  });
}

projectTest("a publication that has the table, or all tables, is left alone", async (db) => {
  await migrated(db, [OWN, "alter publication supabase_realtime add table public.profiles"]);
  assert.deepEqual(await published(db), ["profiles"]);
  await db.root("drop publication supabase_realtime");
  await db.root("create publication supabase_realtime for all tables");
  db.heard();
  await db.migrate(SYNC);
  assert.ok(!db.heard().some((said) => said.includes("Realtime")));
});

projectTest("where there is no publication, all else is done", async (db) => {
  await migrated(db, ["drop publication supabase_realtime"]);
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
  assert.ok(!db.heard().some((said) => said.includes("Realtime")));
});

projectTest("a publication of some columns is said, and left as it is", async (db) => {
  await migrated(db, [
    OWN,
    "alter publication supabase_realtime add table public.profiles (id, name)",
  ]);
  assert.ok(db.heard().some((said) => /Realtime does not tell.*lists columns/.test(said)));
  assert.deepEqual(await published(db), ["profiles"]);
});

projectTest(
  "a table without replica identity is not published, or no row could be changed",
  async (db) => {
    await migrated(db, [OWN, "alter table public.profiles replica identity nothing"]);
    assert.ok(db.heard().some((said) => /Realtime does not tell.*replica identity/.test(said)));
    await setPlan(db, ALICE, "pro");
    assert.deepEqual(await published(db), []);
  },
);
