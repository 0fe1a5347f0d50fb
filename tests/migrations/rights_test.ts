/** Every role and every right, as a table. */
import assert from "node:assert/strict";
import type { Database } from "../support/databases.ts";
import {
  ALICE,
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

const ROLES = ["anon", "authenticated", "service_role"] as const;

/** Rights on columns, then on the table; what a state does not have is left out of its table. */
const RIGHTS = [
  "select plan",
  "select plan_version",
  "insert plan",
  "insert plan_version",
  "update plan",
  "update plan_version",
  "insert id",
  "update id",
  "insert name",
  "update name",
  'update "Odd name"',
  "delete",
  "truncate",
  "trigger",
] as const;

/** Who has what: a, u and s for anon, authenticated and service_role. */
type Table = Record<string, string>;

const NEW: Table = {
  "select plan": "aus",
  "select plan_version": "aus",
  "insert plan": "s",
  "insert plan_version": "s",
  "update plan": "s",
  "update plan_version": "s",
  "insert id": "s",
  "update id": "s",
  "delete": "s",
  "truncate": "s",
  "trigger": "s",
};

/** As Supabase has granted it by default, but for plans. */
const UPGRADED: Table = { ...NEW, "insert id": "aus", "update id": "aus", "delete": "aus" };

const THEIRS: Table = {
  ...UPGRADED,
  "insert name": "aus",
  "update name": "aus",
  'update "Odd name"': "aus",
};

const EXPECTED: readonly Table[] = [NEW, UPGRADED, THEIRS];

async function tableOf(db: Database): Promise<Table> {
  const columns = await db.query(
    `select quote_ident(attname) as name from pg_attribute
      where attrelid = 'public.profiles'::regclass and attnum > 0`,
  );
  const found: Table = {};
  for (const right of RIGHTS) {
    const [, privilege, column] = /^(\w+) ?(.*)$/.exec(right) ?? [];
    if (column !== "" && !columns.some(({ name }) => name === column)) continue;
    const call = column === ""
      ? "has_table_privilege(role, 'public.profiles', "
      : `has_column_privilege(role, 'public.profiles', '${column?.replaceAll('"', "")}', `;
    const rows = await db.query(
      `select role from unnest('{${ROLES.join()}}'::text[]) role where ${call}'${privilege}')`,
    );
    const letters = { anon: "a", authenticated: "u", service_role: "s" };
    found[right] = rows.map(({ role }) => letters[role as keyof typeof letters]).join("");
  }
  return found;
}

for (const [at, [state, before]] of Object.entries(STATES).entries()) {
  projectTest(
    `in ${state} each role has these rights, and applied again they are the same`,
    async (db) => {
      await migrated(db, before);
      assert.deepEqual(await tableOf(db), EXPECTED[at]);
      await db.migrate(SYNC);
      assert.deepEqual(await tableOf(db), EXPECTED[at]);
    },
  );

  projectTest(`in ${state} only the secret key's role may call what this makes`, async (db) => {
    await migrated(db, before);
    const calls = await db.query(`
      select p.proname || ' ' || role as call
      from pg_proc p cross join unnest('{${ROLES.join()}}'::text[]) role
      where p.proname in ('set_plan', 'keep_plan', 'create_profile')
        and has_function_privilege(role, p.oid, 'execute') and role <> 'service_role'
    `);
    assert.deepEqual(calls, []);
    const billing =
      "select has_function_privilege('service_role', 'public.set_plan(uuid, text)', 'execute') as may";
    assert.deepEqual(await db.query(billing), [{ may: true }]);
    const loose = await db.query(`
      select proname from pg_proc
      where proname in ('set_plan', 'keep_plan', 'create_profile')
        and (not prosecdef or coalesce(proconfig::text, '')
          not like '%search_path=' || case proname when 'create_profile' then '%' else
            'pg_catalog, pg_temp"%' end)
    `);
    assert.deepEqual(loose, [], "a function of the owner's with a path that others may choose");
  });
}

projectTest("a role that had rights on columns alone keeps those of the others", async (db) => {
  await migrated(db, [
    OWN,
    `revoke all on public.profiles from public, anon, authenticated;
      alter table public.profiles add column plan text not null default 'free';
      grant select (id), update (name, plan), insert (plan) on public.profiles to authenticated;`,
  ]);
  assert.deepEqual(await tableOf(db), {
    "select plan": "us",
    "select plan_version": "us",
    "insert plan": "s",
    "insert plan_version": "s",
    "update plan": "s",
    "update plan_version": "s",
    "insert id": "s",
    "update id": "s",
    "insert name": "s",
    "update name": "us",
    'update "Odd name"': "s",
    "delete": "s",
    "truncate": "s",
    "trigger": "s",
  });
});

projectTest(
  "where Supabase grants nothing by itself, users read and billing writes",
  async (db) => {
    await db.migrate(`
    alter default privileges in schema public
      revoke all on tables from anon, authenticated, service_role;
    alter default privileges in schema public
      revoke all on functions from anon, authenticated, service_role;
  `);
    await migrated(db, []);
    const found = await tableOf(db);
    assert.deepEqual(found, { ...NEW, "truncate": "", "trigger": "" });
    await setPlan(db, ALICE, "pro");
    assert.deepEqual(await plans(db), ["a pro 1", "b free 0"]);
  },
);
