/** The PostgreSQL that the migrations' tests run on. */
import assert from "node:assert/strict";
import { startCluster, SUPERUSER } from "../support/postgres.ts";

Deno.test("a machine without PostgreSQL fails with words on how to have it", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("POSTGRES_BIN");
  try {
    Deno.env.set("POSTGRES_BIN", folder);
    await assert.rejects(startCluster(), /POSTGRES_BIN is .*apt-get install postgresql/);
  } finally {
    if (before === undefined) Deno.env.delete("POSTGRES_BIN");
    else Deno.env.set("POSTGRES_BIN", before);
    await Deno.remove(folder);
  }
});

Deno.test("the cluster is one of a version that Supabase has, on no port, and is gone when it stops", async () => {
  const cluster = await startCluster();
  const client = await cluster.connect(SUPERUSER, "postgres");
  const { rows: [told] } = await client.query(`
    select current_setting('server_version_num')::int as version,
      current_setting('listen_addresses') as addresses,
      current_setting('data_directory') as folder`);
  await client.end();
  await cluster.stop();
  assert.ok(Number(told?.version) >= 150_000);
  assert.equal(told?.addresses, "");
  await assert.rejects(Deno.stat(String(told?.folder)), Deno.errors.NotFound);
  await assert.rejects(cluster.connect(SUPERUSER, "postgres"));
});
