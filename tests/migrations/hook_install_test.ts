/** The access token hook, as it is applied: what it takes from whom, and what it says is missing. */
import assert from "node:assert/strict";
import {
  asAuth,
  assertAsItCame,
  assertPlan,
  callers,
  eventOf,
  HOOK,
  hooked,
  NAME,
  newRole,
  own,
} from "../support/access_token_hook.ts";
import { OWN, projectTest, SYNC, useEngines } from "../support/migrations.ts";

useEngines();

projectTest("applied again, the hook takes grants back that were passed on", async (db) => {
  await hooked(db);
  const agent = newRole("agent");
  await db.root(`create role ${agent}; grant ${agent} to postgres`);
  await db.root(`grant usage on schema public to ${agent}`);
  await db.migrate(`
    grant execute on function ${NAME} to ${agent} with grant option;
    set role ${agent};
    grant execute on function ${NAME} to anon;
    reset role;`);
  await db.migrate(HOOK);
  assert.deepEqual(await callers(db), ["supabase_auth_admin"]);
});

projectTest("who cannot let the Auth server into the schema is told so at once", async (db) => {
  const owner = newRole("owner");
  await db.root(`
    create role ${owner};
    alter schema public owner to ${owner};
    revoke usage on schema public from supabase_auth_admin, public;
    create role ${owner}_dev;
    grant ${owner}_dev to postgres;
    grant create, usage on schema public to ${owner}_dev`);
  await db.migrate(`set role ${owner}_dev; ${HOOK} reset role;`);
  assert.match(db.heard().join("\n"), /may not use the schema public.*grant usage on schema/s);
  await db.root("grant usage on schema public to supabase_auth_admin");
  await assertAsItCame(db);
  await db.migrate(`set role ${owner}_dev; ${HOOK} reset role;`);
  assert.doesNotMatch(db.heard().join("\n"), /may not use/);
});

projectTest(
  "where users may write plans of a table of theirs, who applies the hook is told",
  async (db) => {
    const told = async (sql: string) => {
      db.heard();
      await db.migrate(sql + HOOK);
      return db.heard().some((text) => /Users may write public\.profiles\.plan/.test(text));
    };
    assert.ok(await told(OWN.replace("name text", "plan text, name text")));
    assert.ok(!await told('drop policy "Own" on public.profiles;'), "no policy lets them");
    assert.ok(await told("alter table public.profiles disable row level security;"));
    await db.migrate("revoke all on public.profiles from public, anon, authenticated");
    assert.ok(!await told("grant select on public.profiles to authenticated;"));
    assert.ok(!await told("grant update (name) on public.profiles to authenticated;"));
    assert.ok(await told("grant insert (plan) on public.profiles to anon;"));
    assert.ok(!await told(SYNC));
    // Its second lock holds, whoever grants.
    assert.ok(
      !await told(`grant all on public.profiles to authenticated;
      create policy "Own" on public.profiles using (auth.uid() = id);`),
    );
    assert.ok(await told("alter table public.profiles disable trigger user;"));
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
