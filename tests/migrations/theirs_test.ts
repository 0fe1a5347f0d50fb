/** A `profiles` of somebody's own, in the shapes in which people have it. */
import assert from "node:assert/strict";
import type { Database } from "../support/databases.ts";
import {
  ALICE,
  assertRefused,
  BOB,
  migrated,
  OWN,
  plans,
  projectTest,
  setPlan,
  signUp,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

/** What was said, but for what Postgres says by itself. */
function saidBy(db: Database): string {
  return db.heard().filter((said) => !said.endsWith("skipping")).join("\n");
}

projectTest("users go on editing the rest of their row, and no other's", async (db) => {
  await migrated(db, [OWN]);
  await setPlan(db, BOB, "pro");
  const edit = (id: string) =>
    `update public.profiles set name = 'A', "Odd name" = 'B'
    where id = '${id}' returning name`;
  assert.deepEqual(await db.as("authenticated", ALICE, edit(ALICE)), [{ name: "A" }]);
  assert.deepEqual(await db.as("authenticated", ALICE, edit(BOB)), []);
  // As supabase-js upserts: every column that was sent is set, the key too.
  const upsert = `insert into public.profiles (id, name) values ('${ALICE}', 'C')
    on conflict (id) do update set id = excluded.id, name = excluded.name returning name`;
  assert.deepEqual(await db.as("authenticated", ALICE, upsert), [{ name: "C" }]);
  const paying = upsert.replace(ALICE, BOB);
  assert.deepEqual(await db.as("authenticated", BOB, paying), [{ name: "C" }]);
  await db.as("authenticated", ALICE, `delete from public.profiles where id = '${ALICE}'`);
  const insert = `insert into public.profiles (id, name) values ('${ALICE}', 'D') returning *`;
  await db.as("authenticated", ALICE, insert);
  assert.deepEqual(await plans(db), ["a free 0", "b pro 1"]);
});

projectTest(
  "what users may write of a table is named, with what to grant for a new column",
  async (db) => {
    await migrated(db, [OWN]);
    assert.match(saidBy(db), /INSERT to public, UPDATE to public.*grant insert \(name\)/s);
    await db.migrate("alter table public.profiles add column bio text");
    const edit = `update public.profiles set bio = 'x' where id = '${ALICE}' returning bio`;
    await assertRefused(db.tryAs("authenticated", ALICE, edit), "a column that came later");
    await db.migrate("grant insert (bio), update (bio) on public.profiles to authenticated");
    assert.deepEqual(await db.as("authenticated", ALICE, edit), [{ bio: "x" }]);
  },
);

projectTest(
  "a plan that is there stays, with its default, and nulls become the default",
  async (db) => {
    await db.migrate(OWN);
    await signUp(db, ALICE, BOB);
    await db.migrate(`
    alter table public.profiles add column plan varchar(20) default 'trial';
    update public.profiles set plan = null where id = '${ALICE}';
    update public.profiles set plan = 'pro' where id = '${BOB}';
    ${SYNC}
  `);
    assert.deepEqual(await plans(db), ["a trial 0", "b pro 0"]);
    const own = `delete from public.profiles where id = '${ALICE}'`;
    await db.as("authenticated", ALICE, own);
    await db.as("authenticated", ALICE, `insert into public.profiles (id) values ('${ALICE}')`);
    assert.deepEqual(await plans(db), ["a trial 0", "b pro 0"]);
  },
);

projectTest(
  "a plan without default gets one, and a version of theirs is taken over",
  async (db) => {
    await migrated(db, [
      OWN,
      "alter table public.profiles add column plan text, add column plan_version integer",
    ]);
    await setPlan(db, BOB, "pro");
    assert.deepEqual(await plans(db), ["a free 0", "b pro 1"]);
  },
);

projectTest("a sign-up of theirs goes on, also one that names a plan", async (db) => {
  await migrated(db, [
    OWN,
    `alter table public.profiles add column plan text;
    create or replace function public.handle_new_user() returns trigger
    language plpgsql security definer set search_path = ''
    as $$ begin
      insert into public.profiles (id, plan)
        values (new.id, coalesce(new.raw_user_meta_data ->> 'plan', 'trial'));
      return new;
    end; $$;`,
  ]);
  assert.deepEqual(await plans(db), ["a trial 0", "b trial 0"]);
  // Nothing here can tell a plan that the app chose from one that it took from the user: it is said.
  assert.match(saidBy(db), /Look at public\.handle_new_user\(\).*raw_user_meta_data/);
});

projectTest("policies of theirs stay, and one that lets others read is named", async (db) => {
  const policies = "select policyname, cmd, roles::text, qual, with_check from pg_policies";
  await db.migrate(`${OWN}
    create policy "Everyone sees all" on public.profiles for select using (true);
    create policy "Staff" on public.profiles for select to service_role using (true);
    create policy "Own, again" on public.profiles for select to authenticated
      using (id = (select auth.uid()));`);
  const before = await db.query(policies);
  await db.migrate(SYNC);
  assert.deepEqual(await db.query(policies), before, "one's own row could be read already");
  const said = saidBy(db);
  assert.match(said, /policy "Everyone sees all" lets users read.*for which true.*another table/);
  assert.doesNotMatch(said, /Staff|"Own/);
});

projectTest("who could not read their own row can, under policies for other things", async (db) => {
  await migrated(db, [
    OWN,
    `drop policy "Own" on public.profiles;
    create policy "Change" on public.profiles for update using (auth.uid() = id);`,
  ]);
  const read = "select id from public.profiles";
  assert.deepEqual(await db.as("authenticated", ALICE, read), [{ id: ALICE }]);
  const remove = "delete from public.profiles returning id";
  assert.deepEqual(await db.as("authenticated", ALICE, remove), [], "reading lets nobody write");
  await db.migrate(`alter policy "A user reads their own plan" on public.profiles using (false)`);
  await db.migrate(SYNC);
  assert.deepEqual(await db.as("authenticated", ALICE, read), [{ id: ALICE }]);
});

projectTest("who may read some columns alone reads the plan too", async (db) => {
  await migrated(db, [
    OWN,
    `revoke all on public.profiles from public, anon, authenticated;
    grant select (name) on public.profiles to authenticated;`,
  ]);
  const read = "select id, plan, plan_version::int, name from public.profiles";
  assert.deepEqual(await db.as("authenticated", ALICE, read), [
    { id: ALICE, plan: "free", plan_version: 0, name: "" },
  ]);
  await assertRefused(
    db.tryAs("authenticated", ALICE, 'select "Odd name" from public.profiles'),
    "a column that they kept from users",
  );
});

projectTest("row level security that was off is put on, and said", async (db) => {
  await migrated(db, [OWN, "alter table public.profiles disable row level security"]);
  assert.match(saidBy(db), /Row level security was off/);
  const rows = await db.as("authenticated", ALICE, "select id from public.profiles");
  assert.deepEqual(rows, [{ id: ALICE }]);
});

projectTest(
  "a column that wants a value is named, since set_plan makes no row without it",
  async (db) => {
    await migrated(db, [OWN, "alter table public.profiles alter column name drop default"]);
    assert.match(saidBy(db), /wants a value for name, so set_plan cannot make/);
    await setPlan(db, ALICE, "pro");
    await db.query(`delete from public.profiles where id = '${ALICE}'`);
    await assert.rejects(setPlan(db, ALICE, "max"), /null value in column "name"/);
  },
);
