/** Cold starts: from a process to its first 200. */
import { type Contestant, CORE, EMPTY, entrants, type Mode, settingsOf } from "./contestants.ts";
import { load } from "./load.ts";
import { requestsOf, rowOf, shuffled, type Stage, upstream } from "./measures.ts";
import { start } from "./process.ts";
import { type Spread, spreadOf } from "./report.ts";

/** Process start to first 200, with V8's code cache and without. The first round fills the caches. */
export async function measureCold(stage: Stage): Promise<void> {
  const { extent, report, progress } = stage;
  await upstream(stage, 0);
  const started: [Contestant, Mode][] = [
    ...entrants(stage.beside),
    [CORE, "api-key"],
    [CORE, "local"],
  ];
  const all: [Contestant, Mode][] = [...started, [EMPTY, "local"]];
  const times = all.map(() => ({ cached: [] as number[][], uncached: [] as number[][] }));
  const imports = all.map(() => ({ whole: [] as number[], wasm: [] as number[] }));
  const starts = all.flatMap(([contestant, mode], nth) =>
    (["cached", "uncached"] as const).map((how) => ({ contestant, mode, nth, how }))
  );
  for (let round = 0; round <= extent.coldStarts; round++) {
    progress(`cold starts, round ${round} of ${extent.coldStarts}`);
    for (const { contestant, mode, nth, how } of shuffled(starts)) {
      const [ms, imported] = await coldStart(stage, contestant, mode, how === "cached");
      if (round === 0) continue;
      times[nth]?.[how].push([ms]);
      if (how === "uncached") continue;
      imports[nth]?.whole.push(imported[0]);
      imports[nth]?.wasm.push(imported[1]);
    }
  }
  const floor = times.at(-1);
  if (!floor) return;
  report.floor = { cached: spreadOf(floor.cached), uncached: spreadOf(floor.uncached) };
  for (const [nth, [{ name }, mode]] of started.entries()) {
    const [time, imported] = [times[nth], imports[nth]];
    if (!time || !imported) continue;
    const row = rowOf(report, name, mode);
    row.cold = {
      cached: overFloor(time.cached, report.floor.cached.p50),
      uncached: overFloor(time.uncached, report.floor.uncached.p50),
    };
    row.imported = spreadOf([imported.whole]);
    if (imported.wasm.some((ms) => ms > 0)) row.wasm = spreadOf([imported.wasm]);
  }
}

/** Starts in milliseconds, a round each, less what every program's start takes. */
export function overFloor(rounds: number[][], floor: number): Spread {
  return spreadOf(rounds.map((round) => round.map((ms) => ms - floor)));
}

async function coldStart(stage: Stage, contestant: Contestant, mode: Mode, codeCache: boolean) {
  const env = await settingsOf(contestant, mode, stage.upstream);
  const before = performance.now();
  const running = await start(contestant, env, stage.deno, codeCache);
  try {
    await load(running.port, requestsOf(stage, contestant), 1, { count: 1 });
    const ms = performance.now() - before;
    return [ms, await running.imported] as const;
  } finally {
    await running.stop();
  }
}
