/** What is measured of processes that stay: each measure goes through the contestants again and again. */
import {
  type Contestant,
  entrants,
  type Mode,
  type Requests,
  settingsOf,
  SIGN,
} from "./contestants.ts";
import { Connection, load } from "./load.ts";
import { cpuOf, memoryOf, type Running, start } from "./process.ts";
import { CONNECTIONS, type DenoReport, type Row, spreadOf, UPSTREAM_MS } from "./report.ts";
import type { Counts } from "./upstream.ts";

/** How much is measured. */
export interface Extent {
  readonly coldStarts: number;
  /** Visits to each contestant with load. */
  readonly rounds: number;
  /** Requests of each contestant at each of `UPSTREAM_MS`. */
  readonly requests: readonly number[];
  /** Milliseconds of load before a visit, so that V8 has compiled what it will. */
  readonly warmMs: number;
  /** Milliseconds of load a contestant, round and number of connections. */
  readonly loadMs: number;
  /** Turns of each cryptographic operation. */
  readonly turns: number;
}

/** The stage of one Deno. */
export interface Stage {
  readonly deno: string;
  /** Of the double. */
  readonly upstream: string;
  readonly requests: Requests;
  readonly extent: Extent;
  /** A folder with another state of this repository, measured as well. */
  readonly beside?: string;
  readonly report: DenoReport;
  readonly progress: (what: string) => void;
}

/** One contestant in one mode, while it runs. */
interface Runner {
  readonly row: Row;
  readonly running: Running;
  readonly requests: readonly Uint8Array[];
  readonly rest: number;
}

