/** `init` in a project in which something is not what its name says. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { inFolder } from "../support/deployed.ts";
import { CONFIG, FUNCTION, init, OWN_CONFIG, PKG, project, snapshot } from "../support/init_run.ts";

const single = await Deno.readTextFile(`${PKG}single/index.ts`);

/** A link in the project, with what it leads to, and what is said of it. */
const LINKS: readonly (readonly [string, string, string])[] = [
  ["the function, to a file in the project", FUNCTION, "../../../src/index.ts"],
  ["the function, to nowhere", FUNCTION, "../../../nowhere"],
  ["the function's folder, to one in the project", dirname(FUNCTION), "../../src"],
  ["the folder of functions", "supabase/functions", "../src"],
  ["the migrations", "supabase/migrations", "../src"],
  ["the configuration", CONFIG, "../src/config.toml"],
  ["the folder of it all", "supabase", "elsewhere"],
];

for (const [what, link, target] of LINKS) {
  Deno.test(`init writes nothing, and says so, where something on the way is a link: ${what}`, async () => {
    const files = project(link === CONFIG || link === "supabase" ? undefined : OWN_CONFIG, {
      "src/index.ts": "// mine\n",
      "src/config.toml": OWN_CONFIG,
      "elsewhere/config.toml": OWN_CONFIG,
    });
    await inFolder(files, async (folder) => {
      await Deno.mkdir(dirname(`${folder}/${link}`), { recursive: true });
      await Deno.symlink(target, `${folder}/${link}`);
      const before = await snapshot(folder);
      for (const flags of [["--force"], ["--force", "--dry-run"]]) {
        const { code, stdout, stderr } = await init(folder, "--migration", ...flags);
        assert.ok(stderr.startsWith(`${link} is a link`), stderr);
        assert.equal(stdout, "");
        assert.equal(code, 2);
      }
      assert.deepEqual(await snapshot(folder), before);
    });
  });
}

Deno.test("init takes no link for its own file, though today it leads to a copy of it", async () => {
  await inFolder(project(OWN_CONFIG, { "src/index.ts": single }), async (folder) => {
    await Deno.mkdir(`${folder}/supabase/functions`);
    await Deno.symlink("../../src", `${folder}/${dirname(FUNCTION)}`);
    const { code, stdout } = await init(folder);
    assert.equal(code, 2);
    assert.equal(stdout, "");
  });
});

Deno.test("init goes into a project whose own folder is reached through a link: that name is the user's", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const link = `${folder}-link`;
    await Deno.symlink(folder, link);
    // The Supabase CLI knows the project by its real path, and so does whoever wrote this one down.
    const entrypoint = `${await Deno.realPath(folder)}/${FUNCTION}`;
    const block = `[functions.behest-token]\nentrypoint = "${entrypoint}"\n`;
    await Deno.writeTextFile(`${folder}/${CONFIG}`, block);
    try {
      assert.equal((await init(link)).code, 0);
      assert.equal((await snapshot(folder))[FUNCTION], single);
    } finally {
      await Deno.remove(link);
    }
  });
});

Deno.test("init waits for no pipe, and reads nothing that is longer than what belongs there", async () => {
  for (const path of [CONFIG, FUNCTION]) {
    await inFolder(project(OWN_CONFIG), async (folder) => {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.remove(`${folder}/${path}`).catch(() => {});
      await new Deno.Command("mkfifo", { args: [`${folder}/${path}`] }).output();
      const piped = await init(folder);
      assert.match(piped.stderr, /is no plain file/);
      assert.equal(piped.code, 2);
      await Deno.remove(`${folder}/${path}`);
      await Deno.writeTextFile(`${folder}/${path}`, "#".repeat(2 ** 21 + 1));
      const long = await init(folder, "--force");
      assert.match(long.stderr, /longer than 2 MiB/);
      assert.equal(long.code, 2);
    });
  }
});

Deno.test("init --dry-run shows of config.toml what would change, and none of the secrets around it", async () => {
  const secret = '[auth.external.x]\nsecret = "s3cret"';
  for (
    const config of [
      secret,
      `${secret}\n`,
      `${secret}\n[functions.behest-token]\nverify_jwt = true\n${secret.replace(".x", ".y")}\n`,
    ]
  ) {
    await inFolder(project(config), async (folder) => {
      const { stdout, stderr } = await init(folder, "--dry-run");
      assert.match(stdout, /^\+verify_jwt = false$/m);
      assert.doesNotMatch(stdout + stderr, /s3cret/);
    });
  }
});
