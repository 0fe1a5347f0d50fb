/** The limits in true seconds, in the function's own process. */
import assert from "node:assert/strict";
import { type Fault, Faulty, head } from "../../support/faulty.ts";
import { signerOf } from "../../support/keys.ts";
import { liveToken, startRunning } from "../../support/running.ts";
import { ROUTES } from "../../support/upstreams.ts";

const CODES = ["auth_timeout", "auth_timeout", "plan_timeout", "behest_timeout"];

const HANGS: [string, Fault][] = [
  ["before its headers", (wire) => wire.hang()],
  ["within its body", async (wire) => {
    await wire.request();
    await wire.send(head("Content-Length: 9") + "[");
    await wire.hang();
  }],
];

Deno.test("a running function answers 504 after ten true seconds, whichever upstream hangs, and is well afterwards", async () => {
  const token = await liveToken(await signerOf("ES256"));
  const ask = async (url: string) => {
    const start = performance.now();
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(url, { method: "POST", headers });
    const { error } = await response.json();
    return { status: response.status, code: error?.code, ms: performance.now() - start };
  };
  const rows = ROUTES.flatMap((route, index) =>
    HANGS.map(([where, fault]) => ({ route, code: CODES[index], where, fault }))
  );
  const ends = rows.map(async ({ route, code, where, fault }) => {
    const faulty = new Faulty();
    const running = await startRunning(faulty.url, { SUPABASE_JWKS: undefined });
    try {
      faulty.set(route, fault);
      const answer = await ask(running.url);
      assert.equal(answer.code, code, `${route} ${where}`);
      assert.equal(answer.status, 504);
      assert.ok(answer.ms > 9_000, `${route} ${where}: ${answer.ms} ms`);
      assert.ok(answer.ms < 14_000, `${route} ${where}: ${answer.ms} ms`);
      assert.equal(faulty.connections[route], 2, `${route} ${where}: five seconds each`);
      if (route !== "mint") assert.equal(faulty.connections.mint, 0);
      faulty.heal();
      // A fetch of keys that hung may be in its last moments still, and the next request share it.
      if (route === "jwks") {
        await ask(running.url);
        await new Promise((resolve) => setTimeout(resolve, 1_100));
      }
      assert.equal((await ask(running.url)).status, 200, `${route} ${where}: afterwards`);
    } finally {
      await running.stop();
      await faulty.stop();
    }
  });
  await Promise.allSettled(ends);
  await Promise.all(ends);
});
