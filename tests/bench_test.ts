/** The benchmark compares like with like, counts rightly, and its tables have no number but what was measured. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { chart } from "../bench/chart.ts";
import { measureCold, overFloor } from "../bench/cold.ts";
import { entrants, makeUsers, settingsOf } from "../bench/contestants.ts";
import { Connection } from "../bench/load.ts";
import { markdown } from "../bench/markdown.ts";
import { countCalls, type Extent, measureRunning, type Stage } from "../bench/measures.ts";
import { bundle, fetchLibraries, start } from "../bench/process.ts";
import { type DenoReport, type Report, spreadOf } from "../bench/report.ts";
import { judge } from "../bench/targets.ts";
import { HOSTED_DENO } from "../dev/run/denos.ts";
import { startChild } from "../dev/stack/child.ts";
import { compactVerify } from "jose";
import { behestKey } from "./support/behest_keys.ts";
import { payloadOf } from "./support/keys.ts";

const root = new URL("../", import.meta.url);
const text = (path: string) => Deno.readTextFile(new URL(path, root));

async function bench(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "bench/bench.ts", ...args],
    cwd: fileURLToPath(root),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function startUpstream() {
  return startChild({
    name: "upstream",
    deno: Deno.execPath(),
    args: ["--allow-net=127.0.0.1", "bench/upstream.ts"],
    env: {},
    inheritEnv: false,
    onLine: () => {},
  });
}

/** Calls in all and in sequence, with the user check and without, as the README's table of modes has it. */
const CALLS: Record<string, [number, number]> = {
  "seed api-key": [3, 3],
  "seed-bundle api-key": [3, 3],
  "server api-key": [2, 2],
  "ours api-key": [3, 2],
  "ours-claims api-key": [2, 2],
  "ours-plan-claim api-key": [1, 1],
  "ours-single api-key": [3, 2],
  "ours-hs256 api-key": [3, 2],
  "ours-plan-claim-hs256 api-key": [1, 1],
  "bare api-key": [3, 2],
  "bare-claims api-key": [1, 1],
  "bounded api-key": [3, 2],
  "bounded-claims api-key": [1, 1],
  "bare local": [2, 1],
  "bare-claims local": [0, 0],
  "seed local": [2, 2],
  "seed-bundle local": [2, 2],
  "server local": [1, 1],
  "ours local": [2, 1],
  "ours-claims local": [1, 1],
  "ours-plan-claim local": [0, 0],
};

Deno.test("every contestant hands out each user's own token, signed, with the calls that it needs and no other, and none for a forged session", async () => {
  await fetchLibraries(Deno.execPath());
  await bundle("seed");
  const { publicKey } = await behestKey();
  const upstream = await startUpstream();
  const { requests, ready } = await makeUsers(2);
  const body = JSON.stringify(ready);
  await (await fetch(`${upstream.url}/bench/users`, { method: "POST", body })).text();
  try {
    for (const [contestant, mode] of entrants()) {
      const name = `${contestant.name} ${mode}`;
      const env = await settingsOf(contestant, mode, upstream.url);
      const running = await start(contestant, env, Deno.execPath(), true);
      try {
        const sent = contestant.hs256 ? requests.hs256 : requests.es256;
        const { calls, sequence } = await countCalls(upstream.url, running.port, sent);
        assert.deepEqual([calls, sequence], CALLS[name], name);
        for (const request of sent) {
          const authorization = /^Authorization: (.+)$/m.exec(
            new TextDecoder().decode(request),
          )![1]!
            .trim();
          const answer = await fetch(`http://127.0.0.1:${running.port}/`, {
            method: "POST",
            headers: { "Origin": "https://app.example.com", "Authorization": authorization },
          });
          const forged = await fetch(`http://127.0.0.1:${running.port}/`, {
            method: "POST",
            headers: {
              "Origin": "https://app.example.com",
              // Another signature of the same length.
              "Authorization": authorization.replace(/[^.]{20}$/, "A".repeat(20)),
            },
          });
          await forged.body?.cancel();
          assert.equal(forged.status, 401, name);
          const { token, sessionId, ttl, expiresAt } = await answer.json();
          const { uid, tier } = payloadOf(token);
          assert.deepEqual([uid, tier], [payloadOf(authorization.split(" ")[1]!).sub, 2], name);
          if (mode === "local") await compactVerify(token, publicKey);
          // The least that does the work makes no more than it must.
          if (/^(?:bare|bounded)/.test(name)) continue;
          assert.deepEqual([typeof sessionId, ttl, typeof expiresAt], ["string", 900, "number"]);
        }
      } finally {
        await running.stop();
      }
    }
  } finally {
    await upstream.stop();
  }
});

