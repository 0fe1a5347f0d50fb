/** The access token hook: who may call it, as whom it reads, and who would like to be somebody else. */
import assert from "node:assert/strict";
import { bothHooks } from "../../cli/init/hook.ts";
import {
  asAuth,
  assertAsItCame,
  assertPlan,
  callers,
  callOf,
  type Event,
  eventOf,
  HOOK,
  hooked,
  NAME,
  newRole,
} from "../support/access_token_hook.ts";
import {
  ALICE,
  assertRefused,
  BOB,
  OWN,
  projectTest,
  raceTest,
  useEngines,
} from "../support/migrations.ts";

useEngines();

projectTest(
  "the Auth server alone may call the hook, whatever was granted by default",
  async (db) => {
    const theirs = newRole("theirs");
    await db.migrate(`
    create role ${theirs};
    alter default privileges in schema public grant execute on functions to ${theirs};`);
    await db.root("revoke usage on schema public from supabase_auth_admin");
    await hooked(db);
    assert.deepEqual(await callers(db), ["supabase_auth_admin"]);
    await assertPlan(db, "pro");
    for (const role of ["anon", "authenticated", "service_role"]) {
      await assertRefused(db.tryAs(role, ALICE, callOf(eventOf({}, BOB))), role);
    }
    await db.migrate(
      `grant execute on function ${NAME} to public, anon, authenticated, service_role`,
    );
    await db.migrate(HOOK);
    assert.deepEqual(await callers(db), ["supabase_auth_admin"]);
    await assertPlan(db, "pro");
  },
);

projectTest(
  "who may call the hook by a project's default grants, as after a dump's restoring, gets no plan",
  async (db) => {
    await hooked(db);
    await db.migrate(`
      grant execute on function ${NAME} to public;
      create function public.theirs(event jsonb) returns jsonb language sql security definer
        as $$ select public.behest_access_token_hook(event) $$;
      grant execute on function public.theirs(jsonb) to public;`);
    for (const name of ["public.behest_access_token_hook", "public.theirs"]) {
      for (const role of ["anon", "authenticated", "service_role"]) {
        const [row] = await db.as(role, BOB, callOf(eventOf(), name));
        assert.deepEqual(row?.output, eventOf(), `${role} by ${name}`);
      }
      const [row] = await db.query(callOf(eventOf(), name));
      assert.notDeepEqual(row?.output, eventOf(), "the owner, who reads the table anyway");
    }
    await assertPlan(db, "pro");
  },
);

projectTest(
  "the Auth server's role has no right on the table, and no policy lets it in",
  async (db) => {
    await hooked(db, [OWN.replace("grant all on public.profiles to public;", "")]);
    await assertRefused(db.auth("select plan from public.profiles"), "the table itself");
    await assertPlan(db, "pro");
  },
);

projectTest("a second hook calls this one, and both add what they have", async (db) => {
  await hooked(db);
  // It looks where the Auth server does, and says no more than it has to.
  await db.migrate(`
    create function public.my_hook(event jsonb) returns jsonb language plpgsql
    as $$
    declare
      claims jsonb := event -> 'claims';
    begin
      perform from users;
      return jsonb_build_object('claims', claims || '{"team": "blue"}');
    end;
    $$;
    revoke execute on function public.my_hook(jsonb) from public, anon, authenticated, service_role;
    grant execute on function public.my_hook(jsonb) to supabase_auth_admin;
    ${bothHooks("public.my_hook")}`);
  const name = "public.access_token_hooks";
  const { claims } = await asAuth(db, eventOf()) as Event;
  assert.deepEqual(await asAuth(db, eventOf(), { name }), { claims: { ...claims, team: "blue" } });
  for (const role of ["anon", "authenticated", "service_role"]) {
    await assertRefused(db.tryAs(role, ALICE, callOf(eventOf(), name)), role);
  }
  await db.migrate("drop table public.profiles");
  const left = { claims: eventOf({ team: "blue" }).claims };
  assert.deepEqual(await asAuth(db, eventOf(), { name }), left);
});

projectTest("what a user writes is no plan: neither their metadata nor their row", async (db) => {
  await hooked(db, [OWN]);
  const hack = `update public.profiles set plan = 'max' where id = '${BOB}'`;
  await assertRefused(db.as("authenticated", BOB, hack), "their own row");
  const user_metadata = { plan: "max", app_metadata: { plan: "max" }, claims: { plan: "max" } };
  await assertPlan(db, "free", eventOf({ user_metadata }, BOB));
  await db.query("delete from public.profiles");
  await assertAsItCame(db, eventOf({ user_metadata, plan: "max" }, BOB));
});

projectTest("nothing of another schema's takes the place of what the hook uses", async (db) => {
  await hooked(db);
  // Where the Auth server looks first, and where it or the owner may look.
  for (const schema of ["auth", "public"]) {
    await db.root(`
      create function ${schema}.to_jsonb(text) returns jsonb
        language sql as $$ select '"max"'::jsonb $$;
      create function ${schema}.jsonb_set(jsonb, text[], jsonb) returns jsonb
        language sql as $$ select null::jsonb $$;
      create function ${schema}.equal(uuid, uuid) returns boolean
        language sql as $$ select false $$;
      create operator ${schema}.= (leftarg = uuid, rightarg = uuid, function = ${schema}.equal);
    `);
  }
  for (const schema of ["auth", "pg_temp"]) {
    await db.auth(
      `create table ${schema}.profiles as select '${ALICE}'::uuid as id, 'max' as plan`,
    );
  }
  try {
    await assertPlan(db, "pro");
  } finally {
    await db.auth("drop table pg_temp.profiles");
  }
});

// PGlite's Auth server is no session of its own, and may do all.
raceTest("a type of the Auth server's own does not run its checks as the owner", async (db) => {
  await hooked(db);
  await db.auth(`
    create function pg_temp.tells(pg_catalog.text) returns boolean language plpgsql
    as $$ begin raise exception 'run as %', current_user; end $$`);
  try {
    for (const type of ["uuid", "jsonb", "text", "numeric", "bool", "name"]) {
      await db.auth(`
        create domain pg_temp.${type} as pg_catalog.${type}
          check (pg_temp.tells(value::pg_catalog.text))`);
      await assertPlan(db, "pro");
    }
  } finally {
    await db.auth("discard temp");
  }
});
