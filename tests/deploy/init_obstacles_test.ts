/** `init` in a project whose configuration makes the Supabase CLI deploy something else, or nothing. */
import assert from "node:assert/strict";
import { type Files, inFolder } from "../support/deployed.ts";
import { CONFIG, FUNCTION, init, project } from "../support/init_run.ts";
import { ManagementApi, REF } from "../support/management_api.ts";
import { CLIS, supabase } from "../support/supabase_cli.ts";

const BLOCK = "[functions.behest-token]\nverify_jwt = false\n";
const REMOTE = `[remotes.prod]\nproject_id = "${REF}"\n`;
const OTHERS = {
  "evil/behest-token/index.ts": "Deno.serve(() => new Response());\n",
  "evil/map.json": '{ "imports": { "x": "./behest-token/index.ts" } }\n',
};
const ELSEWHERE = 'entrypoint = "../evil/behest-token/index.ts"\n';

/** Configurations that lead the Supabase CLI astray, and what init says of each. */
const ATTACKS: readonly (readonly [string, string, RegExp, Record<string, string>?])[] = [
  ["another entrypoint of the same name", BLOCK + ELSEWHERE, /has an entrypoint that is not/],
  [
    "another entrypoint for a remote",
    `${BLOCK}${REMOTE}[remotes.prod.functions.behest-token]\n${ELSEWHERE}`,
    /remotes\.prod\.functions\.behest-token has an entrypoint/,
  ],
  [
    "another entrypoint by way of dotted keys and quotes",
    `functions.behest-token.verify_jwt = false\nfunctions."behest-token".${ELSEWHERE}`,
    /has an entrypoint/,
  ],
  [
    "an entrypoint out of the environment",
    `${BLOCK}entrypoint = "env(ENTRY)"\n`,
    /has an entrypoint/,
    { "supabase/.env": "ENTRY=../evil/behest-token/index.ts\n" },
  ],
  ["the function switched off", `${BLOCK}enabled = false\n`, /is switched off/],
  [
    "the function switched off for a remote",
    `${BLOCK}${REMOTE}functions.behest-token.enabled = false\n`,
    /remotes\.prod\.functions\.behest-token is switched off/,
  ],
  [
    "the function switched off by the environment",
    `${BLOCK}enabled = "env(ON)"\n`,
    /is switched off/,
    { "supabase/.env": "ON=false\n" },
  ],
  [
    "verify_jwt on for a remote",
    `${BLOCK}${REMOTE}functions = { behest-token = { verify_jwt = true } }\n`,
    /remotes\.prod\.functions\.behest-token does not say verify_jwt = false/,
  ],
  ["an import map", `${BLOCK}import_map = "../evil/map.json"\n`, /import_map/],
  ["files sent along", `${BLOCK}static_files = ["../evil/**/*.ts"]\n`, /static_files/],
  [
    "a deno.json beside the function",
    BLOCK,
    /behest-token\/deno\.json may change what is deployed/,
    { "supabase/functions/behest-token/deno.json": '{"imports":{"x":"../../../evil/map.json"}}' },
  ],
  [
    "an import map for all functions",
    BLOCK,
    /functions\/import_map\.json is used for this function, too/,
    { "supabase/functions/import_map.json": '{"imports":{}}' },
  ],
  [
    "a config.json, which outranks config.toml",
    BLOCK,
    /config\.json takes the place of/,
    { "supabase/config.json": "{}" },
  ],
  [
    "a config.jsonc, which outranks config.toml",
    BLOCK,
    /config\.jsonc takes the place of/,
    { "supabase/config.jsonc": "{}" },
  ],
];

/** Whether the Supabase CLI deploys just our file, for all to reach. */
async function deploysOursAlone(folder: string): Promise<boolean> {
  const api = new ManagementApi();
  try {
    await supabase(CLIS[0], api.url, folder, "functions", "deploy", "behest-token", "--use-api");
    const [deployed] = api.deployments;
    const { verify_jwt, static_patterns, ...metadata } = deployed?.metadata ?? {};
    return deployed !== undefined && [...deployed.files.keys()].join() === FUNCTION &&
      verify_jwt === false && static_patterns?.length === 0 &&
      (metadata as { import_map_path?: string }).import_map_path === "";
  } finally {
    await api.stop();
  }
}

for (const [what, config, expected, others = {}] of ATTACKS) {
  Deno.test(`init says what keeps its file from being deployed alone: ${what}`, async () => {
    await inFolder(project(config, { ...OTHERS, ...others }), async (folder) => {
      const { code, stdout, stderr } = await init(folder);
      assert.match(stderr, expected);
      assert.equal(code, 1);
      assert.match(stdout, /^Then, once what is said above has been done by hand:$/m);
      assert.equal(await deploysOursAlone(folder), false);
    });
  });
}

