/** The migrations, and tests that run on both Postgres. */
import assert from "node:assert/strict";
import { type Database, type Engine, pglite, postgresql, type Rows } from "./databases.ts";

export const ALICE = "00000000-0000-4000-8000-00000000000a";
export const BOB = "00000000-0000-4000-8000-00000000000b";

function read(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`../../supabase/migrations/${name}`, import.meta.url));
}

/** The one that projects may have applied already. */
export const FIRST = await read("20260101000000_profiles.sql");

/** The one that is tested. */
export const SYNC = await read("20261126000000_tier_sync.sql");

/** A `profiles` as apps have it: users edit their row, and have every right on it by default. */
export const OWN = `
  create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    name text not null default '',
    "Odd name" text
  );
  alter table public.profiles enable row level security;
  create policy "Own" on public.profiles for all to public
    using (auth.uid() = id) with check (auth.uid() = id);
  grant all on public.profiles to public;
  create function public.handle_new_user() returns trigger
  language plpgsql security definer set search_path = ''
  as $$ begin insert into public.profiles (id, name) values (new.id, ''); return new; end; $$;
  create trigger on_auth_user_created after insert on auth.users
    for each row execute function public.handle_new_user();
`;

/** The states in which projects are. */
export const STATES: Readonly<Record<string, readonly string[]>> = {
  "a new project": [],
  "a project with the first migration": [FIRST],
  "a project with a table of its own": [OWN],
};

let engines: Engine[] = [];

/** To be called once in a file. */
export function useEngines(): void {
  engines = [pglite(), postgresql()];
  Deno.test.afterAll(async () => {
    for (const engine of engines) await engine.stop();
  });
}

/** A test on both, in an empty project. */
export function projectTest(title: string, work: (db: Database) => Promise<void>): void {
  for (const engine of engines) testOn(engine, title, work);
}

/** A test of two connections at once: `query` is one, `as` another. */
export function raceTest(title: string, work: (db: Database) => Promise<void>): void {
  for (const engine of engines) if (engine.hasConnections) testOn(engine, title, work);
}

function testOn(engine: Engine, title: string, work: (db: Database) => Promise<void>): void {
  Deno.test(`${title} (${engine.name})`, async () => {
    const db = await engine.open();
    try {
      await work(db);
    } finally {
      await db.close();
    }
  });
}

/** Brings a project into a state, migrates it, and signs two users up. */
export async function migrated(db: Database, before: readonly string[]): Promise<void> {
  for (const sql of [...before, SYNC]) await db.migrate(sql);
  await signUp(db, ALICE, BOB);
}

export async function signUp(db: Database, ...users: string[]): Promise<void> {
  for (const user of users) {
    await db.auth(`insert into auth.users (id, email) values ('${user}', '${user}@example.com')`);
  }
}

/** Billing's call. */
export function setPlan(db: Database, user: string, plan: string, role = "service_role") {
  return db.as(role, "", `select public.set_plan('${user}', '${plan}')`);
}

/** Every plan with its version, as text. */
export async function plans(db: Database): Promise<string[]> {
  const rows: Rows = await db.query(
    "select right(id::text, 1) || ' ' || plan || ' ' || plan_version as is from public.profiles order by id",
  );
  return rows.map(({ is }) => String(is));
}

/** It is refused for want of a right, whoever says so. */
export async function assertRefused(work: Promise<Rows>, what: string): Promise<void> {
  const error = await work.then(
    (rows) => assert.fail(`${what}: was done, and gave ${JSON.stringify(rows)}`),
    (error) => error,
  );
  assert.equal(error.code, "42501", `${what}: ${error.message}`);
}
