/** `npx behest-token init`, as npm ships it, on Node. */
import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { assertUploadMints, inFolder } from "../support/deployed.ts";
import { CONFIG, FUNCTION, init, OWN_CONFIG, PKG, project, snapshot } from "../support/init_run.ts";
import { ManagementApi } from "../support/management_api.ts";
import { CLIS, supabase } from "../support/supabase_cli.ts";

const single = await Deno.readTextFile(`${PKG}single/index.ts`);

Deno.test("init puts the function into a project, and the project deploys and mints", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { code, stdout } = await init(folder, "--origin", "https://my.app");
    assert.equal(code, 0, stdout);
    const api = new ManagementApi();
    try {
      const deploy = ["functions", "deploy", "behest-token", "--use-api"];
      const said = await supabase(CLIS[0], api.url, folder, ...deploy);
      assert.ok(said.success, said.text);
      const [deployed] = api.deployments;
      assert.ok(deployed);
      assert.equal(deployed.metadata.verify_jwt, false);
      await assertUploadMints(Deno.version.deno, deployed.files, FUNCTION);
    } finally {
      await api.stop();
    }
  });
});

Deno.test("init adds its block to config.toml and leaves every other byte as it was", async () => {
  for (
    const config of [OWN_CONFIG, OWN_CONFIG.trimEnd(), OWN_CONFIG.replaceAll("\n", "\r\n"), ""]
  ) {
    await inFolder(project(config), async (folder) => {
      assert.equal((await init(folder)).code, 0);
      const after = (await snapshot(folder))[CONFIG] as string;
      assert.ok(after.startsWith(config));
      // deno-lint-ignore no-explicit-any -- read member by member
      const { functions } = parse(after) as any;
      assert.equal(functions["behest-token"].verify_jwt, false);
      assert.equal(/[^\r]\n/.test(after), !config.includes("\r\n"));
    });
  }
});

for (
  const [what, before, after] of [
    [
      "on",
      "[functions.behest-token]\nverify_jwt = true # why\nenabled = true\n",
      "verify_jwt = false # why",
    ],
    ["not said", '[functions."behest-token"]\nenabled = true\n\n[a]\n', "enabled = true"],
    [
      "off already",
      "[functions]\nbehest-token = { verify_jwt = false }\n",
      "{ verify_jwt = false }",
    ],
  ] as const
) {
  Deno.test(`init turns verify_jwt off where the function's block has it ${what}`, async () => {
    await inFolder(project(before), async (folder) => {
      assert.equal((await init(folder)).code, 0);
      const text = (await snapshot(folder))[CONFIG] as string;
      assert.ok(text.includes(after), text);
      // deno-lint-ignore no-explicit-any -- read member by member
      assert.equal((parse(text) as any).functions["behest-token"].verify_jwt, false);
      for (const line of before.split("\n").filter((line) => !line.includes("verify_jwt"))) {
        assert.ok(text.includes(line));
      }
    });
  });
}

Deno.test("init leaves a config.toml that only a person can edit, says what to write, and exits with 1", async () => {
  const config = "[functions]\nbehest-token = { verify_jwt = true }\n";
  await inFolder(project(config), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.equal(code, 1);
    assert.match(stderr, /verify_jwt = false/);
    assert.equal((await snapshot(folder))[CONFIG], config);
  });
});

Deno.test("init run twice changes nothing", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    await init(folder, "--migration");
    const before = await snapshot(folder);
    const { code, stdout } = await init(folder, "--migration");
    assert.equal(code, 0);
    assert.match(stdout, /Everything is in place/);
    assert.deepEqual(await snapshot(folder), before);
  });
});

Deno.test("init never overwrites a function that was changed, but for --force", async () => {
  const mine = 'import "./sentry.ts";\n';
  const changed = [
    "Deno.serve(() => new Response());\n",
    `${single}// mine\n`,
    mine + single,
    single.replace("\n", `\n${mine}`),
    single.replace("deno-lint-ignore-file", "deno-lint-ignore-file mine"),
  ];
  for (const own of changed) {
    await inFolder(project(OWN_CONFIG, { [FUNCTION]: own }), async (folder) => {
      const { code, stderr } = await init(folder);
      assert.equal(code, 1);
      assert.match(stderr, /--force/);
      assert.equal((await snapshot(folder))[FUNCTION], own);
      assert.equal((await init(folder, "--force")).code, 0);
      assert.equal((await snapshot(folder))[FUNCTION], single);
    });
  }
});

