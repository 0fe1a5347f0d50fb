/** What Postgres tells of its changes: all of them, in order, once, and no more than may be read. */

import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { type Change, publish, readNews, type Table } from "../dev/stack/realtime/feed.ts";
import { ALICE, BOB } from "./support/realtime.ts";

const PROFILES = `
  create role authenticated;
  create publication supabase_realtime;
  create table public.profiles (id uuid primary key, plan text, n int8, bio text, secret text);
  grant select (id, plan, n, bio) on public.profiles to authenticated;
  alter publication supabase_realtime add table public.profiles;
`;

interface Feed {
  postgres: PGlite;
  /** Told since this was last called. */
  told(): Change[];
  published: Table[];
}

async function withFeed(sql: string, work: (feed: Feed) => Promise<void>): Promise<void> {
  const postgres = new PGlite();
  await postgres.exec(sql);
  const changes: Change[] = [];
  const published: Table[] = [];
  await publish(postgres, (line) => {
    assert.ok(!line.includes("\n"));
    const news = readNews(line)!;
    if ("published" in news) published.push(...news.published);
    else changes.push(news.change);
  });
  try {
    await work({ postgres, told: () => changes.splice(0), published });
  } finally {
    await postgres.close();
  }
}

function insert(id: string, plan = "free"): string {
  return `insert into profiles (id, plan, n, secret) values ('${id}', '${plan}', 1, 'shh')`;
}

Deno.test("each kind of change is told as Realtime tells it", () =>
  withFeed(PROFILES, async ({ postgres, told, published }) => {
    assert.deepEqual(published, [{ schema: "public", table: "profiles" }]);
    await postgres.exec(`set timezone = 'Asia/Tokyo'; ${insert(ALICE)}`);
    await postgres.exec("update profiles set plan = E'a\\n\"b\"\\u2028', n = null");
    await postgres.exec("delete from profiles");
    const row = { id: ALICE, plan: "free", n: 1, bio: null };
    const columns = [["id", "uuid"], ["plan", "text"], ["n", "int8"], ["bio", "text"]];
    const head = {
      schema: "public",
      table: "profiles",
      columns: columns.map(([name, type]) => ({ name, type })),
      errors: null,
    };
    const old_record = { id: ALICE };
    const changes = told();
    const stamps = changes.map(({ data }) => data.commit_timestamp);
    for (const [at, stamp] of stamps.entries()) {
      assert.ok(Math.abs(Date.parse(stamp) - Date.now()) < 3_600_000, stamp);
      assert.ok(stamp >= (stamps[at - 1] ?? ""));
    }
    const datas = [
      { type: "INSERT", record: row },
      { type: "UPDATE", record: { ...row, plan: 'a\n"b"\u2028', n: null }, old_record },
      { type: "DELETE", old_record },
    ];
    assert.deepEqual(
      changes,
      datas.map((data, at) => ({
        key: ALICE,
        data: { ...head, commit_timestamp: stamps[at], ...data },
      })),
    );
  }));

Deno.test("a thousand changes are told whole and in order, one by one or in one statement", () =>
  withFeed(PROFILES, async ({ postgres, told }) => {
    await postgres.exec(insert(ALICE));
    told();
    const numbers = Array.from({ length: 1000 }, (_, at) => at);
    for (const n of numbers) await postgres.query("update profiles set n = $1", [n]);
    assert.deepEqual(told().map(({ data }) => data.record!.n), numbers);
    await postgres.exec(
      "insert into profiles (id, n) select gen_random_uuid(), n from generate_series(0, 999) n",
    );
    assert.deepEqual(told().map(({ data }) => data.record!.n), numbers);
  }));

Deno.test("changes alike in one transaction are each told, and undone ones are not", () =>
  withFeed(PROFILES, async ({ postgres, told }) => {
    await postgres.exec(insert(ALICE));
    told();
    const same = "update profiles set plan = 'pro';";
    await postgres.exec(`begin; ${same} ${same} ${same} commit;`);
    assert.equal(told().length, 3);
    await postgres.exec(`begin; ${same} rollback;`);
    await assert.rejects(postgres.exec(`begin; ${same} select 1 / 0; commit;`));
    await postgres.exec("rollback");
    assert.deepEqual(told(), []);
    assert.equal((await postgres.query("select from profiles")).rows.length, 1);
  }));