/** In another order each time, so that it does not count who comes after whom. */
export function shuffled<T>(list: Iterable<T>): T[] {
  return Array.from(list, (one) => [Math.random(), one] as const)
    .sort(([a], [b]) => a - b).map(([, one]) => one);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sets the upstreams' time, and gives what they counted until then. */
export function upstream({ upstream }: Stage, ms: number): Promise<Counts> {
  return readUpstream(upstream, ms);
}

async function readUpstream(url: string, ms: number): Promise<Counts> {
  return await (await fetch(`${url}/bench?ms=${ms}`)).json();
}

/** Everything that is measured of processes that stay: calls, latency, throughput, processor, memory. */
export async function measureRunning(
  stage: Stage,
  what: { latency: boolean; throughput: boolean },
): Promise<void> {
  await upstream(stage, 0);
  const runners: Runner[] = [];
  const sign = await start(SIGN, await settingsOf(SIGN, "local", ""), stage.deno, true);
  try {
    for (const [contestant, mode] of entrants(stage.beside)) {
      stage.progress(`start ${contestant.name}, ${mode}`);
      const env = await settingsOf(contestant, mode, stage.upstream);
      const running = await start(contestant, env, stage.deno, true);
      const requests = requestsOf(stage, contestant);
      await load(running.port, requests, 1, { count: 1 });
      const row = rowOf(stage.report, contestant.name, mode);
      runners.push({ row, running, requests, rest: await memoryOf(running.pid) });
    }
    await (await fetch(`http://127.0.0.1:${sign.port}/?ms=${stage.extent.warmMs}`)).body?.cancel();
    for (const { row, running, requests } of runners) {
      stage.progress(`warm up ${row.name}, ${row.mode}`);
      await load(running.port, requests, 16, { ms: stage.extent.warmMs });
    }
    if (what.latency) await measureLatency(stage, runners);
    if (what.throughput) await measureThroughput(stage, runners, sign);
  } finally {
    await Promise.all([sign, ...runners.map(({ running }) => running)].map((one) => one.stop()));
  }
}

/**
 * One request at a time of each contestant. They begin one after the other, with so much time between
 * that few compute at once, and while they wait for their upstreams the next ones begin.
 */
async function measureLatency(stage: Stage, runners: readonly Runner[]): Promise<void> {
  const connections = await Promise.all(
    runners.map(({ running }) => Connection.open(running.port)),
  );
  for (const [nth, ms] of UPSTREAM_MS.entries()) {
    const beats = stage.extent.requests[nth] ?? 0;
    await upstream(stage, ms);
    const rounds = runners.map(() => [[]] as number[][]);
    const underWay = runners.map(() => Promise.resolve());
    for (let beat = 0; beat < beats; beat++) {
      if (beat % 10 === 0) {
        stage.progress(`latency with upstreams at ${ms} ms, request ${beat} of ${beats}`);
      }
      for (const [which, connection] of shuffled(connections.entries())) {
        const ask = async () => {
          const requests = runners[which]?.requests ?? [];
          const request = requests[beat % requests.length] as Uint8Array;
          const before = performance.now();
          await connection.ask(request);
          const list = rounds[which] as number[][];
          // Four rounds, to see how far a median strays.
          (list[Math.floor(beat * 4 / beats)] ??= []).push(performance.now() - before);
        };
        await underWay[which];
        const asked = underWay[which] = ask();
        // Without upstreams to wait for, it computes all the time.
        await (STAGGER_MS[ms] === undefined ? asked : pause(STAGGER_MS[ms]));
      }
    }
    await Promise.all(underWay);
    for (const [which, { row }] of runners.entries()) {
      (row.latency ??= {})[ms] = spreadOf(rounds[which] ?? []);
    }
  }
  connections.forEach((connection) => connection.close());
  for (const { row, running, requests } of runners) {
    Object.assign(row, await countCalls(stage.upstream, running.port, requests));
  }
}

/**
 * Milliseconds from one contestant's request to the next one's, for each time of the upstreams: longer
 * than any computes at a time, and such that none begins within 4 ms of the first or second answer to
 * another.
 */
const STAGGER_MS: Readonly<Record<number, number>> = { 25: 15, 100: 19 };

/**
 * Upstream calls a request, and how many of them in sequence: the least of some requests asked one by
 * one, since a machine that stalls can make calls that belong together come apart, and never the reverse.
 */
export async function countCalls(
  upstreamUrl: string,
  port: number,
  requests: readonly Uint8Array[],
): Promise<Counts> {
  const times = 10;
  // So slow that calls that are made together are under way together.
  await readUpstream(upstreamUrl, 10);
  let calls = 0;
  let sequence = Infinity;
  for (let nth = 0; nth < times; nth++) {
    await load(port, [requests[nth % requests.length] as Uint8Array], 1, { count: 1 });
    const counts = await readUpstream(upstreamUrl, 10);
    calls += counts.calls;
    sequence = Math.min(sequence, counts.sequence);
  }
  await readUpstream(upstreamUrl, 0);
  return { calls: calls / times, sequence };
}

/** The connections of one visit to a contestant: most is judged at 16. */
const VISIT = [16, 16, 1, 64] as const;

/**
 * A few long visits to each contestant rather than many short ones: after some pauses of ten seconds
 * V8 has dropped so much of a function that a short visit measures its recovery.
 */
async function measureThroughput(stage: Stage, runners: readonly Runner[], sign: Running) {
  const { loadMs, rounds, warmMs } = stage.extent;
  await upstream(stage, 0);
  const rates = runners.map(() => new Map(CONNECTIONS.map((one) => [one, [] as number[][]])));
  const cpu = runners.map(() => [] as number[][]);
  const sizes = runners.map(() => [] as { requests: number; mib: number }[]);
  const served = runners.map(() => 0);
  const signed: number[][] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const [nth, { row, running, requests }] of runners.entries()) {
      stage.progress(`throughput of ${row.name}, ${row.mode}, round ${round} of ${rounds}`);
      // V8 lets go of what rests. A function that rested while the others ran has to find its pace.
      await load(running.port, requests, 16, { ms: warmMs });
      for (const connections of VISIT) {
        const before = await cpuOf(running.pid);
        const run = await load(running.port, requests, connections, { ms: loadMs });
        const requested = run.latencies.length;
        rates[nth]?.get(connections)?.push([requested / run.ms * 1000]);
        served[nth] = (served[nth] ?? 0) + requested;
        if (connections !== 16) continue;
        cpu[nth]?.push([(await cpuOf(running.pid) - before) / requested]);
        sizes[nth]?.push({ requests: served[nth] ?? 0, mib: await memoryOf(running.pid) });
      }
    }
    for (let time = 0; time < 2; time++) {
      const response = await fetch(`http://127.0.0.1:${sign.port}/?ms=${loadMs}`);
      signed.push([await response.json()]);
    }
  }
  stage.report.signatures = spreadOf(signed);
  for (const [nth, { row, running, rest }] of runners.entries()) {
    const [first, last] = [sizes[nth]?.at(0), sizes[nth]?.at(-1)];
    if (!first || !last) continue;
    row.throughput = Object.fromEntries(
      [...rates[nth] ?? []].map(([connections, rates]) => [connections, spreadOf(rates)]),
    );
    row.cpu = spreadOf(cpu[nth] ?? []);
    const growth = (last.mib - first.mib) / (last.requests - first.requests) * 1000;
    row.memory = { rest, loaded: await memoryOf(running.pid), growth };
  }
}

export function requestsOf({ requests }: Stage, { hs256 }: Contestant): readonly Uint8Array[] {
  return hs256 ? requests.hs256 : requests.es256;
}

export function rowOf({ rows }: DenoReport, name: string, mode: Mode): Row {
  const found = rows.find((row) => row.name === name && row.mode === mode);
  if (found) return found;
  const row: Row = { name, mode };
  rows.push(row);
  return row;
}