Deno.test("init says of each file that the Supabase CLI looks for beside a function, in any case, that none is needed", async () => {
  const folder = "supabase/functions/behest-token";
  const names = ["Deno.JSON", "deno.jsonc", "import_map.json", "package.json", ".npmrc"];
  const files = project(
    BLOCK,
    Object.fromEntries(names.map((name) => [`${folder}/${name}`, "{}"])),
  );
  await inFolder(files, async (root) => {
    const { code, stderr } = await init(root);
    for (const name of names) assert.ok(stderr.includes(`${folder}/${name} may change`), name);
    assert.equal(code, 1);
  });
});

Deno.test("init takes its own file for an entrypoint however it is spelled", async () => {
  const spelled = [
    "",
    "./functions/behest-token/index.ts",
    "functions/../functions//behest-token/./index.ts",
    "../supabase/functions/behest-token/index.ts",
  ];
  for (const entrypoint of spelled) {
    const files = project(`${BLOCK}entrypoint = "${entrypoint}"\nimport_map = ""\n`, OTHERS);
    await inFolder(files, async (folder) => {
      const { code, stderr } = await init(folder);
      assert.equal(code, 0, stderr);
      assert.equal(await deploysOursAlone(folder), true);
    });
  }
  await inFolder(project(BLOCK), async (folder) => {
    const real = await Deno.realPath(folder);
    await Deno.writeTextFile(`${folder}/${CONFIG}`, `${BLOCK}entrypoint = "${real}/${FUNCTION}"\n`);
    assert.equal((await init(folder)).code, 0);
  });
});

Deno.test("init takes an entrypoint that leads through a link for another file, even where it leads back", async () => {
  const ways: readonly [string, string, string][] = [
    // What it leads to today is ours; what it leads to tomorrow is whatever the repository says.
    ["same", "functions", "./same/behest-token/index.ts"],
    ["functions/back", "../../evil/behest-token", "./functions/back/../behest-token/index.ts"],
    ["functions/back", "../../evil/behest-token", "./functions/back/index.ts"],
  ];
  for (const [link, target, entrypoint] of ways) {
    const files = project(`${BLOCK}entrypoint = "${entrypoint}"\n`, {
      ...OTHERS,
      "supabase/functions/other/index.ts": "",
    });
    await inFolder(files, async (folder) => {
      await Deno.symlink(target, `${folder}/supabase/${link}`);
      const { code, stderr } = await init(folder);
      assert.match(stderr, /has an entrypoint that is not/, entrypoint);
      assert.equal(code, 1);
    });
  }
});

Deno.test("init reads the block in whatever case its keys are, as some versions of the Supabase CLI do", async () => {
  for (
    const config of [
      `${BLOCK}EntryPoint = "../evil/behest-token/index.ts"\n`,
      `${BLOCK}[Functions.Behest-Token]\n${ELSEWHERE}`,
      `${BLOCK}[Remotes.x.functions.behest-token]\n${ELSEWHERE}`,
    ]
  ) {
    await inFolder(project(config), async (folder) => {
      const { code, stderr } = await init(folder);
      assert.match(stderr, /has an entrypoint/, config);
      assert.equal(code, 1);
    });
  }
});

Deno.test("init says of a setting that it does not know, and of a block that is none, that it cannot judge them", async () => {
  for (
    const [config, expected] of [
      [`${BLOCK}runtime = "x"\n`, /functions\.behest-token sets runtime, which is not known here/],
      [`${BLOCK}[remotes.x]\nfunctions.behest-token = 1\n`, /is no table/],
      [`${BLOCK}[remotes.x]\nfunctions.behest-token.enabled = 1\n`, /is switched off/],
      ["[[functions.behest-token]]\n", /not edited here/],
    ] as const
  ) {
    await inFolder(project(config), async (folder) => {
      const { code, stderr } = await init(folder);
      assert.match(stderr, expected);
      assert.equal(code, 1);
    });
  }
});

Deno.test("init says nothing where the rest of config.toml is somebody else's business", async () => {
  const config = `${BLOCK}enabled = true
static_files = []

[functions.other]
entrypoint = "./functions/other/main.ts"
import_map = "./functions/other/deno.json"

[edge_runtime]
enabled = false

[remotes.prod]
project_id = "${REF}"

[remotes.prod.functions.behest-token]
verify_jwt = false
`;
  const files: Files = project(config, { "supabase/functions/other/deno.json": "{}" });
  await inFolder(files, async (folder) => {
    const { code, stderr } = await init(folder);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(await deploysOursAlone(folder), true);
  });
});

Deno.test("init prints no key of the configuration that could move the cursor or write lines of its own", async () => {
  const name = String.raw`"\u001b[2J\nEverything is in place.\u202e"`;
  const config = `${BLOCK}${name} = 1\n[remotes.${name}.functions.behest-token]\nenabled = false\n`;
  await inFolder(project(config), async (folder) => {
    const { code, stdout, stderr } = await init(folder);
    assert.match(stderr, /remotes\.…\.functions\.behest-token is switched off/);
    assert.match(stderr, /sets …, which is not known here/);
    assert.doesNotMatch((stdout + stderr).replaceAll("\n", ""), /[\p{Cc}\p{Cf}]|Everything/u);
    assert.equal(code, 1);
  });
});
