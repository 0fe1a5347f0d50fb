/** `init` before projects that one version of the Supabase CLI reads otherwise than another. */
import assert from "node:assert/strict";
import { inFolder } from "../support/deployed.ts";
import { ENV_FILE, init, OWN_CONFIG, project } from "../support/init_run.ts";

Deno.test("init sees a setting of its own wherever another version of the Supabase CLI sees one", async () => {
  const good = "BEHEST_BASE_URL=https://good.behest.app\n";
  const rows: [string, string][] = [
    ['FOO="x" JWT_SECRET=s3cret\n', "JWT_SECRET"],
    ["FOO='x'BEHEST_TIER=3\n", "BEHEST_TIER"],
    ["FOO='x' export BEHEST_TIER=3\n", "BEHEST_TIER"],
    ['FOO="x\n"BEHEST_TIER=3\n', "BEHEST_TIER"],
    ["FOO=1\n\u0085JWT_SECRET=s3cret\n", "JWT_SECRET"],
    ["BEHEST_TIER\u0085=3\n", "BEHEST_TIER"],
    [`${good}FOO="x" BEHEST_BASE_URL=https://s3cret.example\n`, "BEHEST_BASE_URL"],
    [`${good}X=\`\nBEHEST_BASE_URL=https://s3cret.example\nY=\`\n`, "BEHEST_BASE_URL"],
  ];
  for (const [env, name] of rows) {
    await inFolder(project(OWN_CONFIG, { [ENV_FILE]: env }), async (folder) => {
      const { code, stdout, stderr } = await init(folder, "--base-url", "https://good.behest.app");
      assert.equal(code, 1, env);
      assert.ok(stderr.includes(`  ${name} (${ENV_FILE}): `), `${env}: ${stderr}`);
      assert.ok(!(stdout + stderr).includes("s3cret"), env);
    });
  }
});

Deno.test("init takes a setting in a comment for none", async () => {
  const env = "# BEHEST_TIER=3\n  # JWT_SECRET=…\nBEHEST_BASE_URL=https://good.behest.app\n";
  await inFolder(project(OWN_CONFIG, { [ENV_FILE]: env }), async (folder) => {
    const { code, stderr } = await init(folder, "--base-url", "https://good.behest.app");
    assert.equal(code, 0, stderr);
  });
});

Deno.test("init reads a quoted key with dots as the path that some versions of the Supabase CLI take it for", async () => {
  const rows: [string, RegExp][] = [
    ['"functions.behest-token.entrypoint" = "../evil/index.ts"\n', /entrypoint/],
    ['"Functions.behest-token.verify_jwt" = true\n', /verify_jwt/],
    ['["functions.behest-token"]\nverify_jwt = true\n', /verify_jwt/],
    ['"edge_runtime.secrets.JWT_SECRET" = "s3cret"\n', / JWT_SECRET \(/],
    ['["edge_runtime.secrets"]\nBEHEST_USER_CHECK = "claims"\n', / BEHEST_USER_CHECK \(/],
    ['[edge_runtime.secrets]\njwt_secret = "s3cret"\n', / JWT_SECRET \(/],
  ];
  for (const [config, said] of rows) {
    await inFolder(project(config), async (folder) => {
      const { code, stdout, stderr } = await init(folder);
      assert.equal(code, 1, config);
      assert.match(stderr, said, config);
      assert.ok(!(stdout + stderr).includes("s3cret"), config);
    });
  }
});

Deno.test("init does not take what env(…) stands for to be what a flag said", async () => {
  const config = `${OWN_CONFIG}[edge_runtime.secrets]\nBEHEST_BASE_URL = "env(EVIL)"\n`;
  await inFolder(project(config), async (folder) => {
    const { code, stderr } = await init(folder, "--base-url", "https://good.behest.app");
    assert.equal(code, 1);
    assert.match(stderr, / BEHEST_BASE_URL \(supabase\/config\.toml/);
  });
});

Deno.test("init's errors move no cursor either", async () => {
  await inFolder(project(OWN_CONFIG), async (folder) => {
    await Deno.mkdir(`${folder}/supabase/migrations`, { recursive: true });
    await Deno.symlink("/etc/passwd", `${folder}/supabase/migrations/\u001b[2J1.sql`);
    const { code, stderr } = await init(folder, "--migration");
    assert.equal(code, 2);
    assert.ok(!stderr.includes("\u001b"), stderr);
  });
});
