/** 100,000 requests by 64 callers: nobody gets another one's answer, and nothing stays behind. */
import assert from "node:assert/strict";
import { judge } from "./soak/flat.ts";
import { type Mode, soak } from "./soak/soak.ts";

const RUNS: [Mode, number][] = [["api-key", 80_000], ["local", 20_000]];

for (const [mode, requests] of RUNS) {
  Deno.test(`${mode}: of ${requests} requests by 64 callers each has its own answer, and what the function holds stays flat`, async () => {
    const report = await soak({ mode, requests, callers: 64 });
    console.log(`${mode}: ${report.rate} requests/s, ${report.seconds} s`);
    assert.deepEqual(report.mistakes.slice(0, 20), []);
    assert.deepEqual(report.verdicts.filter(({ flat }) => !flat), []);
    const answers = Object.values(report.codes).reduce((sum, count) => sum + count, 0);
    assert.equal(answers, requests);
    assert.equal(report.codes.ok, requests * 0.8, "the good ones");
    assert.equal(Object.keys(report.codes).length, mode === "local" ? 9 : 16, "of every kind");
    if (mode === "local") assert.ok(report.verified >= 100, `${report.verified} signatures`);
  });
}

/** Forty readings of a function that holds this after so many of them. */
function readings(grown: (nth: number) => object): object[] {
  const still = { rss: 100e6, heap: 6e6, wasm: 1_179_648, places: 1156, descriptors: 220 };
  const counts = { values: 26, handles: 1, instances: 1, timers: 0 };
  return Array.from({ length: 40 }, (_, nth) => ({ ...still, ...counts, ...grown(nth) }));
}

const redOf = (grown: (nth: number) => object) =>
  judge(readings(grown)).filter(({ flat }) => !flat).map(({ what }) => what);

Deno.test("a process that stays as it is, or grows while it warms up, is flat", () => {
  assert.deepEqual(redOf(() => ({})), []);
  assert.deepEqual(redOf((nth) => ({ rss: 100e6 + 5e6 * Math.min(nth, 19) })), []);
  assert.deepEqual(redOf((nth) => ({ rss: nth < 32 ? 90e6 : 110e6 })), [], "one step");
  assert.deepEqual(
    redOf((nth) => ({ heap: 6e6 + (nth % 7) * 50_000, rss: 100e6 + (nth % 5) * 1e6 })),
    [],
  );
});

Deno.test("a process that leaks of anything is not flat", () => {
  const leaks: Record<string, (nth: number) => number> = {
    rss: (nth) => 100e6 + nth * 1e6,
    heap: (nth) => 6e6 + nth * 80_000,
    wasm: (nth) => 65_536 * (18 + Math.floor(nth / 4)),
    places: (nth) => 1156 + 128 * Math.floor(nth / 4),
    descriptors: (nth) => 220 + 3 * nth,
    values: (nth) => 26 + Math.floor(nth / 8),
    handles: (nth) => 1 + Math.floor(nth / 8),
    instances: (nth) => 1 + Math.floor(nth / 8),
    timers: (nth) => Math.floor(nth / 8),
  };
  for (const [what, grow] of Object.entries(leaks)) {
    assert.deepEqual(redOf((nth) => ({ [what]: grow(nth) })), [what]);
  }
});