/** So little that only its shape can be judged. */
const TINY: Extent = {
  coldStarts: 1,
  rounds: 2,
  requests: [4, 4, 4],
  warmMs: 50,
  loadMs: 100,
  turns: 1,
};

// A busy machine stretches every time by its own factor, so where two measures are compared, it is
// by order of magnitude: what is told in the wrong unit is off by a thousand.
Deno.test("a run measures what it says: milliseconds with the upstreams' in them, and rates that the time allows", async () => {
  const deno = Deno.execPath();
  await fetchLibraries(deno);
  await bundle("seed");
  const upstream = await startUpstream();
  const { requests, ready } = await makeUsers(8);
  const body = JSON.stringify(ready);
  await (await fetch(`${upstream.url}/bench/users`, { method: "POST", body })).text();
  const report: DenoReport = { version: "", v8: "", rows: [] };
  const progress = () => {};
  const stage: Stage = { deno, upstream: upstream.url, requests, extent: TINY, report, progress };
  try {
    await measureCold(stage);
    await measureRunning(stage, { latency: true, throughput: true });
  } finally {
    await upstream.stop();
  }
  const floor = report.floor!.cached.p50;
  assert.ok(floor > 3 && report.signatures!.p50 > 1);
  const core = report.rows.filter(({ name }) => name === "core");
  const rows = report.rows.filter(({ name }) => name !== "core");
  assert.deepEqual([rows.length, core.length], [entrants().length, 2]);
  assert.ok(core.every(({ cold, wasm }) => cold && wasm!.p50 > 0));
  for (const row of rows) {
    const { latency, throughput, cpu, memory, cold, calls, sequence } = row;
    const name = `${row.name} ${row.mode}`;
    assert.deepEqual([calls, sequence], CALLS[name], name);
    for (const ms of [25, 100]) {
      const { p50, p95, p99, count } = latency![ms]!;
      assert.ok(p50 >= ms * sequence!, `${name}: ${p50} ms, upstreams at ${ms}`);
      assert.ok(p50 <= p95 && p95 <= p99 && count === 4, name);
    }
    // One connection asks again as soon as it is answered.
    const underWay = throughput!["1"]!.p50 * latency!["0"]!.p50 / 1000;
    assert.ok(underWay > 0.02 && underWay < 50, `${name}: ${underWay} requests under way`);
    const cores = throughput!["16"]!.p50 * cpu!.p50 / 1000;
    assert.ok(cores > 0.005 && cores < 50, `${name}: ${cores} cores`);
    assert.ok(memory!.rest > 20 && memory!.loaded > 20, name);
    // The import is a part of the very start that the floor was taken off.
    assert.ok(row.imported!.p50 > 0 && row.imported!.p50 < floor + cold!.cached.p50, name);
    assert.equal(row.wasm === undefined, !row.name.startsWith("ours"), name);
  }
  assert.ok(rows.some(({ memory }) => memory!.loaded > memory!.rest), "load takes memory");
});

Deno.test("a start is told without the floor, which is every program's", () => {
  const { p50, low, high } = overFloor([[50, 60, 70], [80]], 40);
  assert.deepEqual([p50, low, high], [25, 20, 40]);
});

Deno.test("a start without V8's code cache is told so", async () => {
  const [contestant] = entrants().at(-1)!;
  const env = await settingsOf(contestant, "local", "http://127.0.0.1:9");
  for (const codeCache of [true, false]) {
    const running = await start(contestant, env, Deno.execPath(), codeCache);
    const command = await Deno.readTextFile(`/proc/${running.pid}/cmdline`);
    await running.stop();
    assert.equal(command.includes("--no-code-cache"), !codeCache);
  }
});

