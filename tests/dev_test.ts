/** The commands that a person types: `deno task dev` and `deno task demo`. */

import assert from "node:assert/strict";
import { startGateway } from "../dev/gateway/gateway.ts";

const FREE_PORTS = ["--port", "0", "--gateway-port", "0"];

function script(name: string, args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `dev/stack/${name}.ts`, ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}

async function finish(name: string, args: string[]) {
  const { code, stdout, stderr } = await script(name, args).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Ids of the processes whose parent is `pid`. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,ppid="],
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
}

/** Waits up to 5 s until none of the processes is left. */
async function assertEnded(pids: number[]): Promise<void> {
  for (let left = 50; left > 0; left--) {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "pid=,stat=", "-p", pids.join(",")],
    }).output();
    // A zombie has ended; who adopted it has not looked yet.
    const alive = new TextDecoder().decode(stdout).split("\n")
      .filter((row) => row.trim() !== "" && !/Z/.test(row));
    if (alive.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`still running: ${pids.join(", ")}`);
}

for (
  const [signal, code] of [["SIGINT", 0], ["SIGTERM", 0], [
    "SIGKILL",
    137,
  ]] as const
) {
  Deno.test(`dev prints what one needs, and leaves nothing running after ${signal}`, async () => {
    const child = script("dev", FREE_PORTS).spawn();
    let text = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    while (!text.includes("Ctrl-C")) {
      const { value, done } = await reader.read();
      assert.ok(!done, "dev ended before it was ready");
      text += value;
    }
    for (
      const part of [
        "free@",
        "pro@",
        "max@",
        "sb_publishable_",
        "curl -N",
        "/auth/v1/.well-known/jwks.json",
      ]
    ) {
      assert.ok(text.includes(part), part);
    }
    assert.doesNotMatch(text, /behest_sk_|behest_pk_|sb_secret_/);

    const children = await childrenOf(child.pid);
    assert.equal(children.length, 2);
    child.kill(signal);
    await Promise.all([reader.cancel(), child.stderr.cancel()]);
    assert.equal((await child.status).code, code);
    await assertEnded(children);
  });
}

Deno.test("dev on a taken port exits with 1 and names the flag to set", async () => {
  const gateway = await startGateway();
  const { port } = new URL(gateway.url);
  try {
    for (const flag of ["--port", "--gateway-port"]) {
      const { code, stderr } = await finish("dev", [...FREE_PORTS, flag, port]);
      assert.equal(code, 1);
      assert.equal(
        stderr.split("\n")[0],
        `Port ${port} is taken. Choose another one with ${flag}.`,
      );
    }
  } finally {
    await gateway.stop();
  }
});

Deno.test("dev and demo explain their flags, and refuse those they do not know", async () => {
  for (const name of ["dev", "demo"]) {
    const help = await finish(name, ["--help"]);
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, /--mode/);
    for (const args of [["--mode", "x"], ["--unknown"], ["stray"]]) {
      const { code, stdout, stderr } = await finish(name, args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.notEqual(stderr, "");
    }
  }
});

Deno.test("demo goes the whole way in both modes and exits with 0", async () => {
  const { code, stdout } = await finish("demo", ["--json"]);
  assert.equal(code, 0, stdout);
  const { runs } = JSON.parse(stdout);
  assert.deepEqual(
    runs.map(({ mode, ok }: { mode: string; ok: boolean }) => [mode, ok]),
    [["api-key", true], ["local", true]],
  );
  for (const { steps, claims } of runs) {
    assert.deepEqual(
      steps.map(({ name }: { name: string }) => name),
      ["start stack", "sign up", "mint", "streamed chat", "upgrade", "streamed chat"],
    );
    assert.equal(claims.tier, 1);
  }
});
