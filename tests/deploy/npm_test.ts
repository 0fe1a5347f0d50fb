/** The npm package: published to a registry, and used from a fresh project on Deno and on Node. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startProgram } from "../../dev/stack/child.ts";
import { findDeno } from "../../dev/run/denos.ts";
import { assertMints, DENOS, inFolder, startDeployed } from "../support/deployed.ts";
import { npm, startRegistry } from "../support/registry.ts";
import { type Running, variables } from "../support/running.ts";
import type { Settings } from "../support/world.ts";

const PKG = fileURLToPath(new URL("../../pkg/", import.meta.url));
const manifest = JSON.parse(await Deno.readTextFile(`${PKG}package.json`));
const readme = await Deno.readTextFile(`${PKG}README.md`);
const bytes = (text: string) => new TextEncoder().encode(text);

/** What the package's page tells people to paste under a heading. */
function blockUnder(heading: string): string {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const block = /^```ts\n([^]*?)^```/m.exec(section)?.[1];
  return block ?? assert.fail(`README.md has no code under ${heading}`);
}

/** A server as people write it on Node, around the lines of the page. */
const NODE_SERVER = `${blockUnder("Anywhere else")}
import { createServer } from "node:http";
import { Readable } from "node:stream";
const server = createServer(async (incoming, outgoing) => {
  const body = incoming.method === "POST" ? Readable.toWeb(incoming) : undefined;
  const { method, headers } = incoming;
  const request = new Request("http://" + headers.host, { method, headers, body, duplex: "half" });
  const response = await handle(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
});
server.listen(0, "127.0.0.1", () => console.log("ready http://127.0.0.1:" + server.address().port));
process.stdin.on("end", () => process.exit()).resume();
`;

async function startOnNode(folder: string, settings: Settings): Promise<Running> {
  const log: string[] = [];
  const child = await startProgram({
    name: "Node",
    program: "node",
    args: [`${folder}/server.mjs`],
    env: variables(settings),
    inheritEnv: false,
    onLine: (line) => log.push(line),
  });
  return { url: child.url, log, stop: child.stop };
}

Deno.test("the package has what its manifest promises, and nothing of the workshop", async () => {
  const [{ files }] = JSON.parse(await npm(PKG, "", "pack", "--dry-run", "--json"));
  assert.deepEqual(files.map(({ path }: { path: string }) => path).sort(), [
    "LICENSE",
    "README.md",
    "access_token_hook.sql",
    "cli.js",
    "client.d.ts",
    "client.js",
    "client.ts",
    "edge.d.ts",
    "edge.js",
    "package.json",
    "profiles.sql",
    "sbom.cdx.json",
    "single/index.ts",
  ]);
  assert.deepEqual(manifest.dependencies ?? {}, {});
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.publishConfig.provenance, true);
  assert.match(readme, new RegExp(`npm:behest-token@${manifest.version}/edge`));
});

Deno.test("JSR would take the package, too", async () => {
  const { publish } = JSON.parse(await Deno.readTextFile(`${PKG}jsr.json`));
  const files: string[] = ["jsr.json", ...publish.include];
  const read = async (path: string) => [path, await Deno.readFile(PKG + path)] as const;
  await inFolder(new Map(await Promise.all(files.map(read))), async (folder) => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["publish", "--dry-run", "--allow-dirty"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.ok(success, said);
    for (const file of files) assert.match(said, new RegExp(`/${file} `));
  });
});

Deno.test("published, the package mints from a fresh project on every Deno and on Node", async (t) => {
  const registry = await startRegistry();
  try {
    // Provenance is what a build server signs; there is none here.
    await npm(PKG, registry.url, "publish", "--provenance=false");
    for (const version of DENOS) {
      await t.step(`Deno ${version}: the two lines of the page`, async () => {
        // Deno lets a version lie for a day before it takes it.
        const config = bytes('{ "minimumDependencyAge": 0 }');
        const files = new Map([["index.ts", bytes(blockUnder("On Supabase"))], [
          "deno.json",
          config,
        ]]);
        await inFolder(files, async (folder) => {
          const cache = { DENO_DIR: `${folder}/cache`, NPM_CONFIG_REGISTRY: registry.url };
          const { success, stderr } = await new Deno.Command(await findDeno(version), {
            args: ["check", "--no-lock", "index.ts"],
            cwd: folder,
            env: { ...cache, NO_COLOR: "1" },
          }).output();
          assert.ok(success, new TextDecoder().decode(stderr));
          const flags = ["--no-lock", "--no-remote", "--cached-only"];
          await assertMints((settings) =>
            startDeployed(version, folder, "index.ts", { ...settings, ...cache }, flags)
          );
        });
      });
    }
    await t.step("Node: a server around the lines of the page", async () => {
      await inFolder(new Map([["server.mjs", bytes(NODE_SERVER)]]), async (folder) => {
        await npm(folder, registry.url, "install", `behest-token@${manifest.version}`);
        await assertMints((settings) => startOnNode(folder, settings));
      });
    });
  } finally {
    await registry.stop();
  }
});
