/** `supabase functions deploy`, with the real CLI and without Docker: what it uploads is enough. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { assertUploadMints, DENOS, type Files, inFolder } from "../support/deployed.ts";
import { ManagementApi } from "../support/management_api.ts";
import { leastSettings, Upstream } from "../support/running.ts";
import { CLIS, supabase } from "../support/supabase_cli.ts";
import { ORIGIN } from "../support/world.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRY = "supabase/functions/behest-token/index.ts";
const DEPLOY = ["functions", "deploy", "behest-token", "--use-api"];

async function withApi(work: (api: ManagementApi) => Promise<void>): Promise<void> {
  const api = new ManagementApi();
  try {
    await work(api);
    assert.deepEqual(api.unknown, []);
  } finally {
    await api.stop();
  }
}

/** A user's own project, with the one file in place of a clone. */
async function projectWithOneFile(): Promise<Files> {
  const [single, config] = await Promise.all([
    Deno.readFile(`${ROOT}pkg/single/index.ts`),
    Deno.readFile(`${ROOT}supabase/config.toml`),
  ]);
  return new Map([[ENTRY, single], ["supabase/config.toml", config]]);
}

for (const cli of CLIS) {
  Deno.test(`supabase ${cli} deploys this repository as it is, and the upload mints on every Deno`, async () => {
    await withApi(async (api) => {
      const said = await supabase(cli, api.url, ROOT, ...DEPLOY);
      assert.ok(said.success, said.text);
      const [deployed, ...others] = api.deployments;
      assert.ok(deployed && others.length === 0);
      assert.equal(deployed.slug, "behest-token");
      assert.equal(deployed.metadata.entrypoint_path, ENTRY);
      assert.equal(deployed.metadata.verify_jwt, false);
      assert.deepEqual(deployed.metadata.static_patterns, []);
      for (const deno of DENOS) await assertUploadMints(deno, deployed.files, ENTRY);
    });
  });

  Deno.test(`supabase ${cli} deploys the one file and downloads it as it was`, async () => {
    await withApi(async (api) => {
      const files = await projectWithOneFile();
      await inFolder(files, async (folder) => {
        const said = await supabase(cli, api.url, folder, ...DEPLOY);
        assert.ok(said.success, said.text);
      });
      assert.deepEqual([...api.deployments[0]?.files.keys() ?? []], [ENTRY]);
      assert.equal(api.deployments[0]?.metadata.verify_jwt, false);
      const config = files.get("supabase/config.toml") as Uint8Array;
      await inFolder(new Map([["supabase/config.toml", config]]), async (folder) => {
        const download = ["functions", "download", "behest-token", "--use-api"];
        const said = await supabase(cli, api.url, folder, ...download);
        assert.ok(said.success, said.text);
        assert.deepEqual(await Deno.readFile(`${folder}/${ENTRY}`), files.get(ENTRY));
      });
    });
  });

  Deno.test(`supabase ${cli} sets the secrets of a filled-in .env.example, and the function mints with them`, async () => {
    const upstream = new Upstream();
    try {
      await withApi(async (api) => {
        const { BEHEST_KEY, BEHEST_BASE_URL } = await leastSettings(upstream.url);
        const example = await Deno.readTextFile(`${ROOT}supabase/functions/.env.example`);
        const filled = example
          .replace(/^BEHEST_KEY=$/m, `BEHEST_KEY=${BEHEST_KEY}`)
          .replace(/^BEHEST_BASE_URL=.*$/m, `BEHEST_BASE_URL=${BEHEST_BASE_URL}`)
          .replace(/^CORS_ORIGIN=.*$/m, `CORS_ORIGIN=${ORIGIN}`);
        const files = new Map([
          ...await projectWithOneFile(),
          ["supabase/functions/.env", new TextEncoder().encode(filled)] as const,
        ]);
        await inFolder(files, async (folder) => {
          const set = ["secrets", "set", "--env-file", "supabase/functions/.env"];
          const said = await supabase(cli, api.url, folder, ...set);
          assert.ok(said.success, said.text);
          assert.ok(!said.text.includes(BEHEST_KEY as string));
        });
        assert.deepEqual(Object.keys(api.secrets).sort(), [
          "BEHEST_BASE_URL",
          "BEHEST_KEY",
          "CORS_ORIGIN",
        ]);
        await assertUploadMints(Deno.version.deno, files, ENTRY, api.secrets);
      });
    } finally {
      await upstream.stop();
    }
  });
}
