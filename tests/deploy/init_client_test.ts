/** `init --client`: the app's side as one file of the project's own. */
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { inFolder } from "../support/deployed.ts";
import { init, OWN_CONFIG, PKG, project, snapshot } from "../support/init_run.ts";

const CLIENT = "src/lib/behest.ts";
const shipped = await Deno.readTextFile(`${PKG}client.ts`);

Deno.test("init --client puts the app's side where one says, and says how it is used", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { code, stdout } = await init(folder, "--client", CLIENT);
    assert.equal(code, 0, stdout);
    assert.equal((await snapshot(folder))[CLIENT], shipped);
    assert.match(stdout, /Wrote src\/lib\/behest\.ts/);
    assert.match(stdout, /import \{ createBehest \} from ".\/src\/lib\/behest"/);
    const again = await init(folder, "--client", CLIENT);
    assert.match(again.stdout, /Everything is in place/);
  });
});

Deno.test("init without --client writes no file of the app's", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const { stdout } = await init(folder);
    assert.ok(Object.keys(await snapshot(folder)).every((path) => path.startsWith("supabase/")));
    assert.doesNotMatch(stdout, /createBehest/);
  });
});

Deno.test("init never overwrites a client that was changed, but for --force", async () => {
  const mine = [
    "export const createBehest = 1;\n",
    `${shipped}// mine\n`,
    shipped.replace("15_000", "1"),
  ];
  for (const own of mine) {
    await inFolder(project(OWN_CONFIG, { [CLIENT]: own }), async (folder) => {
      const { code, stderr } = await init(folder, "--client", CLIENT);
      assert.equal(code, 1);
      assert.match(stderr, /src\/lib\/behest\.ts is not as any version.*--force/s);
      assert.equal((await snapshot(folder))[CLIENT], own);
      assert.equal((await init(folder, "--client", CLIENT, "--force")).code, 0);
      assert.equal((await snapshot(folder))[CLIENT], shipped);
    });
  }
});

Deno.test("init brings a client up to date that Git gave Windows's line ends, and leaves it where it is", async () => {
  await inFolder(
    project(OWN_CONFIG, { [CLIENT]: shipped.replaceAll("\n", "\r\n") }),
    async (folder) => {
      const before = await snapshot(folder);
      assert.equal((await init(folder, "--client", CLIENT)).code, 0);
      assert.equal((await snapshot(folder))[CLIENT], before[CLIENT]);
    },
  );
});

Deno.test("init --client --dry-run shows the file, and writes nothing", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    const before = await snapshot(folder);
    const { code, stdout } = await init(folder, "--client", CLIENT, "--dry-run");
    assert.equal(code, 0);
    assert.match(stdout, /\+\+\+ src\/lib\/behest\.ts/);
    assert.match(stdout, /^… \d{3,} lines more$/m);
    assert.deepEqual(await snapshot(folder), before);
  });
});

for (
  const path of [
    "../behest.ts",
    "src/../../behest.ts",
    "/tmp/behest.ts",
    "C:\\behest.ts",
    "src\\behest.ts",
    "src//behest.ts",
    "./behest.ts",
    ".git/hooks/behest.ts",
    "supabase/functions/behest-token/index.ts",
    "src/behest.js",
    "src/behest.d.ts",
    "src/behest",
    "",
  ]
) {
  Deno.test(`init --client ${JSON.stringify(path)} is refused, and nothing is written`, async () => {
    await inFolder(project(OWN_CONFIG), async (folder) => {
      const before = await snapshot(folder);
      const { code, stderr } = await init(folder, "--client", path);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--client is a TypeScript file/);
      assert.deepEqual(await snapshot(folder), before);
    });
  });
}

Deno.test("init --client takes the folders that frameworks have", async () => {
  for (const path of ["app/(chat)/behest.ts", "src/routes/[id]/@slot/my behest.ts", "behest.ts"]) {
    await inFolder(project(OWN_CONFIG), async (folder) => {
      assert.equal((await init(folder, "--client", path)).code, 0);
      assert.equal((await snapshot(folder))[path], shipped);
    });
  }
});

Deno.test("init --client writes through no link", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    await inFolder(project(undefined, { "kept.ts": "" }), async (elsewhere) => {
      await symlink(elsewhere, `${folder}/src`);
      const { code, stderr } = await init(folder, "--client", "src/behest.ts");
      assert.equal(code, 2);
      assert.match(stderr, /src is a link/);
      assert.deepEqual(Object.keys(await snapshot(elsewhere)), ["kept.ts"]);
    });
  });
});
