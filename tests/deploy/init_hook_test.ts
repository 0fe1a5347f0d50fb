/** `init --hook`: the access token hook, put into a project and switched on where no other one is. */
import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { bothHooks, HOOK_URI } from "../../cli/init/hook.ts";
import { inFolder } from "../support/deployed.ts";
import { HEAD, migrationsIn, ON, SQL } from "../support/init_hook.ts";
import { CONFIG, ENV_FILE, init, OWN_CONFIG, project, snapshot } from "../support/init_run.ts";

const OTHER = 'enabled = true\nuri = "pg-functions://postgres/public/my_hook"\n';
const REMOTE = '[remotes.prod]\nproject_id = "abcdefghijklmnopqrst"\n';

/** What the base, or a remote, has at the hook's place. */
// deno-lint-ignore no-explicit-any -- read member by member
const hookOf = (config: any) => config.auth?.hook?.custom_access_token;

Deno.test("the package's hook is the one that is tested", async () => {
  const source = new URL("../../supabase/optional/access_token_hook.sql", import.meta.url);
  assert.equal(SQL, await Deno.readTextFile(source));
});

Deno.test("without --hook, init writes nothing of a hook and says nothing of one", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { stdout, stderr } = await init(folder, "--migration");
    assert.doesNotMatch(stdout + stderr, /token_hook|PLAN_CLAIM|Hooks/);
    assert.equal((await migrationsIn(folder)).length, 1);
    assert.equal(hookOf(parse((await snapshot(folder))[CONFIG]!)), undefined);
  });
});

Deno.test("init --hook adds the migration and the block once, and leaves every other byte", async () => {
  const commented = `${OWN_CONFIG}\n# [auth.hook.custom_access_token]\n# enabled = true\n`;
  const others = "[auth]\nenabled = true\n[auth.hook.send_sms]\nenabled = false\n[api]\nport = 1\n";
  for (
    const config of [
      OWN_CONFIG,
      OWN_CONFIG.trimEnd(),
      OWN_CONFIG.replaceAll("\n", "\r\n"),
      "",
      commented,
      others,
      `${OWN_CONFIG}${REMOTE}[remotes.prod.auth]\nsite_url = "https://my.app"\n`,
    ]
  ) {
    const there = "supabase/migrations/20260301000000_theirs.sql";
    await inFolder(project(config, { [there]: "select 1;\n" }), async (folder) => {
      const { code, stdout } = await init(folder, "--hook");
      assert.equal(code, 0, config);
      const [first, ours, ...more] = await migrationsIn(folder);
      assert.deepEqual([first, more], [there, []]);
      assert.match(ours!, /^supabase\/migrations\/\d{14}_behest_access_token_hook\.sql$/);
      assert.ok(stdout.includes(`Wrote ${ours}\n`), stdout);
      const after = await snapshot(folder);
      assert.equal(after[ours!], SQL);
      const text = after[CONFIG]!;
      assert.ok(text.startsWith(config));
      assert.deepEqual({ ...hookOf(parse(text)) }, { enabled: true, uri: HOOK_URI });
      assert.equal(/[^\r]\n/.test(text), !config.includes("\r\n"));
      assert.match((await init(folder, "--hook")).stdout, /Everything is in place/);
      assert.deepEqual(await snapshot(folder), after);
    });
  }
});

Deno.test("with --migration, the plan's table comes before the hook, in a migration of its own", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    assert.equal((await init(folder, "--hook", "--migration")).code, 0);
    const names = await migrationsIn(folder);
    assert.match(names.join(), /^[^,]*_behest_profiles\.sql,[^,]*_behest_access_token_hook\.sql$/);
    const versions = names.map((name) => /\d{14}/.exec(name)?.[0]);
    assert.notEqual(versions[0], versions[1], "to the Supabase CLI they would be one");
    assert.match((await init(folder, "--hook", "--migration")).stdout, /Everything is in place/);
  });
});

/** Hooks that are configured in another way, and what is said of each. */
const OTHERS: readonly (readonly [string, string, RegExp])[] = [
  [
    "another function",
    HEAD + OTHER,
    /is another hook of yours.*let a third one call both/,
  ],
  [
    "another function, inline",
    `[auth]\nhook = { custom_access_token = { ${OTHER.trim().replace("\n", ", ")} } }\n`,
    /is another hook of yours/,
  ],
  ["an endpoint", `${HEAD}enabled = true\nuri = "https://x.app/s3cret"\n`, /put the plan into/],
  [
    "a name to be quoted",
    `${HEAD}enabled = true\nuri = "pg-functions://postgres/public/My-hook"\n`,
    /put the plan/,
  ],
  ["a variable", `${HEAD}enabled = true\nuri = "env(HOOK)"\n`, /is another hook of yours/],
  ["ours, switched off", HEAD + ON.replace("true", "false"), /does not switch this hook on/],
  ["ours, as a variable says", HEAD + ON.replace("true", '"env(ON)"'), /does not switch this hook/],
  [
    "ours, not said to be on",
    HEAD + ON.replace("enabled = true\n", ""),
    /does not switch this hook/,
  ],
  [
    "another function, on as a variable says",
    HEAD + OTHER.replace("true", '"env(ON)"'),
    /is another hook of yours.*let a third one call both/,
  ],
  [
    "another function, switched off",
    HEAD + OTHER.replace("true", "false"),
    /does not switch this hook on/,
  ],
  [
    "one that is called as the one that calls both",
    HEAD + OTHER.replace("my_hook", "access_token_hooks"),
    /another hook of yours.*let public\.access_token_hooks call public\.behest_access_token_hook, too\.$/m,
  ],
  ["no uri", `${HEAD}enabled = true\n`, /does not switch this hook on/],
  ["no table", "auth.hook.custom_access_token = true\n", /is no table/],
  ["another spelling", `[Auth.Hook.Custom_Access_Token]\n${OTHER}`, /is another hook of yours/],
  [
    "a remote's other hook",
    `${HEAD}${ON}${REMOTE}[remotes.prod.auth.hook.custom_access_token]\n${OTHER}`,
    /remotes\.prod\.auth\.hook\.custom_access_token is another hook of yours/,
  ],
  [
    "a remote's switch alone",
    `${HEAD}${ON}${REMOTE}[remotes.prod.auth.hook.custom_access_token]\nenabled = false\n`,
    /remotes\.prod\.auth\.hook\.custom_access_token does not switch this hook on/,
  ],
];

