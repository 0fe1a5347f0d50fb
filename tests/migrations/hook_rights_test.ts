/** The access token hook: who may call it, as whom it reads, and who would like to be somebody else. */
import assert from "node:assert/strict";
import { bothHooks } from "../../cli/init/hook.ts";
import {
  asAuth,
  assertAsItCame,
  assertPlan,
  callOf,
  type Event,
  eventOf,
  HOOK,
  hooked,
  own,
} from "../support/access_token_hook.ts";
import type { Database } from "../support/databases.ts";
import { ALICE, assertRefused, BOB, OWN, projectTest, useEngines } from "../support/migrations.ts";

useEngines();

const NAME = "public.behest_access_token_hook(jsonb)";

/** Who may call the hook, but for its owner. */
async function callers(db: Database): Promise<unknown> {
  const [row] = await db.query(`
    select coalesce(array_agg(a.grantee::regrole::text), '{}') as names
    from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.oid = '${NAME}'::regprocedure and a.grantee <> p.proowner`);
  return row?.names;
}

/** A role of this test's own: roles outlive a database. */
function newRole(what: string): string {
  return `${what}_${crypto.randomUUID().slice(0, 8)}`;
}

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
  "where there is no Auth server, the hook is there, and says who may not call it",
  async (db) => {
    await db.root("alter role supabase_auth_admin rename to supabase_auth_absent");
    try {
      await db.migrate(HOOK);
      assert.match(db.heard().join("\n"), /no role supabase_auth_admin: nobody but its owner/);
      assert.deepEqual(await callers(db), []);
    } finally {
      await db.root("alter role supabase_auth_absent rename to supabase_auth_admin");
    }
    await assert.rejects(asAuth(db, eventOf()), { code: "42501" });
    await db.migrate(HOOK);
    await assertAsItCame(db);
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

projectTest("row level security that is forced does not bind a role with BYPASSRLS", async (db) => {
  await hooked(db);
  await db.migrate("alter table public.profiles force row level security");
  await db.migrate(HOOK);
  assert.deepEqual(db.heard().filter((text) => /Row level security/.test(text)), []);
  await assertPlan(db, "pro");
});

projectTest(
  "who applies the hook and sees no row is told so, and so is who may not read",
  async (db) => {
    const dev = newRole("dev");
    await db.root(`create role ${dev}; grant ${dev} to postgres`);
    await db.root(`grant create, usage on schema public to ${dev} with grant option`);
    await db.migrate(own("text", "'pro'"));
    const apply = `set role ${dev}; ${HOOK} reset role;`;
    await db.migrate(apply);
    assert.match(db.heard().join("\n"), /gets no plan: permission denied for table profiles/);
    await assertAsItCame(db);
    await db.migrate(`grant select on public.profiles to ${dev}`);
    await db.migrate(apply);
    assert.match(db.heard().join("\n"), new RegExp(`Row level security .* binds ${dev}, `));
    await assertAsItCame(db);
    await db.migrate(
      `create policy "The hook" on public.profiles for select to ${dev} using (true)`,
    );
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
