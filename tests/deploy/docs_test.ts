/** What docs/deploy.md says word for word, done. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertMints, assertUploadMints, type Files, inFolder } from "../support/deployed.ts";
import { ManagementApi } from "../support/management_api.ts";
import { type Running, variables } from "../support/running.ts";
import { CLIS, supabase } from "../support/supabase_cli.ts";
import { type Settings, World } from "../support/world.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRY = "supabase/functions/behest-token/index.ts";
const page = await Deno.readTextFile(`${ROOT}docs/deploy.md`);

/** The lines of the first block of a language in a section. */
function lines(title: string, language: string): string[] {
  const section = page.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? "";
  const block = new RegExp(`^ *\`\`\`${language}\n([^]*?)^ *\`\`\``, "m").exec(section)?.[1];
  assert.ok(block, `${title} has no block of ${language}`);
  return block.trimEnd().split("\n");
}

/** The files that a clone has in some folders. */
async function clone(...folders: string[]): Promise<Files> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--", ...folders],
    cwd: ROOT,
  }).output();
  const paths = new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
  const read = async (path: string) => [path, await Deno.readFile(ROOT + path)] as const;
  return new Map(await Promise.all(paths.map(read)));
}

/** Runs lines in a shell, as they are pasted. */
async function shell(folder: string, pasted: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-e", "-c", pasted.join("\n")],
    cwd: folder,
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("docs/deploy.md: the lines for a project of one's own put the function there", async () => {
  const pasted = lines("Into a project of your own", "sh");
  const config = new TextEncoder().encode('project_id = "my-app"\n');
  const files = await clone("pkg");
  const mine = new Map([
    ...[...files].map(([path, bytes]) => [`behest-token/${path}`, bytes] as const),
    ["my-app/supabase/config.toml", config] as const,
  ]);
  await inFolder(mine, async (folder) => {
    const said = await shell(`${folder}/behest-token`, pasted);
    assert.match(said, /dry run/);
    const single = await Deno.readFile(`${folder}/my-app/${ENTRY}`);
    assert.deepEqual(single, files.get("pkg/single/index.ts"));
  });
});

Deno.test("docs/deploy.md: the CLI's lines deploy a clone of this repository", async () => {
  const [copy, link, ...rest] = lines("From this repository", "sh");
  // Linking asks Supabase for the project; here each line names it.
  assert.equal(link, "supabase link --project-ref <ref>");
  const api = new ManagementApi();
  try {
    await inFolder(await clone("pkg", "supabase"), async (folder) => {
      await shell(folder, [copy ?? ""]);
      for (const line of rest) {
        const [program, ...args] = line.split(" ");
        assert.equal(program, "supabase");
        const said = await supabase(CLIS[0], api.url, folder, ...args);
        assert.ok(said.success, said.text);
      }
    });
    assert.equal(api.secrets.CORS_ORIGIN, "https://my.app,http://localhost:5173");
    assert.equal(api.deployments[0]?.metadata.verify_jwt, false);
    await assertUploadMints(Deno.version.deno, api.deployments[0]?.files ?? new Map(), ENTRY);
  } finally {
    await api.stop();
  }
});

Deno.test("docs/deploy.md: the workflow deploys a project that has the one file", async () => {
  const workflow = lines("GitHub Actions", "yaml").join("\n");
  const run = /- run: npx -y supabase@(\S+) (.+) --yes "--remote=\$REF"$/m.exec(workflow);
  assert.equal(run?.[1], CLIS[0]);
  assert.match(workflow, /^ +SUPABASE_ACCESS_TOKEN: \$\{\{ secrets\.SUPABASE_ACCESS_TOKEN \}\}$/m);
  assert.match(workflow, /^ +REF: \$\{\{ secrets\.SUPABASE_PROJECT_REF \}\}$/m);
  assert.match(workflow, /^permissions:\n {2}contents: read$/m);
  const files = new Map([
    [ENTRY, await Deno.readFile(`${ROOT}pkg/single/index.ts`)],
    ["supabase/config.toml", new TextEncoder().encode(lines("Lovable", "toml").join("\n"))],
  ]);
  const api = new ManagementApi();
  try {
    await inFolder(files, async (folder) => {
      const said = await supabase(CLIS[0], api.url, folder, ...run?.[2]?.split(" ") ?? []);
      assert.ok(said.success, said.text);
    });
    assert.equal(api.deployments[0]?.metadata.verify_jwt, false);
    await assertUploadMints(Deno.version.deno, api.deployments[0]?.files ?? new Map(), ENTRY);
  } finally {
    await api.stop();
  }
});

Deno.test("docs/deploy.md: plain Deno serves the one file with the variables that are named", async () => {
  const pasted = lines("Plain Deno and Deno Deploy", "sh");
  const named = [...pasted.join("\n").matchAll(/\b([A-Z_]+)=/g)].map(([, name]) => name);
  const [, ...args] = pasted.at(-1)?.split(" ") ?? [];
  await assertMints(async (settings) => {
    const { SUPABASE_JWKS, SUPABASE_PUBLISHABLE_KEYS, ...rest } = settings;
    const key = JSON.parse(SUPABASE_PUBLISHABLE_KEYS ?? "{}").default;
    const given: Settings = { ...rest, SUPABASE_PUBLISHABLE_KEY: key };
    // In local mode there are more.
    if (given.BEHEST_KID === undefined) assert.deepEqual(Object.keys(given).sort(), named.sort());
    // The double's key set is empty, and the platform's variable has the keys.
    return await startHere(args, { ...given, SUPABASE_JWKS });
  });
});

/** Starts Deno as the page says, on a free port, and waits until it listens. */
async function startHere(args: string[], settings: Settings): Promise<Running> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const process = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { ...variables(settings), DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    process.kill();
    await process.status;
  };
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer) {
      await answer.body?.cancel();
      return { url, log: [], stop };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error("Deno did not listen in time");
}