Deno.test("a contestant that cannot start says why", async () => {
  const missing = { name: "missing", what: "", entry: "./contestants/missing.ts", env: {} };
  await assert.rejects(start(missing, {}, Deno.execPath(), true), /missing\.ts/);
});

Deno.test("an answer that is no 200 is never counted", async () => {
  for (const status of [201, 302, 401, 500, 503]) {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("no", { status }),
    );
    try {
      const connection = await Connection.open(server.addr.port);
      const request = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      await assert.rejects(connection.ask(request), new RegExp(String(status)));
      connection.close();
    } finally {
      await server.shutdown();
    }
  }
});

Deno.test("a median is the middle, and its spread that of the rounds' medians", () => {
  const { p50, p95, p99, low, high, count } = spreadOf([[1, 2, 3], [4, 5, 6], [7, 8, 9, 10]]);
  assert.deepEqual([p50, p95, p99, low, high, count], [5.5, 10, 10, 2, 8.5, 10]);
  const hundred = Array.from({ length: 200 }, (_, nth) => nth);
  const far = spreadOf([hundred]);
  assert.deepEqual([far.p50, far.p95, far.p99], [99.5, 190, 198]);
});

Deno.test("a target that was not measured is not judged, and one that was missed is not met", () => {
  const rows = [
    { name: "seed", mode: "local" },
    { name: "ours", mode: "local", sequence: 2 },
  ];
  const verdicts = judge({ version: HOSTED_DENO, v8: "0", rows });
  assert.deepEqual(verdicts.map(({ met }) => met), [false]);
  assert.deepEqual(judge({ version: "2.9.6", v8: "0", rows }), [], "only what is hosted is judged");
});

Deno.test("what is deployed stays within 240 KB, and 100 KB gzipped", async () => {
  const { code, out, err } = await bench("--quick", "--only", "size", "--json");
  assert.equal(code, 0, err);
  const { sizes }: Report = JSON.parse(out);
  const ours = sizes!.find(({ name }) => name === "ours")!;
  assert.ok(ours.bytes > 100_000 && ours.bytes <= 240_000, `${ours.bytes}`);
  assert.ok(ours.gzipped <= 100_000, `${ours.gzipped}`);
});

Deno.test("the benchmark's help exits with 0, and a wrong word on its line with 2", async () => {
  const help = await bench("--help");
  assert.deepEqual([help.code, help.out.includes("--quick")], [0, true]);
  for (
    const wrong of [["--fast"], ["--only", "cold,warm"], ["--quick", "--write"], [
      "--beside",
      "x",
      "--write",
    ]]
  ) {
    const { code, out, err } = await bench(...wrong);
    assert.deepEqual([code, out], [2, ""], wrong.join(" "));
    assert.match(err, /deno task bench/);
  }
});

Deno.test("the page's tables and the chart are those of the run that is kept beside them", async () => {
  const report: Report = JSON.parse(await text("docs/benchmark.json"));
  assert.equal(report.command, "deno task bench --write");
  const [, tables] = (await text("docs/performance.md")).split(
    /<!-- deno-fmt-ignore-(?:start|end) -->\n/,
  );
  assert.equal(tables!.trim(), markdown(report).trim());
  assert.equal(await text("docs/benchmark.svg"), await chart(report));
});

Deno.test("every target is judged on the run that is kept, at its limit", async () => {
  const { denos }: Report = JSON.parse(await text("docs/benchmark.json"));
  const verdicts = denos.flatMap(judge);
  assert.deepEqual(verdicts.map(({ wanted }) => wanted), [
    ...["≤ 2", "≤ 1", "≤ 1", "≤ 0"],
    ...["≤ 0.53", "≤ 0.68", "≤ 0.05"],
    ...["≤ 1", "≤ 0.85", "≤ 0.9", "≤ 0.8"],
    ...["≤ 1.3", "≤ 1.4"],
    ...["≥ 2", "≥ 0.82"],
    ...["≤ 1.15", "≤ 1.15", "≤ 1.15", "≤ 0.3"],
    "≤ 0.4",
  ]);
  for (const { found, beside } of verdicts) assert.doesNotMatch(found + beside, /NaN/);
});
