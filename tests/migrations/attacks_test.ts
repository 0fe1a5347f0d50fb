/** A user who wants a plan without paying, by every way there is, against each lock alone. */
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
  STATES,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

/** A statement that has to be refused. */
type Attack = readonly [what: string, sql: string];

/** What the rights alone have to refuse, and the trigger alone where rights are lost. */
const STATEMENTS: Attack[] = [
  ["an update", `update public.profiles set plan = 'max' where id = '${ALICE}'`],
  ["an update of no row", "update public.profiles set plan = 'max' where false"],
  ["an update to what is there", "update public.profiles set plan = plan"],
  ["an update of all rows", "update public.profiles set plan = 'max' returning id"],
  ["an update of another's row", `update public.profiles set plan = 'max' where id = '${BOB}'`],
  ["an update with a list", "update public.profiles set (id, plan) = (select id, 'max')"],
  ["an update of the version", "update public.profiles set plan_version = 99"],
  ["an insert", `insert into public.profiles (id, plan) values ('${ALICE}', 'max')`],
  [
    "an insert of the version",
    `insert into public.profiles (id, plan, plan_version) values ('${ALICE}', 'max', 9)`,
  ],
  [
    "an insert with a column list from JSON, as PostgREST writes it",
    `insert into public.profiles (id, plan) select id, plan
      from json_to_record('{"id":"${ALICE}","plan":"max"}') as x(id uuid, plan text) returning id`,
  ],
  [
    "an upsert",
    `insert into public.profiles (id, plan) values ('${ALICE}', 'max')
      on conflict (id) do update set id = excluded.id, plan = excluded.plan returning plan`,
  ],
  [
    "an upsert of another's row",
    `insert into public.profiles (id, plan) values ('${BOB}', 'max')
      on conflict (id) do update set plan = 'max'`,
  ],
  [
    "an upsert that inserts what is allowed",
    `insert into public.profiles (id) values ('${ALICE}')
      on conflict (id) do update set plan = 'max', plan_version = 7`,
  ],
  [
    "a merge",
    `merge into public.profiles p using (select '${ALICE}'::uuid as id) x on p.id = x.id
      when matched then update set plan = 'max'`,
  ],
  ["a truncation", "truncate public.profiles"],
  ["the RPC", `select public.set_plan('${ALICE}', 'max')`],
  ["the RPC with the plan that is there", `select public.set_plan('${ALICE}', 'pro')`],
  ["the RPC for another", `select public.set_plan('${BOB}', 'max')`],
];

/** What only the trigger can refuse: the rights that count here are another's, or have to stay. */
const BEHIND_RIGHTS: Attack[] = [
  ["a view", "update public.mine set plan = 'max'"],
  ["an insert by a view", `insert into public.mine (id, plan) values ('${ALICE}', 'max')`],
  ["a function of the owner's", "select public.choose('max')"],
  ["the row handed to another user", `update public.profiles set id = '${BOB}'`],
  ["deleting, to begin anew", `delete from public.profiles where id = '${ALICE}'`],
];

const OWNERS_WAYS = `
  create view public.mine as select * from public.profiles where id = auth.uid();
  create function public.choose(plan text) returns void
  language sql security definer set search_path = ''
  as $$ update public.profiles set plan = choose.plan where id = auth.uid() $$;
`;

/** What people paste when something is "permission denied". */
const GRANT_ALL = `
  grant all on all tables in schema public to public, anon, authenticated;
  grant all on all functions in schema public to public, anon, authenticated;
`;

const NO_TRIGGERS = `
  drop trigger zzz_keep_plan on public.profiles;
  drop trigger keep_plan_from_users on public.profiles;
`;

async function assertAllRefused(db: Database, attacks: Attack[], roles: string[]): Promise<void> {
  const before = await plans(db);
  assert.deepEqual(before, ["a pro 1", "b free 0"]);
  for (const role of roles) {
    for (const [what, sql] of attacks) {
      await assertRefused(db.tryAs(role, ALICE, sql), `${what}, as ${role}`);
    }
  }
  assert.deepEqual(await plans(db), before);
}

for (const [state, before] of Object.entries(STATES)) {
  projectTest(`in ${state} no user writes a plan`, async (db) => {
    await migrated(db, before);
    await setPlan(db, ALICE, "pro");
    await assertAllRefused(db, STATEMENTS, ["authenticated", "anon"]);
  });
}

projectTest("rights alone keep plans from users", async (db) => {
  await migrated(db, [OWN]);
  await setPlan(db, ALICE, "pro");
  await db.migrate(NO_TRIGGERS);
  await assertAllRefused(db, STATEMENTS, ["authenticated", "anon"]);
});

projectTest("the trigger alone keeps plans from users to whom all was granted", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(OWNERS_WAYS);
  await setPlan(db, ALICE, "pro");
  await db.migrate(GRANT_ALL);
  await assertAllRefused(db, [...STATEMENTS, ...BEHIND_RIGHTS], ["authenticated"]);
  // To a stranger no row is theirs: row level security comes before the trigger, or the trigger does.
  for (const [, sql] of [...STATEMENTS, ...BEHIND_RIGHTS]) {
    await db.as("anon", "", sql).catch(({ code }) => assert.equal(code, "42501"));
  }
  assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
});

