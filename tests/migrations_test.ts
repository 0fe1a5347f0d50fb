/**
 * The migrations on Postgres itself (as WASM): the dev stack runs them on
 * SQLite, where row level security is Lite's emulation.
 */

import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";

const ALICE = "00000000-0000-4000-8000-00000000000a";
const BOB = "00000000-0000-4000-8000-00000000000b";

/** What a Supabase project has before its first migration, as far as these need it. */
const SUPABASE = `
  create role anon;
  create role authenticated;
  create role service_role bypassrls;
  create role supabase_auth_admin;
  create schema auth;
  create table auth.users (id uuid primary key);
  create function auth.uid() returns uuid language sql stable
    as $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
  grant usage on schema auth to anon, authenticated, supabase_auth_admin;
  grant all on auth.users to supabase_auth_admin;
  grant usage on schema public to anon, authenticated, service_role;
  alter default privileges in schema public
    grant all on tables to anon, authenticated, service_role;
`;

/** Runs one statement with a role's rights, as PostgREST does. */
type As = (role: string, user: string, sql: string) => Promise<unknown[]>;

/** Runs every migration, in the order of their names. */
async function migrate(db: PGlite): Promise<void> {
  const folder = new URL("../supabase/migrations/", import.meta.url);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  for (const name of names) await db.exec(await Deno.readTextFile(new URL(name, folder)));
}

function postgresTest(title: string, work: (db: PGlite, as: As) => Promise<void>): void {
  Deno.test(title, async () => {
    const db = new PGlite();
    try {
      await db.exec(SUPABASE);
      await migrate(db);
      const as: As = (role, user, sql) =>
        db.transaction(async (tx) => {
          await tx.exec(`set local role ${role}; set local request.jwt.claim.sub = '${user}';`);
          return (await tx.query(sql)).rows;
        });
      for (const user of [ALICE, BOB]) {
        await as("supabase_auth_admin", "", `insert into auth.users values ('${user}')`);
      }
      await work(db, as);
    } finally {
      await db.close();
    }
  });
}

postgresTest(
  "a sign-up makes a profile on the free plan, and it goes with its user",
  async (db, as) => {
    const profiles = "select id, plan from public.profiles order by id";
    assert.deepEqual((await db.query(profiles)).rows, [
      { id: ALICE, plan: "free" },
      { id: BOB, plan: "free" },
    ]);
    await as("supabase_auth_admin", "", `delete from auth.users where id = '${ALICE}'`);
    assert.deepEqual((await db.query(profiles)).rows, [{ id: BOB, plan: "free" }]);
  },
);

Deno.test("who signed up before there were profiles has one all the same", async () => {
  const db = new PGlite();
  try {
    await db.exec(SUPABASE);
    await db.exec(`insert into auth.users values ('${ALICE}')`);
    await migrate(db);
    const { rows } = await db.query("select id, plan from public.profiles");
    assert.deepEqual(rows, [{ id: ALICE, plan: "free" }]);
  } finally {
    await db.close();
  }
});

postgresTest("a user reads their own plan alone, and a stranger none", async (_, as) => {
  const profiles = "select id, plan from public.profiles";
  assert.deepEqual(await as("authenticated", ALICE, profiles), [{ id: ALICE, plan: "free" }]);
  assert.deepEqual(await as("anon", "", profiles), []);
});

postgresTest("a user cannot give themselves a plan, the service role can", async (db, as) => {
  const update = `update public.profiles set plan = 'max' where id = '${ALICE}' returning plan`;
  assert.deepEqual(await as("authenticated", ALICE, update), []);
  assert.deepEqual(
    await as("authenticated", ALICE, "delete from public.profiles returning plan"),
    [],
  );
  await assert.rejects(
    as(
      "authenticated",
      ALICE,
      `insert into public.profiles values ('${ALICE}', 'max')
        on conflict (id) do update set plan = 'max'`,
    ),
    /row-level security/,
  );
  const plans = "select distinct plan from public.profiles";
  assert.deepEqual((await db.query(plans)).rows, [{ plan: "free" }]);
  assert.deepEqual(await as("service_role", "", update), [{ plan: "max" }]);
});
