/** The migrations in the order in which projects meet them, and what users see of it. */
import assert from "node:assert/strict";
import type { Database } from "../support/databases.ts";
import {
  ALICE,
  BOB,
  FIRST,
  OWN,
  plans,
  projectTest,
  setPlan,
  signUp,
  STATES,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

/** All that a migration may change, as text. */
async function schemaOf(db: Database): Promise<unknown> {
  return await Promise.all([
    `select column_name, data_type, is_nullable, column_default
      from information_schema.columns where table_name = 'profiles' order by ordinal_position`,
    "select policyname, cmd, roles, qual, with_check from pg_policies order by 1",
    "select tgname, pg_get_triggerdef(oid) as is from pg_trigger where not tgisinternal order by 1",
    "select proname, pg_get_functiondef(oid), proacl::text from pg_proc where pronamespace = 'public'::regnamespace order by 1",
    "select relacl::text, relrowsecurity from pg_class where relname = 'profiles'",
    "select attname, attacl::text from pg_attribute where attrelid = 'public.profiles'::regclass order by 1",
    "select * from pg_publication_tables",
    "select id, plan, plan_version from public.profiles order by id",
  ].map((sql) => db.query(sql)));
}

projectTest("a sign-up makes a profile on the free plan, and it goes with its user", async (db) => {
  for (const before of [FIRST, SYNC]) await db.migrate(before);
  await signUp(db, ALICE, BOB);
  assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
  await db.auth(`delete from auth.users where id = '${ALICE}'`);
  assert.deepEqual(await plans(db), ["b free 0"]);
});

projectTest("who signed up before there were profiles has one all the same", async (db) => {
  await signUp(db, ALICE);
  await db.migrate(SYNC);
  await signUp(db, BOB);
  assert.deepEqual(await plans(db), ["a free 0", "b free 0"]);
});

projectTest("plans that were given before the upgrade stay", async (db) => {
  await db.migrate(FIRST);
  await signUp(db, ALICE, BOB);
  await db.as("service_role", "", `update public.profiles set plan = 'pro' where id = '${ALICE}'`);
  await db.migrate(SYNC);
  assert.deepEqual(await plans(db), ["a pro 0", "b free 0"]);
});

for (const [state, before] of Object.entries(STATES)) {
  projectTest(`in ${state} applying it again changes nothing, and says nothing`, async (db) => {
    for (const sql of [...before, SYNC]) await db.migrate(sql);
    await signUp(db, ALICE, BOB);
    await setPlan(db, ALICE, "pro");
    const once = await schemaOf(db);
    db.heard();
    await db.migrate(SYNC);
    assert.deepEqual(await schemaOf(db), once);
    assert.deepEqual(db.heard().filter((said) => !said.endsWith("skipping")), []);
  });

  projectTest(`in ${state} a user reads their own plan alone, and a stranger none`, async (db) => {
    for (const sql of [...before, SYNC]) await db.migrate(sql);
    await signUp(db, ALICE, BOB);
    const read = "select id, plan, plan_version::int from public.profiles";
    assert.deepEqual(await db.as("authenticated", ALICE, read), [
      { id: ALICE, plan: "free", plan_version: 0 },
    ]);
    assert.deepEqual(await db.as("anon", "", read), []);
    assert.deepEqual(await db.as("authenticated", "", read), []);
  });
}

projectTest("the first migration run after it fails, and harms nothing", async (db) => {
  await db.migrate(SYNC);
  const before = await schemaOf(db);
  await assert.rejects(db.migrate(FIRST), /already exists/);
  assert.deepEqual(await schemaOf(db), before);
});

projectTest("what runs after it in the same transaction has its own search path", async (db) => {
  await db.migrate(`begin; set local search_path = auth, public; ${SYNC}
    create table public.seen as select current_setting('search_path') as path; commit;`);
  assert.deepEqual(await db.query("select path from public.seen"), [{ path: "auth, public" }]);
});

projectTest("it calls nobody's function or operator of a name that it uses", async (db) => {
  await db.migrate(`
    create function public.format(text, variadic text[]) returns text language plpgsql
      as $$ begin raise exception 'format was called'; end; $$;
    create function public.exists_eq(oid, oid) returns boolean language plpgsql
      as $$ begin raise exception 'the operator was called'; end; $$;
    create operator public.= (leftarg = oid, rightarg = oid, function = public.exists_eq);
  `);
  await db.migrate(`begin; set local search_path = public, pg_catalog; ${OWN} ${SYNC} commit;`);
  await signUp(db, ALICE);
  assert.deepEqual(await plans(db), ["a free 0"]);
});

projectTest(
  "the first migration's create_profile is known as ours, by what it does",
  async (db) => {
    for (const sql of [FIRST, SYNC]) await db.migrate(sql);
    const may =
      "select has_function_privilege('authenticated', 'public.create_profile()', 'execute')";
    assert.deepEqual(await db.query(may), [{ has_function_privilege: false }]);
  },
);

projectTest(
  "plans may go to a table of their own, and what else that changes is said",
  async (db) => {
    await db.migrate(FIRST);
    await db.migrate(SYNC.replaceAll("public.profiles", "public.plans"));
    await signUp(db, ALICE);
    await setPlan(db, ALICE, "pro");
    assert.deepEqual(await db.query("select plan from public.plans"), [{ plan: "pro" }]);
    assert.ok(
      db.heard().some((said) =>
        /has made a row of public\.profiles for .* No plan was taken over/.test(said)
      ),
    );
  },
);
