/** The plan under row level security, on Postgres: each provider's user sees one row, which is theirs. */
import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { expectCode } from "./support/expect.ts";
import { type Claims, payloadOf } from "./support/keys.ts";
import {
  CLERK,
  COGNITO_ID,
  type Provider,
  PROVIDERS,
  tokenOf,
  worldOf,
} from "./support/third_party.ts";
import { type Behaviour, json, restRefusal } from "./support/upstreams.ts";
import type { World } from "./support/world.ts";

/** What Supabase has in every project. */
const PROJECT = `
  create role anon nologin;
  create role authenticated nologin;
  create schema auth;
  create function auth.jwt() returns jsonb language sql stable
    as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
  create function auth.uid() returns uuid language sql stable
    as $$ select (auth.jwt() ->> 'sub')::uuid $$;
  grant usage on schema auth, public to anon, authenticated;
  alter default privileges in schema public grant all on tables to anon, authenticated;
`;

/** A table for users whose id is no UUID. */
const TABLE = `
  create table public.profiles (user_id text primary key, plan text not null default 'free');
  alter table public.profiles enable row level security;
  create policy "A user reads their own profile" on public.profiles
    for select to authenticated
    using ((select auth.jwt() ->> 'sub') = user_id);
`;

/** The same as projects with Supabase's own users have it. */
const TABLE_OF_UUIDS = `
  create table public.uuids (user_id uuid primary key, plan text);
  alter table public.uuids enable row level security;
  create policy "A user reads their own profile" on public.uuids
    for select to authenticated
    using ((select auth.uid()) = user_id);
`;

/** PostgREST: the token's claims and its role, and the one filter that the function sends. */
function postgrest(db: PGlite): Behaviour {
  return async (call, scene) => {
    const { pathname, searchParams } = new URL(call.url);
    const table = pathname.split("/").at(-1);
    const [, [column = "", filter = ""] = []] = [...searchParams];
    const claims = payloadOf(call.headers.authorization ?? "");
    // The world's clock waits for what takes real time.
    const answer = await scene.clock.during(
      db.transaction(async (tx) => {
        await tx.query("select set_config('request.jwt.claims', $1, true)", [
          JSON.stringify(claims),
        ]);
        await tx.exec(`set local role ${claims.role}`);
        const sql = `select plan from public.${table} where ${column} = $1`;
        return json((await tx.query(sql, [filter.replace("eq.", "")])).rows);
      }).catch(({ code }) => restRefusal(400, code)),
    );
    return await answer(call, scene);
  };
}

/** A world of this provider's, whose plans are in a table of the database. */
async function worldWith(provider: Provider, db: PGlite, table = "profiles"): Promise<World> {
  const settings = { BEHEST_PLAN_TABLE: table, BEHEST_PLAN_USER_COLUMN: "user_id" };
  const world = await worldOf(provider, settings);
  world.routes.plan = postgrest(db);
  return world;
}

async function tierOf(world: World, provider: Provider, claims: Claims = {}): Promise<number> {
  const { body } = await expectCode(world, { token: await tokenOf(provider, claims) }, "ok");
  return body.tier;
}

Deno.test("under RLS by auth.jwt() ->> 'sub' each provider's user has their own plan, and by auth.uid() only who has a UUID", async () => {
  const db = await PGlite.create();
  await db.exec(PROJECT + TABLE + TABLE_OF_UUIDS);
  for (const provider of PROVIDERS) {
    const { sub } = provider.claims;
    await db.query("insert into profiles values ($1, 'max') on conflict do nothing", [sub]);
    const world = await worldWith(provider, db);
    assert.equal(await tierOf(world, provider), 3, provider.name);
    assert.equal(await tierOf(world, provider, { sub: `${sub}0` }), 1, "has no row");
    assert.doesNotMatch(world.log, /notice/);
  }

  // Whoever is asked for, a row of another is not seen.
  const world = await worldWith(CLERK, db);
  const url = `https://x/rest/v1/profiles?select=plan&user_id=eq.${CLERK.claims.sub}`;
  for (
    const [claims, seen] of [[{}, 1], [{ sub: "user_other" }, 0], [{ role: "anon" }, 0]] as const
  ) {
    const headers = { authorization: `Bearer ${await tokenOf(CLERK, claims)}` };
    const call = { url, headers, route: "plan", method: "GET", redirect: "", at: 0 } as const;
    const answer = await postgrest(db)(call, { clock: world.clock, nth: 0 });
    assert.equal((await answer.json()).length, seen, JSON.stringify(claims));
  }

  const clerk = await worldWith(CLERK, db, "uuids");
  assert.equal(await tierOf(clerk, CLERK), 1);
  assert.match(clerk.log, /of another type/);
  await db.query("insert into uuids values ($1, 'pro')", [COGNITO_ID.claims.sub]);
  assert.equal(await tierOf(await worldWith(COGNITO_ID, db, "uuids"), COGNITO_ID), 2);
  await db.close();
  // PGlite leaves an exit code behind where a statement failed.
  Deno.exitCode = 0;
});