for (const [what, config, said] of OTHERS) {
  Deno.test(`where the hook is ${what}, init --hook changes nothing there, and says what to do`, async () => {
    await inFolder(project(config), async (folder) => {
      const { code, stdout, stderr } = await init(folder, "--hook");
      assert.equal(code, 1);
      assert.match(stderr, said);
      assert.doesNotMatch(stdout + stderr, /s3cret/);
      if (config.includes("env(ON)") && config.includes("my_hook")) {
        assert.doesNotMatch(stderr, /behest_access_token_hook"/, "the other may be on");
      }
      assert.ok((await snapshot(folder))[CONFIG]!.startsWith(config));
      assert.equal(
        (await snapshot(folder))[CONFIG]!.split("custom_access_token").length,
        config.split("custom_access_token").length,
      );
      assert.equal((await migrationsIn(folder)).length, 1);
    });
  });
}

Deno.test("a remote that repeats the hook, or says nothing of it, is no obstacle", async () => {
  for (const block of [ON, "enabled = true\n", `uri = "${HOOK_URI}"\n`]) {
    const config = `${HEAD}${ON}${REMOTE}[remotes.prod.auth.hook.custom_access_token]\n${block}`;
    await inFolder(project(config), async (folder) => {
      assert.equal((await init(folder, "--hook")).code, 0, block);
    });
  }
});

Deno.test("where auth can only be edited by a person, init --hook says what to write", async () => {
  const config = "[auth]\nhook = { send_sms = { enabled = false } }\n";
  await inFolder(project(config), async (folder) => {
    const { code, stderr } = await init(folder, "--hook");
    assert.equal(code, 1);
    assert.ok(
      stderr.includes(`Set enabled = true and uri = "${HOOK_URI}" for auth.hook.custom_acc`),
    );
    const text = (await snapshot(folder))[CONFIG]!;
    assert.equal(hookOf(parse(text)), undefined);
    assert.ok(text.includes("verify_jwt = false"), "the function's own block is written");
  });
});

Deno.test("the SQL that joins two hooks is printed as it is tested, with the other's name", async () => {
  await inFolder(project(HEAD + OTHER), async (folder) => {
    const { stderr } = await init(folder, "--hook");
    const indented = bothHooks("public.my_hook").split("\n").map((line) => `  ${line}`).join("\n");
    assert.ok(stderr.includes(`\n${indented}\n`), stderr);
    assert.match(stderr, /set uri = "pg-functions:\/\/postgres\/public\/access_token_hooks"/);
  });
});

Deno.test("init --hook prints how to switch it on, wherever the Auth server is", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { stdout } = await init(folder, "--hook");
    assert.match(stdout, /^ {2}supabase db push$/m);
    assert.match(stdout, /run `supabase migration up` first, then `supabase stop`/);
    assert.match(stdout, /in the dashboard: Authentication\s> Hooks/);
    assert.match(stdout, /Where another hook is on there, a third function has to call both/);
    assert.match(stdout, /^ {2}GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED=true$/m);
    assert.ok(stdout.includes(`\n  GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI=${HOOK_URI}\n`));
  });
  assert.match((await init("--help")).stdout, /^ {2}--hook /m);
});

Deno.test("init --hook has the claim read at last, when every token has been made by the hook", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { stdout } = await init(folder, "--hook");
    const steps = [
      "supabase secrets set --env-file",
      "  supabase db push\n",
      "switch the hook on",
      "when the hook has been on for one jwt_expiry",
      "  supabase secrets set BEHEST_PLAN_CLAIM=app_metadata.plan\n",
      "it makes every paying user tier 1",
    ].map((step) => stdout.indexOf(step));
    assert.ok(!steps.includes(-1), stdout);
    assert.deepEqual(steps, steps.toSorted((a, b) => a - b));
    assert.equal(stdout.split("BEHEST_PLAN_CLAIM").length, 2, "once, and so not among the secrets");
  });
});

Deno.test("BEHEST_PLAN_CLAIM is to be what init --hook prints, and nothing else", async () => {
  for (const [plan, expected] of [["app_metadata.plan", 0], ["app_metadata.mine", 1]] as const) {
    const env = { [ENV_FILE]: `BEHEST_PLAN_CLAIM=${plan}\n` };
    await inFolder(project(OWN_CONFIG, env), async (folder) => {
      const { code, stderr } = await init(folder, "--hook");
      assert.equal(code, expected, stderr);
    });
  }
});

Deno.test("init --hook --dry-run shows the block and the SQL, and changes nothing", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const before = await snapshot(folder);
    const { code, stdout } = await init(folder, "--hook", "--dry-run");
    assert.equal(code, 0);
    assert.match(stdout, /^\+\[auth\.hook\.custom_access_token\]$/m);
    assert.match(stdout, /^\+ +create or replace function public\.behest_access_token_hook/m);
    assert.doesNotMatch(stdout, /^[+-]\[api\]$/m);
    assert.deepEqual(await snapshot(folder), before);
  });
});
