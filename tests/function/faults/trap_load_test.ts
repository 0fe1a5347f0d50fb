/** Traps in the running function: who notices, what the log says, and what stays behind. */
import assert from "node:assert/strict";
import { behestKey, localSettings } from "../../support/behest_keys.ts";
import { EMAIL, type Signer, signerOf } from "../../support/keys.ts";
import { liveToken } from "../../support/running.ts";
import { type Probed, startProbed } from "../../soak/probed.ts";

type Line = { code?: string; status?: number; cause?: string };

/** A function that signs locally, and a way to ask it for a token. */
async function running(
  work: (probed: Probed, ask: () => Promise<string>, log: string[]) => Promise<void>,
): Promise<void> {
  const signer: Signer = await signerOf("EdDSA");
  const token = await liveToken(signer);
  const log: string[] = [];
  const settings = {
    ...await localSettings(),
    SUPABASE_URL: "http://127.0.0.1:9",
    SUPABASE_JWKS: JSON.stringify([signer.jwk]),
    BEHEST_BASE_URL: "http://127.0.0.1:9",
    BEHEST_USER_CHECK: "claims",
    BEHEST_PLAN_CLAIM: "app_metadata.plan",
  };
  const env = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, value ?? ""]),
  );
  const probed = await startProbed(env, (line) => log.push(line));
  const ask = async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(probed.url, { method: "POST", headers });
    const { error } = await response.json();
    assert.equal(response.status, error ? 500 : 200);
    return error?.code ?? "ok";
  };
  try {
    await work(probed, ask, log);
    const { pkcs8 } = await behestKey();
    const secrets = [token, EMAIL, pkcs8.split("\n")[1] ?? "", "eyJ", "PRIVATE KEY"];
    for (const secret of secrets) assert.equal(log.join("\n").includes(secret), false, secret);
  } finally {
    await probed.stop();
  }
}

/** The lines that tell of a request, as soon as so many are there. */
async function linesOf(log: string[], count: number): Promise<Line[]> {
  for (let tried = 0; tried < 200; tried++) {
    const lines: Line[] = log.filter((line) => line.startsWith('{"code"')).map((line) =>
      JSON.parse(line)
    );
    if (lines.length >= count) return lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${log.length} lines, not ${count}`);
}

Deno.test("each of fifty traps costs one request, leaves one line, and leaves nothing else behind", async () => {
  await running(async (probed, ask, log) => {
    assert.equal(await ask(), "ok");
    const before = await probed.read();
    for (let trap = 0; trap < 50; trap++) {
      await probed.trap();
      assert.equal(await ask(), "internal");
      assert.equal(await ask(), "ok");
    }
    const after = await probed.read();
    assert.equal(after.made - before.made, 50, "each trap brings a fresh instance");
    assert.equal(after.instances, 1, "the instances that trapped are gone");
    assert.equal(after.wasm, before.wasm);
    assert.equal(after.handles, before.handles);
    assert.ok(after.values <= before.values, `${after.values} values`);
    assert.equal(after.timers, 0);
    // Fifty instances of a megabyte would be fifty.
    assert.ok(after.rss - before.rss < 25 << 20, `${(after.rss - before.rss) / 1024} KiB`);
    const lines = await linesOf(log, 101);
    assert.equal(lines.length, 101);
    const trapped = lines.filter(({ code }) => code === "internal");
    assert.equal(trapped.length, 50);
    for (const { status, cause } of trapped) {
      assert.equal(status, 500);
      assert.match(cause ?? "", /^RuntimeError: memory access out of bounds$/);
    }
  });
});

Deno.test("a trap under load harms none but the requests that were under way, and all are answered", async () => {
  await running(async (probed, ask, log) => {
    const [callers, traps] = [32, 10];
    /** Even while nothing is amiss, odd from the arming of a trap to its first victim. */
    let epoch = 0;
    let [answered, calm, internal, over] = [0, 0, 0, false];
    let victim = Promise.withResolvers<void>();
    let quiet = Promise.withResolvers<void>();
    const caller = async () => {
      while (!over) {
        const sent = epoch;
        const code = await ask();
        answered++;
        if (code === "internal") {
          internal++;
          if (epoch % 2 === 1) epoch++;
          victim.resolve();
        } else assert.equal(code, "ok");
        if (sent % 2 === 0 && sent === epoch) {
          // Sent after the last trap, answered before the next.
          assert.equal(code, "ok");
          if (++calm % 200 === 0) quiet.resolve();
        }
      }
    };
    const crowd = Array.from({ length: callers }, caller);
    const failed = Promise.all(crowd);
    for (let trap = 0; trap < traps; trap++) {
      await Promise.race([quiet.promise, failed]);
      victim = Promise.withResolvers();
      epoch++;
      await probed.trap();
      await Promise.race([victim.promise, failed]);
      quiet = Promise.withResolvers();
    }
    await Promise.race([quiet.promise, failed]);
    over = true;
    await failed;
    assert.ok(internal >= traps && internal <= traps * callers, `${internal} victims`);
    assert.equal((await probed.read()).instances, 1);
    assert.equal((await probed.read()).handles, 1);

    const lines = await linesOf(log, answered);
    assert.equal(lines.length, answered);
    const causes = lines.filter(({ code }) => code === "internal").map(({ cause = "" }) => cause);
    assert.equal(causes.length, internal, "a line for each victim");
    const isTrap = (cause: string) => cause.startsWith("RuntimeError");
    assert.equal(causes.filter(isTrap).length, traps, "the trap itself is told once");
    const rest = causes.filter((cause) => !isTrap(cause));
    assert.deepEqual(rest.filter((cause) => !/stale|previous/i.test(cause)), []);
  });
});
