/** The access token hook: what it puts into a token. */
import assert from "node:assert/strict";
import {
  asAuth,
  assertAsItCame,
  assertPlan,
  type Claims,
  eventOf,
  EVENTS,
  HOOK,
  hooked,
  own,
  quoted,
} from "../support/access_token_hook.ts";
import {
  ALICE,
  BOB,
  FIRST,
  projectTest,
  setPlan,
  signUp,
  STATES,
  SYNC,
  useEngines,
} from "../support/migrations.ts";

useEngines();

for (const [state, before] of Object.entries(STATES)) {
  projectTest(
    `in ${state} each token has its own user's plan, and else is as it was`,
    async (db) => {
      await hooked(db, before);
      for (const event of Object.values(EVENTS)) await assertPlan(db, "pro", event);
      await assertPlan(db, "free", eventOf({}, BOB));
      await setPlan(db, BOB, "max");
      await assertPlan(db, "max", eventOf({}, BOB));
    },
  );
}

projectTest("the first migration alone is enough for the hook", async (db) => {
  await db.migrate(FIRST);
  await signUp(db, ALICE);
  await db.migrate(HOOK);
  await assertPlan(db, "free");
});

for (
  const [type, value, plan] of [
    ["text", "'Pro'", "Pro"],
    ["varchar(20)", "'pro'", "pro"],
    ["public.tier", "'pro'", "pro"],
    ["public.short", "'pro'", "pro"],
    ["integer", "3", 3],
    ["bigint", "0", 0],
    ["boolean", "false", false],
    ["text", `'"}, "role": "service_role'`, '"}, "role": "service_role'],
  ] as const
) {
  projectTest(
    `a plan that is ${type} ${value} is in the token as it is in the table`,
    async (db) => {
      await db.migrate(`create type public.tier as enum ('free', 'pro');
      create domain public.short as text check (length(value) < 9);`);
      await db.migrate(own(type, value));
      await db.migrate(HOOK);
      await assertPlan(db, plan);
    },
  );
}

projectTest(
  "what stands in app_metadata stays, however deep, and its plan is the table's",
  async (db) => {
    await hooked(db);
    const there: Claims[] = [
      {},
      { plan: "max" },
      { plan: null },
      { plan: { plan: "max" }, roles: [{ plan: [] }] },
      { app_metadata: { plan: "max" }, claims: { app_metadata: {} }, "{claims}": 1, "": null },
      { provider: "email", providers: ["email", "google"], "Straße 🗝": "\\u0041'\"", n: 1e20 },
    ];
    for (const app_metadata of there) await assertPlan(db, "pro", eventOf({ app_metadata }));
  },
);

projectTest("app_metadata that is missing, or is no object, is one with the plan", async (db) => {
  await hooked(db);
  for (const app_metadata of [undefined, null, [], ["plan"], "max", 7, true]) {
    const { claims, ...rest } = eventOf({ app_metadata });
    const expected = { ...rest, claims: { ...claims, app_metadata: { plan: "pro" } } };
    assert.deepEqual(await asAuth(db, { claims, ...rest }), expected);
  }
});

projectTest(
  "a plan of 300 characters, whatever they are, is in the token, and a longer one is not",
  async (db) => {
    await db.migrate(own("text", "null"));
    await db.migrate(HOOK);
    const write = (plan: string) => db.query(`update public.profiles set plan = ${quoted(plan)}`);
    // The last three are six bytes each, as Go writes them.
    for (const character of ["x", "🗝", "'", "\\", "\u0001", "<", "\u2028"]) {
      const plan = character.repeat(300);
      await write(plan);
      await assertPlan(db, plan);
      await write(plan + character);
      await assertAsItCame(db);
    }
    await write("x".repeat(5_000_000));
    await assertAsItCame(db, eventOf({ app_metadata: { plan: "free" } }));
  },
);

projectTest("a number that Go reads as another one, or not at all, is no plan", async (db) => {
  await db.migrate(own("jsonb", "null") + HOOK);
  const write = (plan: string) => db.query(`update public.profiles set plan = '${plan}'`);
  for (const plan of [2 ** 53, -(2 ** 53), 1.5, 0]) {
    await write(String(plan));
    await assertPlan(db, plan);
  }
  // Go's double ends at 1.8e308, and the sign-in fails.
  const beyond = ["1e400", "-1e400", "1e309", "9007199254740993", "-1e16", `1.${"0".repeat(299)}`];
  for (const plan of beyond) {
    await write(plan);
    await assertAsItCame(db);
  }
  await db.migrate("alter table public.profiles alter plan type numeric using 10::numeric ^ 400");
  await assertAsItCame(db);
});

projectTest("the hook is there before its table, says so, and may be applied again", async (db) => {
  await db.migrate(HOOK);
  assert.match(db.heard().join("\n"), /gets no plan: relation "public\.profiles" does not exist/);
  await signUp(db, ALICE);
  await assertAsItCame(db);
  await db.migrate(SYNC);
  await setPlan(db, ALICE, "pro");
  await assertPlan(db, "pro");
  db.heard();
  await db.migrate(HOOK);
  assert.deepEqual(db.heard(), []);
  await assertPlan(db, "pro");
  await db.migrate(SYNC);
  assert.doesNotMatch(db.heard().join("\n"), /hook/);
});

projectTest("of 10,000 users one is read, by the primary key", async (db) => {
  await db.migrate(SYNC);
  await db.auth(`insert into auth.users (id, email)
    select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com'
    from generate_series(1, 10000) n`);
  await db.migrate(HOOK);
  await db.migrate("analyze public.profiles");
  const id = "00000000-0000-4000-9000-000000007777";
  await setPlan(db, id, "max");
  await assertPlan(db, "max", eventOf({}, id));
  db.heard();
  await db.migrate(`do $$
    declare
      before record;
    begin
      select * into before from pg_stat_xact_user_tables where relname = 'profiles';
      perform public.behest_access_token_hook(${quoted(JSON.stringify(eventOf({}, id)))});
      raise notice '%', (
        select format('%s by index, %s rows, %s whole', idx_scan - before.idx_scan,
          idx_tup_fetch - before.idx_tup_fetch, seq_scan - before.seq_scan)
        from pg_stat_xact_user_tables where relname = 'profiles');
    end $$`);
  assert.deepEqual(db.heard(), ["1 by index, 1 rows, 0 whole"]);
});
