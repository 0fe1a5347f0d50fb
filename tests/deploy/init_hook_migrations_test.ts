/** `init --hook` in a project that has migrations: what it knows there, and what it adds after them. */
import assert from "node:assert/strict";
import { bothHooks } from "../../cli/init/hook.ts";
import { inFolder } from "../support/deployed.ts";
import { HEAD, migrationsIn, ON, SQL } from "../support/init_hook.ts";
import { CONFIG, ENV_FILE, init, OWN_CONFIG, project, snapshot } from "../support/init_run.ts";

const DROP = "drop function public.behest_access_token_hook(jsonb);\n";

Deno.test("init --hook knows its migration by any name, and its line ends Windows's", async () => {
  const mine = { "supabase/migrations/7_hooks.sql": `-- Mine.\r\n${SQL.replaceAll("\n", "\r\n")}` };
  const config = `${OWN_CONFIG}[functions.behest-token]\nverify_jwt = false\n${HEAD}${ON}`;
  await inFolder(project(config, mine), async (folder) => {
    const { code } = await init(folder, "--hook");
    assert.equal(code, 0);
    assert.deepEqual(await migrationsIn(folder), Object.keys(mine));
    assert.equal((await snapshot(folder))[CONFIG], config);
  });
});

/** What is there, as text after text, and whether that makes the hook. */
const THERE: readonly (readonly [string, readonly string[], boolean])[] = [
  ["one that drops it again", [SQL, DROP], false],
  ["one that drops it by other words", [
    SQL,
    'DROP ROUTINE IF EXISTS a(),\n "behest_access_token_hook";',
  ], false],
  ["one that drops it and makes it again", [SQL, DROP + SQL], true],
  [
    "one that drops another one",
    [SQL, "drop function a(); select behest_access_token_hook;"],
    true,
  ],
  ["one that drops it in a comment", [SQL, `-- ${DROP}/* ${DROP} */ select '--';`], true],
  ["one that makes it in a comment", [SQL.replaceAll(/^/gm, "-- "), `/* ${SQL} */`], false],
  ["one whose texts look like comments", [`select '/*', 'it''s --';\n${SQL}\nselect '*/';`], true],
];

for (const [what, texts, isThere] of THERE) {
  Deno.test(`beside ${what}, init --hook ${isThere ? "adds nothing" : "adds the hook after it"}`, async () => {
    // The future's, too, are run before what is added.
    const names = texts.map((_, nth) => `supabase/migrations/2999010100000${nth}_a.sql`);
    const files = Object.fromEntries(names.map((name, nth) => [name, texts[nth]!]));
    await inFolder(project(HEAD + ON, files), async (folder) => {
      assert.equal((await init(folder, "--hook")).code, 0);
      const after = await migrationsIn(folder);
      assert.deepEqual(after.slice(0, names.length), names);
      assert.equal(after.length, names.length + (isThere ? 0 : 1));
      if (!isThere) assert.match(after.at(-1)!, /\d_behest_access_token_hook\.sql$/);
      assert.match((await init(folder, "--hook")).stdout, /Everything is in place/);
    });
  });
}

Deno.test("a migration that cannot be ours does not keep init --hook from its work", async () => {
  const files = new Map([
    ...project(OWN_CONFIG, { "supabase/migrations/1_seed.sql": `-- ${"x".repeat(2 ** 21)}` }),
    ["supabase/migrations/2_latin.sql", new Uint8Array([0x2d, 0x2d, 0xe9])],
  ]);
  await inFolder(files, async (folder) => {
    const { code, stderr } = await init(folder, "--hook");
    assert.equal(code, 0, stderr);
    const names = [...Deno.readDirSync(`${folder}/supabase/migrations`)].map(({ name }) => name);
    assert.equal(names.length, 3);
  });
});

Deno.test("a migration of comments that do not end, or of quotes, is read at once", async () => {
  for (const text of ["/*", "'", "--", "drop function ", "create function a.b("]) {
    const there = { "supabase/migrations/1_a.sql": text.repeat(2 ** 20 / text.length) };
    await inFolder(project(HEAD + ON.replace(/public.*"/, 'a/b"'), there), async (folder) => {
      assert.equal((await init(folder, "--hook")).code, 1);
    });
  }
});

Deno.test("where a file has the place of the migrations' folder, init says so and writes nothing", async () => {
  const files = project(OWN_CONFIG, { "supabase/migrations": "mine\n" });
  await inFolder(files, async (folder) => {
    const before = await snapshot(folder);
    const { code, stderr } = await init(folder, "--hook");
    assert.equal(code, 2);
    assert.equal(
      stderr,
      "supabase/migrations is no folder that can be read. Put one in its place.\n",
    );
    assert.deepEqual(await snapshot(folder), before);
  });
});

Deno.test("the hook is switched on after all else is written", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { stdout } = await init(folder, "--hook", "--migration", "--client", "src/behest.ts");
    const written = [...stdout.matchAll(/^(?:Wrote|Changed) (.*)$/gm)].map(([, path]) => path);
    assert.equal(written.length, 5);
    assert.equal(written.at(-1), CONFIG);
  });
});

