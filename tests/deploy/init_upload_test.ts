/** `init` in a project that has settings of its own, which the printed `secrets set` would send. */
import assert from "node:assert/strict";
import { inFolder } from "../support/deployed.ts";
import { CONFIG, ENV_FILE, FUNCTION, init, OWN_CONFIG, project } from "../support/init_run.ts";
import { ManagementApi, REF } from "../support/management_api.ts";
import { CLIS, supabase } from "../support/supabase_cli.ts";

const GIVEN = ["--base-url", "https://amber-fox-042.behest.app", "--origin", "https://my.app"];

/** What `secrets set` sends, as init says to call it. */
async function sentBy(version: (typeof CLIS)[number], folder: string): Promise<string[]> {
  const api = new ManagementApi();
  try {
    const said = await supabase(
      version,
      api.url,
      folder,
      "secrets",
      "set",
      "--env-file",
      ENV_FILE,
    );
    assert.ok(said.success, said.text);
    return Object.keys(api.secrets).sort();
  } finally {
    await api.stop();
  }
}

/** The names that were said, each as a line of its own. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/^ {2}([A-Z0-9_]+) \(/gm)].map(([, name]) => name as string).sort();
}

Deno.test("init lists by name every setting that secrets set would send beyond those it printed, and never a value", async () => {
  const env = `# a comment, OF=course
A1=s3cret
export B2=s3cret
  C3 = 's3cret # still'  # IN_A=comment
D4="s3cret
NOT_ONE=s3cret
\\"more\\""
E5: s3cret
SUPABASE_URL=https://s3cret.example
F6=\`s3cret\`
G7=
H8='unclosed s3cret
JWT_SECRET=s3cret\r
BEHEST_USER_CHECK=claims\rJ10=s3cret
`;
  const secrets = `
[edge_runtime.secrets]
I9 = "s3cret"
JWT_ISSUER = "env(ISSUER)"
SUPABASE_X = "s3cret"

[remotes.prod]
project_id = "${REF}"
edge_runtime = { secrets = { "BEHEST_ANONYMOUS" = "allow" } }
`;
  const files = project(OWN_CONFIG + secrets, {
    [ENV_FILE]: env,
    "supabase/.env": "ISSUER=s3cret\n",
  });
  await inFolder(files, async (folder) => {
    const { code, stdout, stderr } = await init(folder, ...GIVEN);
    for (const version of CLIS) assert.deepEqual(namesIn(stderr), await sentBy(version, folder));
    assert.doesNotMatch(stdout + stderr, /s3cret|NOT_ONE|SUPABASE_URL|IN_A/);
    assert.equal(code, 1);
  });
});

Deno.test("init marks a setting of its own that it did not print with what it decides, wherever it stands, and exits with 1", async () => {
  const settings = (await Deno.readTextFile(
    new URL("../../supabase/functions/.env.example", import.meta.url),
  )).matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm);
  const names = [...settings].map(([, name]) => name as string)
    .filter((name) => !name.startsWith("SUPABASE_"));
  assert.ok(names.length > 20);
  const printed = ["BEHEST_KEY", "BEHEST_BASE_URL", "CORS_ORIGIN"];
  const others = [...names, "BEHEST_API_KEY", "JWT_NEXT"]
    .filter((name) => !printed.includes(name));
  const lines = others.map((name) => `${name}=x\n`).join("");
  for (
    const [config, env, source] of [
      [OWN_CONFIG, lines, ENV_FILE],
      [
        `${OWN_CONFIG}[edge_runtime.secrets]\n${lines.replaceAll("=x", '="x"')}`,
        "",
        `${CONFIG}, edge_runtime.secrets`,
      ],
      [
        `${OWN_CONFIG}[remotes.a.Edge_Runtime.secrets]\n${lines.replaceAll("=x", '="x"')}`,
        "",
        `${CONFIG}, remotes.a.edge_runtime.secrets`,
      ],
    ] as const
  ) {
    await inFolder(project(config, { [ENV_FILE]: env }), async (folder) => {
      const { code, stderr } = await init(folder, ...GIVEN);
      for (const name of others) assert.ok(stderr.includes(`  ${name} (${source}): `), name);
      assert.match(stderr, /JWT_SECRET .*: .*can be any user$/m);
      assert.match(stderr, /BEHEST_USER_CHECK .*: .*signed out/);
      assert.equal(code, 1);
    });
  }
});

Deno.test("init names the settings of other functions that are sent as well, which are nothing to do by hand", async () => {
  await inFolder(project(OWN_CONFIG, { [ENV_FILE]: "STRIPE_KEY=s3cret\n" }), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.match(stderr, /none of the function's settings:\n {2}STRIPE_KEY \(/);
    assert.doesNotMatch(stderr, /s3cret/);
    assert.equal(code, 0);
  });
});

Deno.test("init says which of the settings it printed are there already, and which are not as it printed them", async () => {
  const env = "BEHEST_BASE_URL=https://amber-fox-042.behest.app.evil.example\nBEHEST_KEY=s3cret\n";
  await inFolder(project(OWN_CONFIG, { [ENV_FILE]: env }), async (folder) => {
    const unknown = await init(folder);
    assert.match(unknown.stderr, /set already.*:\n {2}BEHEST_BASE_URL .*\n {2}BEHEST_KEY /);
    assert.equal(unknown.code, 0);
    const known = await init(folder, ...GIVEN);
    assert.match(known.stderr, /BEHEST_BASE_URL .*: where BEHEST_KEY is sent$/m);
    assert.doesNotMatch(known.stderr, /evil|s3cret/);
    assert.equal(known.code, 1);
    // The last one counts.
    await Deno.writeTextFile(
      `${folder}/${ENV_FILE}`,
      `${env}BEHEST_BASE_URL="https://amber-fox-042.behest.app" # mine\nCORS_ORIGIN=https://my.app\n`,
    );
    const mine = await init(folder, ...GIVEN);
    assert.doesNotMatch(mine.stderr, /BEHEST_BASE_URL|CORS_ORIGIN/);
    assert.equal(mine.code, 0);
  });
});

Deno.test("init lists a setting of its own that only another reading of the quotes would see", async () => {
  const env = "A=`\nJWT_SECRET=s3cret\n`\n";
  await inFolder(project(OWN_CONFIG, { [ENV_FILE]: env }), async (folder) => {
    const { code, stderr } = await init(folder);
    assert.match(stderr, /JWT_SECRET \(/);
    assert.equal(code, 1);
  });
});

Deno.test("init shows no name that may be a piece of a key or move the cursor, and says where it stands", async () => {
  // A key in several lines without quotes: the last of them is a setting to the Supabase CLI.
  const env = "BEHEST_KEY=-----BEGIN PRIVATE KEY-----\nMIGHAgEA\nKj3xPq9=\n";
  const odd = String.raw`"\u001b[2J\nA1 (x)" = "x"`;
  const files = project(`${OWN_CONFIG}[edge_runtime.secrets]\n${odd}\n`, { [ENV_FILE]: env });
  await inFolder(files, async (folder) => {
    const { stdout, stderr } = await init(folder);
    assert.match(stderr, /a name that is not shown \(supabase\/functions\/\.env, line 3\)/);
    assert.match(
      stderr,
      /a name that is not shown \(supabase\/config\.toml, edge_runtime\.secrets\)/,
    );
    assert.doesNotMatch((stdout + stderr).replaceAll("\n", ""), /Kj3xPq9|MIGH|\p{Cc}|A1/u);
  });
});

Deno.test("init says of a file of secrets that it cannot read that it is to be looked at, and puts the function in all the same", async () => {
  const cases: readonly [string, (path: string) => Promise<void>, RegExp][] = [
    ["a link", async (path) => {
      await Deno.writeTextFile(`${path}.elsewhere`, "JWT_SECRET=s3cret\n");
      await Deno.symlink(`${path}.elsewhere`, path);
    }, /\.env is a link/],
    ["a pipe", async (path) => {
      assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    }, /\.env is no plain file/],
    ["huge", (path) => Deno.writeTextFile(path, "\n".repeat(2 ** 21 + 1)), /longer than 2 MiB/],
    ["no UTF-8", (path) => Deno.writeFile(path, Uint8Array.of(0x41, 0x3d, 0xe9)), /is no UTF-8/],
  ];
  for (const [what, make, expected] of cases) {
    await inFolder(project(OWN_CONFIG, { "supabase/functions/a/index.ts": "" }), async (folder) => {
      await make(`${folder}/${ENV_FILE}`);
      const { code, stdout, stderr } = await init(folder);
      assert.match(stderr, expected, what);
      assert.match(stderr, /may send what is not known here/);
      assert.doesNotMatch(stdout + stderr, /s3cret/);
      assert.equal(code, 1);
      assert.ok((await Deno.stat(`${folder}/${FUNCTION}`)).isFile);
    });
  }
});

Deno.test("init reads a file of secrets as long as may be within seconds, whatever is in it", async () => {
  const most = 2 ** 21 - 64;
  const names = Array.from({ length: 150_000 }, (_, index) => `X${index}=\n`).join("");
  await inFolder(project(OWN_CONFIG, { [ENV_FILE]: `${names}JWT_SECRET=` }), async (folder) => {
    assert.match((await init(folder)).stderr, /^ {2}X149999 \([^]*^ {2}JWT_SECRET \(/m);
  });
  for (
    const unit of ["\n", "A\n", "A='\n", "A='\\'", "export ", 'A="', "A", `A${" ".repeat(99)}\n`]
  ) {
    const env = unit.repeat(most / unit.length);
    await inFolder(project(OWN_CONFIG, { [ENV_FILE]: env }), async (folder) => {
      const start = performance.now();
      assert.ok((await init(folder)).code < 2);
      assert.ok(performance.now() - start < 15_000, JSON.stringify(unit));
    });
  }
});
