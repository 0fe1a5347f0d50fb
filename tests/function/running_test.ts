/** The function's own process, over HTTP: what is proven in memory holds where it is deployed. */
import assert from "node:assert/strict";
import { signerOf } from "../support/keys.ts";
import { liveToken, startRunning, Upstream } from "../support/running.ts";

Deno.test("the running function mints over HTTP, and refuses without a call", async () => {
  const upstream = new Upstream();
  const running = await startRunning(upstream.url);
  try {
    const token = await liveToken(await signerOf("ES256"));
    const good = await fetch(running.url, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    assert.equal(good.status, 200);
    assert.equal((await good.json()).tier, 2);
    assert.equal(upstream.calls.length, 3);

    const bad = await fetch(running.url, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}x` },
    });
    assert.equal(bad.status, 401);
    assert.equal((await bad.json()).error.code, "invalid_token");
    assert.equal(upstream.calls.length, 3);
  } finally {
    await running.stop();
    await upstream.stop();
  }
});