/** As GitHub names a heading's place. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-")
  );
}

for (
  const name of ["docs/deploy.md", "docs/troubleshooting.md", "docs/performance.md", "README.md"]
) {
  Deno.test(`${name}: every link leads somewhere`, async () => {
    const text = await Deno.readTextFile(ROOT + name);
    for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith("https://")) continue;
      const [path = "", anchor] = target.split("#");
      const there = path === "" ? text : await Deno.readTextFile(join(ROOT, dirname(name), path))
        .catch(async () => (await Deno.stat(join(ROOT, dirname(name), path))).isDirectory && "");
      assert.ok(there !== false, target);
      if (anchor !== undefined) assert.ok(anchors(there).includes(anchor), target);
    }
  });
}

const UUID = "0f1e2d3c-4b5a-4678-9abc-def012345678";

/** The rows of the table on previews: origins that a line lets in, and such that it must not. */
const PREVIEWS: Record<string, [ours: string[], theirs: string[]]> = {
  "Lovable": [
    [
      `https://id-preview--${UUID}.lovable.app`,
      `https://project--${UUID}.lovable.app`,
      `https://project--${UUID}-dev.lovable.app`,
      `https://${UUID}.lovableproject.com`,
    ],
    [
      "https://evil.lovable.app",
      `https://evil--${UUID}.lovable.app`,
      "https://a.lovableproject.com",
    ],
  ],
  "Lovable, shorter": [
    [`https://id-preview--${UUID}.lovable.app`, `https://project--${UUID}.lovable.app`],
    ["https://evil.lovable.app", `https://${UUID}.lovable.app`],
  ],
  "Vercel": [
    [
      "https://my-app-h4sh1234-my-team.vercel.app",
      "https://my-app-git-fix-cors-my-team.vercel.app",
    ],
    ["https://evil.vercel.app", "https://my-app-x-my-team.evil.vercel.app"],
  ],
  "Netlify": [
    ["https://deploy-preview-42--my-site.netlify.app"],
    ["https://my-site.netlify.app", "https://deploy-preview-42--evil.netlify.app"],
  ],
  "Netlify, branches": [
    ["https://main--my-site.netlify.app", "https://deploy-preview-42--my-site.netlify.app"],
    ["https://evil.netlify.app", "https://evil-my-site.netlify.app"],
  ],
  "Cloudflare Pages": [
    ["https://373f31e2.my-project.pages.dev", "https://fix-cors.my-project.pages.dev"],
    ["https://evil.pages.dev", "https://a.evil.pages.dev"],
  ],
};

Deno.test("docs/deploy.md: each line for previews lets in what it says, and the log warns of none", async () => {
  const section = page.split("\n## Origins of previews\n")[1].split("\n## ")[0];
  const rows = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  const cells = rows.map((row) => row.split("|").slice(1).map((cell) => cell.trim()));
  assert.deepEqual(cells.map(([where]) => where), Object.keys(PREVIEWS));
  for (const [where, line] of cells) {
    const [ours, theirs] = PREVIEWS[where];
    const world = await World.make({ CORS_ORIGIN: line.replaceAll("`", "") });
    for (const origin of ours) assert.equal((await world.ask({ origin })).code, "ok", origin);
    for (const origin of theirs) {
      assert.equal((await world.ask({ origin })).code, "origin_forbidden", origin);
    }
    assert.deepEqual(world.lines.filter((line) => "notice" in line), [], where);
  }
});