Deno.test("init brings a function up to date that an older version wrote", async () => {
  const digest = /^\/\/ SHA-256 of this file without this line: .*\n/m;
  const rest = single.replace(digest, "").replace("behest-token 0", "behest-token 0.0")
    .replace("Deno.serve", "Deno . serve");
  const made = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rest));
  const own = `// SHA-256 of this file without this line: ${new Uint8Array(made).toHex()}\n`;
  const older = single.slice(0, single.search(digest)).replace("token 0", "token 0.0") + own +
    rest.slice(single.search(digest) + 2);
  // As Git leaves it on Windows, too.
  for (const before of [older, older.replaceAll("\n", "\r\n")]) {
    await inFolder(project(OWN_CONFIG, { [FUNCTION]: before }), async (folder) => {
      assert.equal((await init(folder)).code, 0);
      assert.equal((await snapshot(folder))[FUNCTION], single);
    });
  }
});

Deno.test("init leaves its own file alone where only its line ends are Windows's", async () => {
  const windows = single.replaceAll("\n", "\r\n");
  await inFolder(project(OWN_CONFIG, { [FUNCTION]: windows }), async (folder) => {
    assert.equal((await init(folder)).code, 0);
    assert.equal((await snapshot(folder))[FUNCTION], windows);
  });
});

Deno.test("init --force --dry-run shows what would be lost", async () => {
  const own = `${single}// mine, and dear to me\n`;
  await inFolder(project(OWN_CONFIG, { [FUNCTION]: own }), async (folder) => {
    const { stdout } = await init(folder, "--force", "--dry-run");
    assert.match(stdout, /^-\/\/ mine, and dear to me$/m);
    assert.ok(stdout.length < 10_000);
  });
});

Deno.test("init adds its migration after any other, and once, whoever has renamed or edited it", async () => {
  const sql = await Deno.readTextFile(`${PKG}profiles.sql`);
  const folder = "supabase/migrations";
  for (
    const [there, added] of [
      ["1_theirs.sql", "profiles"],
      ["2_behest_profiles.sql", "tier_sync"],
    ] as const
  ) {
    const text = "CREATE TABLE public.profiles (id uuid primary key);\r\n";
    await inFolder(project(OWN_CONFIG, { [`${folder}/${there}`]: text }), async (at) => {
      assert.equal((await init(at, "--migration")).code, 0);
      const { [`${folder}/${there}`]: before, ...rest } = await snapshot(at);
      assert.equal(before, text);
      const names = Object.keys(rest).filter((path) => path.endsWith(".sql"));
      assert.match(names.join(), new RegExp(`^${folder}/\\d{14}_behest_${added}\\.sql$`));
      assert.equal(rest[names.join()], sql);
      assert.match((await init(at, "--migration")).stdout, /Everything is in place/);
    });
  }
  // With another table's name, as a refusal of the migration advises, and Windows's line ends.
  const edited = sql.replaceAll("public.profiles", "public.plans").replaceAll("\n", "\r\n");
  await inFolder(project(OWN_CONFIG, { [`${folder}/3_plans.sql`]: edited }), async (at) => {
    assert.equal((await init(at, "--migration")).code, 0);
    const names = Object.keys(await snapshot(at)).filter((path) => path.endsWith(".sql"));
    assert.deepEqual(names, [`${folder}/3_plans.sql`]);
  });
});

Deno.test("init writes back no file that is not UTF-8, and repeats no secret of one that is no TOML", async () => {
  const latin = new Map([[CONFIG, Uint8Array.of(0x23, 0x20, 0xe9, 0x0a)]]);
  await inFolder(latin, async (folder) => {
    assert.equal((await init(folder)).code, 2);
    assert.deepEqual(await Deno.readFile(`${folder}/${CONFIG}`), latin.get(CONFIG));
  });
  await inFolder(project('key = "s3cret" oops\n'), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /s3cret/);
  });
  for (
    const args of [["--base-url", "https://u:s3cret@x.app"], ["--mode", "s3cret"], [".", "s3cret"]]
  ) {
    assert.doesNotMatch((await init(...args)).stderr, /s3cret/);
  }
});

Deno.test("init --dry-run shows a patch and changes nothing", async () => {
  const files = project(OWN_CONFIG);
  await inFolder(files, async (folder) => {
    const before = await snapshot(folder);
    const { code, stdout } = await init(folder, "--dry-run", "--migration");
    assert.equal(code, 0);
    assert.match(stdout, /^\+\[functions\.behest-token\]$/m);
    assert.match(stdout, /^\+\/\/ behest-token /m);
    assert.match(stdout, /^\+ +create table public\.profiles/m);
    assert.doesNotMatch(stdout, /^[+-]\[api\]$/m);
    // The code itself is for no reader.
    assert.ok(stdout.length < 10_000);
    assert.deepEqual(await snapshot(folder), before);
  });
});