Deno.test("a hook is said to call both only where a migration of its own name calls this one", async () => {
  const uri = "pg-functions://postgres/public/access_token_hooks";
  const config = `${HEAD}enabled = true\nuri = "${uri}"\n`;
  const both = bothHooks("public.my_hook");
  const rows: [string, number][] = [
    [both, 0],
    [both.replace("create function", "CREATE OR REPLACE FUNCTION").replaceAll("\n", "\r\n"), 0],
    // The other way round, by other names for the same, and in more than one statement.
    [both.replace(/my_hook\((.*?)\(event\)\)/, "$1(public.my_hook(event))"), 0],
    [both.replace("public.access_token_hooks", '"public"."access_token_hooks"'), 0],
    [both.replace("public.behest_access_token_hook", '"public"."behest_access_token_hook"'), 0],
    [both.replace("public.access_token_hooks", "access_token_hooks"), 0],
    [both.replaceAll("$$", "'"), 0],
    [both.replace("select public.my_hook(", "select public.my_hook(\n  /* a 'plan' */ "), 0],
    [both.replace("public.behest_access_token_hook(event)", "event -- $&\n"), 1],
    [`${both}\n${both.replace("create", "create or replace").replace("behest_access", "old")}`, 1],
    // A call by another function, and a function that does not call.
    [both.replaceAll("access_token_hooks", "other_hooks"), 1],
    [both.replaceAll("public.access_token_hooks", "private.access_token_hooks"), 1],
    [`${both.replace("behest_access_token_hook", "another_hook")}\n${SQL}`, 1],
  ];
  for (const [text, expected] of rows) {
    const files = { "supabase/migrations/8_both.sql": text };
    await inFolder(project(config, files), async (folder) => {
      assert.equal((await init(folder, "--hook")).code, expected, text);
    });
  }
});

Deno.test("a hook that calls both and is not said to be on keeps its uri", async () => {
  const uri = 'uri = "pg-functions://postgres/public/access_token_hooks"\n';
  const files = { "supabase/migrations/8_both.sql": bothHooks("public.my_hook") };
  for (const enabled of ["", "enabled = false\n", 'enabled = "env(ON)"\n']) {
    await inFolder(project(HEAD + enabled + uri, files), async (folder) => {
      const { code, stderr } = await init(folder, "--hook");
      assert.equal(code, 1);
      assert.match(stderr, /calls this hook, and is not said to be on\. Set enabled = true\.\n$/);
    });
  }
});

Deno.test("where the settings have plans elsewhere, init --hook says that the hook looks in profiles", async () => {
  const said = /The hook reads public\.profiles\.plan by id, and by (.*) plans are elsewhere/;
  const table = '[edge_runtime.secrets]\nBEHEST_PLAN_TABLE = "s3cret"\n';
  const rows: [string, string, string | undefined][] = [
    [
      "",
      "BEHEST_PLAN_TABLE=profiles\nBEHEST_PLAN_COLUMN=plan\nBEHEST_PLAN_USER_COLUMN=id\n",
      undefined,
    ],
    ["", "BEHEST_PLAN_TABLE=s3cret\n", "BEHEST_PLAN_TABLE"],
    [
      "",
      "BEHEST_PLAN_COLUMN=s3cret\nBEHEST_PLAN_USER_COLUMN=s3cret\n",
      "BEHEST_PLAN_COLUMN, BEHEST_PLAN_USER_COLUMN",
    ],
    [table, "", "BEHEST_PLAN_TABLE"],
    [table, "BEHEST_PLAN_TABLE=s3cret\n", "BEHEST_PLAN_TABLE"],
  ];
  for (const [config, env, names] of rows) {
    await inFolder(project(config, { [ENV_FILE]: env }), async (folder) => {
      const { code, stderr } = await init(folder, "--hook");
      assert.equal(said.exec(stderr)?.[1], names);
      assert.equal(code, 1, "they are not as init prints them");
      assert.doesNotMatch(stderr, /s3cret/);
      assert.doesNotMatch((await init(folder)).stderr, said);
    });
  }
});

Deno.test("init --hook reads and writes through no link", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    await inFolder(project(undefined, { "a.sql": "" }), async (elsewhere) => {
      await Deno.symlink(elsewhere, `${folder}/supabase/migrations`);
      const { code, stderr } = await init(folder, "--hook");
      assert.equal(code, 2);
      assert.match(stderr, /migrations is a link/);
      assert.deepEqual(Object.keys(await snapshot(elsewhere)), ["a.sql"]);
      assert.equal((await snapshot(folder))[CONFIG], OWN_CONFIG);
    });
  });
});
