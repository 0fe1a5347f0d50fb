/** The access token hook where something is wrong: no sign-in fails, and none waits for long. */
import assert from "node:assert/strict";
import {
  asAuth,
  assertAsItCame,
  assertPlan,
  assertTaken,
  type Claims,
  eventOf,
  EVENTS,
  HOOK,
  type Json,
  own,
} from "../support/access_token_hook.ts";
import type { Database } from "../support/databases.ts";
import { ALICE, projectTest, raceTest, useEngines } from "../support/migrations.ts";

useEngines();

/** A table with Alice's plan, which is pro, and the hook. */
async function withPlan(db: Database): Promise<void> {
  await db.migrate(own("text", "'pro'") + HOOK);
}

/** A view in the table's place, whose plan is a statement's. */
function failing(statement: string): string {
  return `drop table public.profiles;
    create function public.plan() returns text language plpgsql as $$ begin ${statement}; end $$;
    create view public.profiles as select '${ALICE}'::uuid as id, public.plan() as plan`;
}

/** What is the matter with a plan, as the SQL that brings it about after the hook is there. */
const NO_PLANS: [string, string][] = [
  ["a row that is gone", "delete from public.profiles"],
  ["a plan that is null", "update public.profiles set plan = null"],
  ["a table that was dropped", "drop table public.profiles"],
  ["a table that was renamed", "alter table public.profiles rename to members"],
  ["a column that was dropped", "alter table public.profiles drop plan"],
  ["a column that was renamed", "alter table public.profiles rename plan to product"],
  ["an id that was renamed", "alter table public.profiles rename id to user_id"],
  [
    "an id that is no UUID",
    "drop table public.profiles; create table public.profiles as select 1 as id, 'pro' as plan",
  ],
  [
    "two rows of one user",
    `drop table public.profiles; create table public.profiles as
      select '${ALICE}'::uuid as id, p as plan from unnest('{pro,max}'::text[]) p`,
  ],
  [
    "a plan that is an object",
    `drop table public.profiles; create table public.profiles as
      select '${ALICE}'::uuid as id, '{"plan":"max"}'::jsonb as plan`,
  ],
  [
    "a plan that is a list",
    `drop table public.profiles; create table public.profiles as
      select '${ALICE}'::uuid as id, '{max}'::text[] as plan`,
  ],
  ["a view that fails", failing("raise exception 'no'")],
  ["a view that fails by an assertion, which others does not catch", failing("assert false")],
];

for (const [what, sql] of NO_PLANS) {
  projectTest(`${what} leaves the token as it was, and fails no sign-in`, async (db) => {
    await withPlan(db);
    await assertPlan(db, "pro");
    await db.migrate(sql);
    for (const event of Object.values(EVENTS)) await assertAsItCame(db, event);
    // What the app has written itself, and what is not there at all.
    await assertAsItCame(db, eventOf({ app_metadata: { plan: "max" } }));
    await assertAsItCame(db, eventOf({ app_metadata: undefined }));
    const output = await asAuth(db, eventOf({ app_metadata: null }));
    assertTaken(output);
    assert.deepEqual(output, eventOf({ app_metadata: {} }));
  });
}

projectTest("columns of any name beside the plan do not keep it out of the token", async (db) => {
  await withPlan(db);
  for (const name of ["event", "metadata", "asker", "fits", "user_id", "p", "profiles"]) {
    await db.migrate(`alter table public.profiles add ${name} text`);
    await assertPlan(db, "pro");
  }
});

projectTest("a plan is read again when its table is there again", async (db) => {
  await withPlan(db);
  await assertPlan(db, "pro");
  await db.migrate("alter table public.profiles rename to members");
  await assertAsItCame(db);
  await db.migrate(own("integer", "2"));
  await assertPlan(db, 2);
});

projectTest("an event that is odd is returned as it came", async (db) => {
  await withPlan(db);
  const { claims, ...rest } = eventOf();
  const ids = [undefined, null, "", "me", "' or true --", 7, [ALICE], { id: ALICE }];
  const odd: (Record<string, Json | undefined> | Json)[] = [
    null,
    7,
    "text",
    [],
    [eventOf()],
    {},
    rest,
    ...[null, 7, "text", [], [claims]].map((claims) => ({ ...rest, claims })),
    ...ids.map((user_id) => ({ ...eventOf(), user_id })),
    { ...eventOf(), user_id: crypto.randomUUID() },
  ];
  for (const event of odd) await assertAsItCame(db, JSON.parse(JSON.stringify(event)));
  // Nothing of the event is needed but these two, and nothing that is unknown is lost.
  const output = await asAuth(db, { user_id: ALICE, claims: {}, other: [1] });
  assert.deepEqual(output, {
    user_id: ALICE,
    claims: { app_metadata: { plan: "pro" } },
    other: [1],
  });
});

/** Until a connection waits for another one's lock. */
async function untilWaiting(db: Database): Promise<void> {
  const waiting = "select from pg_locks where not granted";
  while ((await db.as("anon", "", waiting)).length === 0);
}

raceTest("a table that a migration holds is not waited for: the token is as it was", async (db) => {
  await withPlan(db);
  const settings = "select proconfig from pg_proc where proname = 'behest_access_token_hook'";
  assert.deepEqual(await db.query(settings), [
    { proconfig: ["search_path=pg_catalog, pg_temp", "lock_timeout=500ms"] },
  ]);
  await db.query("begin");
  await db.query("lock table public.profiles in access exclusive mode");
  try {
    // Its own limit it is, of a quarter of the Auth server's: that one is not set here.
    assert.deepEqual(await asAuth(db, eventOf(), { timeout: 0 }), eventOf());
  } finally {
    await db.query("rollback");
  }
  await assertPlan(db, "pro");
  assert.deepEqual(await db.auth("show lock_timeout"), [{ lock_timeout: "0" }]);
});

raceTest(
  "a plan that is read too slowly is left out within the Auth server's limit",
  async (db) => {
    await withPlan(db);
    await db.migrate(failing("perform pg_sleep(600); return 'pro'"));
    assert.deepEqual(await asAuth(db, eventOf(), { timeout: 200 }), eventOf());
  },
);

raceTest(
  "after a migration that was waited for, the plan is what that one has made",
  async (db) => {
    await withPlan(db);
    // Any time: this one is about what is seen after it.
    await db.migrate(
      "alter function public.behest_access_token_hook(jsonb) set lock_timeout = '10min'",
    );
    await db.query("begin");
    // The table is written anew, and to who looks from before that, it is empty.
    await db.query("alter table public.profiles alter plan type varchar using 'max'");
    const output = asAuth(db, eventOf(), { timeout: 600_000 });
    await untilWaiting(db);
    await db.query("commit");
    const app_metadata = { ...eventOf().claims.app_metadata as Claims, plan: "max" };
    assert.deepEqual(await output, eventOf({ app_metadata }));
  },
);