Deno.test("init --migration adds the plan's table once, under a name that comes last", async () => {
  const sql = await Deno.readTextFile(`${PKG}profiles.sql`);
  const theirs = { "supabase/migrations/20260301000000_theirs.sql": "select 1;\n" };
  await inFolder(project(OWN_CONFIG, theirs), async (folder) => {
    await init(folder, "--migration");
    const names = Object.keys(await snapshot(folder)).filter((path) => path.endsWith(".sql"))
      .sort();
    assert.equal(names.length, 2);
    assert.match(names[1] as string, /^supabase\/migrations\/\d{14}_behest_profiles\.sql$/);
    assert.equal((await snapshot(folder))[names[1] as string], sql);
  });
});

Deno.test("init prints the lines to paste for the mode that was chosen", async () => {
  const where = ["--base-url", "https://amber-fox-042.behest.app", "--origin", "https://my.app"];
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const apiKey = (await init(folder, ...where)).stdout;
    assert.match(apiKey, /^ {2}BEHEST_KEY=behest_sk_live_…$/m);
    assert.match(apiKey, /^ {2}BEHEST_BASE_URL=https:\/\/amber-fox-042\.behest\.app$/m);
    assert.match(apiKey, /^ {2}CORS_ORIGIN=https:\/\/my\.app$/m);
    assert.match(apiKey, /^ {2}supabase link --project-ref YOUR-REF$/m);
    assert.match(apiKey, /^ {2}supabase secrets set --env-file supabase\/functions\/\.env$/m);
    assert.ok(apiKey.includes(`\n  cd ${folder}\n`), apiKey);
    const local = (await init(folder, "--mode", "local", ...where)).stdout;
    for (const name of ["BEHEST_KID", "BEHEST_TENANT_ID", "BEHEST_PROJECT_ID"]) {
      assert.match(local, new RegExp(`${name}=`));
    }
    assert.match(local, /supabase functions deploy behest-token/);
    assert.ok(local.includes(`node ${PKG}cli.js doctor --url`));
  });
});

/** Runs a command on a terminal, and answers what it asks: question and answer in turn. */
const TERMINAL = `
import json, os, pty, sys
turns = json.loads(os.environ["TURNS"])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said, seen = "", 0
while True:
    try:
        chunk = os.read(fd, 4096)
    except OSError:
        break
    said += chunk.decode()
    if turns and turns[0][0] in said[seen:]:
        seen = len(said)
        os.write(fd, (turns.pop(0)[1] + "\\n").encode())
print(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

Deno.test("init asks on a terminal for what no flag says", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const turns = [
      ["Behest URL?", "https://amber-fox-042.behest.app"],
      ["ask for tokens?", "https://my.app, http://localhost:5173"],
      ["plan (y/n)?", ""],
    ];
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: ["-c", TERMINAL, "node", `${PKG}cli.js`, "init", folder, "--mode", "local"],
      env: { TURNS: JSON.stringify(turns), NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout);
    assert.equal(code, 0, said + new TextDecoder().decode(stderr));
    assert.doesNotMatch(said, /Who makes the token/);
    assert.match(
      said,
      /BEHEST_BASE_URL=https:\/\/amber-fox-042\.behest\.app\s+CORS_ORIGIN=https:\/\/my\.app,http:\/\/localhost:5173/,
    );
    assert.deepEqual(Object.keys(await snapshot(folder)).sort(), [CONFIG, FUNCTION]);
  });
});

Deno.test("init refuses what it cannot do anything with, with 2 and what to do", async () => {
  await inFolder(project(undefined, { "README.md": "" }), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.equal(code, 2);
    assert.match(stderr, /supabase init/);
  });
  await inFolder(project("not = [toml"), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.equal(code, 2);
    assert.match(stderr, /config\.toml cannot be read/);
  });
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const before = await snapshot(folder);
    for (
      const args of [
        ["--mode", "magic"],
        ["--origin", "https://my.app; rm -rf ~"],
        ["--base-url", "$(id)"],
        ["--base-url", "http://evil.example"],
        ["--base-url", "ftp://x"],
        ["--origin", "https://[a]*"],
        ["--nonsense"],
        ["another"],
      ]
    ) {
      const { code, stderr } = await init(folder, ...args);
      assert.equal(code, 2, args.join(" "));
      assert.doesNotMatch(stderr, /at .*cli\.js/);
    }
    assert.deepEqual(await snapshot(folder), before);
  });
});