Deno.test("whoever changes a row, it is told, and they need no right for it", () =>
  withFeed(
    `${PROFILES}
     create function upgrade() returns void language sql security definer
       as $$ update public.profiles set plan = 'max' $$;
     grant update on profiles to authenticated;`,
    async ({ postgres, told }) => {
      await postgres.exec(insert(ALICE));
      await postgres.exec("set role authenticated; update profiles set n = 2; select upgrade()");
      await postgres.exec("update profiles set n = 3 where n = 2; reset role");
      assert.deepEqual(told().map(({ data }) => data.record!.plan), ["free", "free", "max", "max"]);
    },
  ));

Deno.test("a row too long for a notification is told without its long values", () =>
  withFeed(PROFILES, async ({ postgres, told }) => {
    const { id, plan } = { id: ALICE, plan: "max" };
    await postgres.exec(insert(ALICE));
    told();
    for (const length of [100, 6_000, 7_999, 8_000, 3_000_000]) {
      await postgres.exec(`update profiles set plan = 'max', bio = repeat('x', ${length})`);
      const [{ key, data }] = told();
      const whole = length <= 6_000;
      const record = whole ? { id, plan, n: 1, bio: "x".repeat(length) } : { id, plan, n: 1 };
      const errors = whole ? null : ["Error 413: Payload Too Large"];
      assert.deepEqual([key, data.record, data.errors], [ALICE, record, errors], `${length}`);
    }
  }));

const WIDE = Array.from(
  { length: 300 },
  (_, at) => `a_column_with_a_long_name_${at} int default 1`,
);
Deno.test("a change that cannot be told happens all the same", () =>
  withFeed(
    `${PROFILES}
     create table wide (id uuid primary key, ${WIDE});
     create table long (id text primary key);
     grant select on wide, long to authenticated;
     alter publication supabase_realtime add table wide, long;`,
    async ({ postgres, told }) => {
      await postgres.exec(`insert into wide values ('${ALICE}')`);
      assert.deepEqual(told().map(({ data }) => data.record), [{ id: ALICE }]);
      // Compressed it fits into its index, but into no notification.
      await postgres.exec("insert into long values (repeat('x', 100000))");
      await postgres.exec("insert into long values ('short')");
      assert.deepEqual(told().map(({ key }) => key), ["short"]);
      assert.equal((await postgres.query("select from long")).rows.length, 2);
    },
  ));

Deno.test("what the publication does not have, or no longer has, is not told", () =>
  withFeed(`${PROFILES} create table private (id uuid primary key);`, async (feed) => {
    const { postgres, told } = feed;
    await postgres.exec(`insert into private values ('${ALICE}')`);
    await postgres.exec(insert(ALICE));
    await postgres.exec("alter publication supabase_realtime drop table profiles");
    await postgres.exec("update profiles set plan = 'max'");
    await postgres.exec("alter publication supabase_realtime add table profiles");
    await postgres.exec("update profiles set plan = 'pro'");
    assert.deepEqual(told().map(({ data }) => data.record!.plan), ["free", "pro"]);
  }));

Deno.test("a row is of the key that it has now, and of nobody where its key is not one column", () =>
  withFeed(
    `${PROFILES}
     create table pairs (a uuid, b uuid, primary key (a, b));
     create table "Odd ""Table""" ("The Id" uuid primary key);
     create table keyless (id uuid);
     grant select on pairs, "Odd ""Table""", keyless to authenticated;
     alter publication supabase_realtime add table pairs, keyless, "Odd ""Table""";`,
    async ({ postgres, told }) => {
      await postgres.exec(insert(ALICE));
      await postgres.exec(`update profiles set id = '${BOB}'`);
      await postgres.exec(`insert into pairs values ('${ALICE}', '${ALICE}')`);
      await postgres.exec(`insert into keyless values ('${ALICE}')`);
      await postgres.exec(`insert into "Odd ""Table""" values ('${ALICE}')`);
      const changes = told();
      assert.deepEqual(changes.map(({ key }) => key), [ALICE, BOB, null, null, ALICE]);
      assert.deepEqual(changes[1].data.old_record, { id: ALICE });
      assert.equal(changes[4].data.table, 'Odd "Table"');
    },
  ));

Deno.test("a line about something else is no news", () => {
  for (const line of ["", "ready http://127.0.0.1:1", "a realtime {}", "realtime"]) {
    assert.equal(readNews(line), undefined);
  }
});