projectTest(
  "a table of the user's own in the place of the catalogue's is not asked who they are",
  async (db) => {
    await migrated(db, [OWN]);
    await db.migrate(OWNERS_WAYS);
    await setPlan(db, ALICE, "pro");
    await db.migrate(GRANT_ALL);
    const user = (sql: string) => db.as("authenticated", ALICE, sql);
    await user(
      "create temp table pg_roles (oid oid, rolname name, rolsuper bool, rolbypassrls bool)",
    );
    await user("grant select on pg_temp.pg_roles to public");
    try {
      await assertAllRefused(db, STATEMENTS, ["authenticated"]);
    } finally {
      await user("drop table pg_temp.pg_roles");
    }
  },
);

projectTest("a view and a function of the owner's are no way around the rights", async (db) => {
  await migrated(db, [OWN]);
  await db.migrate(OWNERS_WAYS);
  await setPlan(db, ALICE, "pro");
  await assertAllRefused(db, BEHIND_RIGHTS, ["authenticated"]);
});

projectTest("a role of the app's own, which PostgREST may take, is a user's too", async (db) => {
  const role = `moderator_${crypto.randomUUID().slice(0, 8)}`;
  await db.migrate(`create role ${role} in role authenticated; grant ${role} to authenticator;`);
  const right = `grant update, insert on public.profiles to ${role};`;
  await migrated(db, [OWN, right]);
  await setPlan(db, ALICE, "pro");
  await assertAllRefused(db, STATEMENTS, [role]);
  await db.migrate(NO_TRIGGERS);
  await assertAllRefused(db, STATEMENTS, [role]);
  await db.migrate(SYNC);
  await db.migrate(`${GRANT_ALL} grant all on public.profiles to ${role}`);
  await assertAllRefused(db, STATEMENTS, [role]);
});

projectTest("who may change every row hands no plan from one user to another", async (db) => {
  await migrated(db, [OWN, 'create policy "Staff" on public.profiles using (true)']);
  await setPlan(db, ALICE, "pro");
  await db.query(`delete from public.profiles where id = '${BOB}'`);
  const hand = `update public.profiles set id = '${BOB}' where id = '${ALICE}'`;
  await assertRefused(db.tryAs("authenticated", BOB, hand), "another id");
  assert.deepEqual(await db.as("service_role", "", `${hand} returning plan`), [{ plan: "pro" }]);
});

projectTest("a trigger that copies what a user may write into the plan is refused", async (db) => {
  const copying = `
    alter table public.profiles add column wish text;
    create function public.grant_wish() returns trigger language plpgsql set search_path = ''
    as $$ begin new.plan := new.wish; return new; end; $$;
    create trigger zz_wishes before insert or update on public.profiles
      for each row when (new.wish is not null) execute function public.grant_wish();
  `;
  await migrated(db, [OWN, copying]);
  const wish = `update public.profiles set wish = 'max' where id = '${ALICE}'`;
  await assertRefused(db.tryAs("authenticated", ALICE, wish), "a wish");
  assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
});

projectTest("a row that had a plan is not begun anew, and goes with its user", async (db) => {
  await migrated(db, [OWN]);
  const gone = `delete from public.profiles where id = '${ALICE}'`;
  // As good as new: nothing is gained.
  await db.as("authenticated", ALICE, gone);
  const paid = `insert into public.profiles (id, plan) values ('${ALICE}', 'max')`;
  await assertRefused(db.as("authenticated", ALICE, paid), "begun anew on another plan");
  await db.as("authenticated", ALICE, `insert into public.profiles (id) values ('${ALICE}')`);
  // A row that billing has made begins with its plan, uncounted.
  await db.query(`delete from public.profiles where id = '${ALICE}'`);
  await setPlan(db, ALICE, "trial");
  assert.deepEqual(await plans(db), ["a trial 0", "b free 0"]);
  await assertRefused(db.as("authenticated", ALICE, gone), "out of a trial that has ended");
  await setPlan(db, ALICE, "suspended");
  await assertRefused(db.as("authenticated", ALICE, gone), "out of a suspension");
  await setPlan(db, ALICE, "free");
  await assertRefused(db.as("authenticated", ALICE, gone), "the version back to 0");
  assert.deepEqual(await plans(db), ["a free 2", "b free 0"]);

  await db.migrate(`
    create function public.delete_me() returns void
    language sql security definer set search_path = ''
    as $$ delete from auth.users where id = auth.uid() $$;
  `);
  await db.as("authenticated", ALICE, "select public.delete_me()");
  await setPlan(db, BOB, "pro");
  await db.auth(`delete from auth.users where id = '${BOB}'`);
  assert.deepEqual(await plans(db), []);
});
