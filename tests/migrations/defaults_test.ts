/** Sign-ups and billing that write no plan, or plans of their own, go on after the migration. */
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

/** A column of theirs, and a sign-up that takes its plan from nowhere. */
function withPlan(column: string): string {
  return `${OWN}
    alter table public.profiles add column plan ${column};
    create or replace function public.handle_new_user() returns trigger
    language plpgsql security definer set search_path = ''
    as $$ begin insert into public.profiles (id, plan) values (new.id, null); return new; end; $$;`;
}

for (
  const [column, plan] of [
    ["text", "free"],
    ["varchar default null", "free"],
    ["varchar(20) default null", "free"],
    ["text default nullif('', '')", "free"],
    ["varchar(20) default 'trial'", "trial"],
    ["text default lower('Basic') check (plan in ('basic', 'pro'))", "basic"],
  ] as const
) {
  projectTest(`a sign-up that writes null has the plan ${plan} with plan ${column}`, async (db) => {
    await db.migrate(withPlan(column));
    await signUp(db, ALICE);
    await db.migrate(SYNC);
    await signUp(db, BOB);
    assert.deepEqual(await plans(db), [`a ${plan} 0`, `b ${plan} 0`]);
    await setPlan(db, BOB, "pro");
    await db.migrate(SYNC);
    assert.deepEqual(await plans(db), [`a ${plan} 0`, `b pro 1`]);
  });
}

projectTest("a list of plans that has the plan of a new row is no obstacle", async (db) => {
  await migrated(db, [
    "create table public.prices (plan text primary key)",
    "insert into public.prices values ('free'), ('pro')",
    withPlan("text references public.prices (plan) deferrable initially deferred"),
  ]);
  await setPlan(db, ALICE, "pro");
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
});

projectTest("billing of theirs that ends a plan by a null ends it", async (db) => {
  await migrated(db, [withPlan("text default 'trial'")]);
  const end = `update public.profiles set plan = null where id = '${ALICE}'`;
  await setPlan(db, ALICE, "pro");
  await db.as("service_role", "", end);
  assert.deepEqual(await plans(db), ["a trial 2", "b trial 0"]);
  await db.as("service_role", "", end);
  assert.deepEqual(await plans(db), ["a trial 2", "b trial 0"], "it is no change");
});

/** A trigger of theirs that forgets the plan. */
const FORGETFUL = `
  create function public.forget() returns trigger language plpgsql
    as $$ begin new.plan := null; return new; end; $$;
  create trigger forget before insert or update of name on public.profiles
    for each row execute function public.forget();
`;

projectTest("a null is no way for a user out of a plan, and none into one", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(FORGETFUL);
  const rename = (id: string) => `update public.profiles set name = 'x' where id = '${id}'`;
  await setPlan(db, ALICE, "pro");
  await assertRefused(db.tryAs("authenticated", ALICE, rename(ALICE)), "a plan ended by a null");
  await db.as("authenticated", BOB, rename(BOB));
  const none = "update public.profiles set plan = null";
  await assertRefused(db.tryAs("authenticated", BOB, none), "a null as a plan");
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
});

/** Whether a user may call a function. */
async function mayCall(db: Database, name: string): Promise<unknown> {
  const [row] = await db.query(
    `select has_function_privilege('authenticated', '${name}', 'execute')`,
  );
  return row?.has_function_privilege;
}

projectTest("an RPC create_profile of theirs can be called as before", async (db) => {
  await migrated(db, [
    `create table public.profiles (id uuid primary key references auth.users (id));
    create function public.create_profile() returns void language sql security definer
    as $$ insert into public.profiles (id) values (auth.uid()) on conflict do nothing $$;`,
  ]);
  await db.as("authenticated", ALICE, "select public.create_profile()");
  assert.deepEqual(await plans(db), ["a free 0"]);
});

projectTest("a trigger's create_profile of theirs keeps its rights", async (db) => {
  await migrated(db, [OWN.replaceAll("handle_new_user", "create_profile")]);
  assert.equal(await mayCall(db, "public.create_profile()"), true);
});

for (
  const [what, columns] of [
    ["a default that is the user", "id uuid primary key default auth.uid()"],
    [
      "a default that no row can have",
      "id uuid primary key default gen_random_uuid() references auth.users (id)",
    ],
    [
      "another user in another column",
      "id uuid primary key references auth.users (id), friend uuid references auth.users (id)",
    ],
  ] as const
) {
  projectTest(`an id of users with ${what} is no obstacle`, async (db) => {
    await migrated(db, [`create table public.profiles (${columns})`]);
    await setPlan(db, ALICE, "pro");
    assert.deepEqual(await plans(db), ["a pro 0"]);
  });
}
