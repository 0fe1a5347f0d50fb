/** What a run found. */

/** The middle and the upper end of many values, and how far the middle of each round strayed. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The smallest and the largest median of a round. */
  readonly low: number;
  readonly high: number;
  /** How many values there were. */
  readonly count: number;
}

export const CONNECTIONS = [1, 16, 64] as const;
/** Milliseconds that each upstream takes to answer. */
export const UPSTREAM_MS = [0, 25, 100] as const;

/** What was measured of one contestant in one mode. What was left out is not there. */
export interface Row {
  readonly name: string;
  readonly mode: string;
  /** Upstream calls a request, and how many of them in sequence. */
  calls?: number;
  sequence?: number;
  /** Milliseconds from request to answer, one at a time, by the upstreams' time. */
  latency?: Record<string, Spread>;
  /** Milliseconds from the start of the process to the first 200, less the floor's. */
  cold?: { readonly cached: Spread; readonly uncached: Spread };
  /** Milliseconds that the import of the entry point took, and the WebAssembly module of that. */
  imported?: Spread;
  wasm?: Spread;
  /** Requests a second, by connections. */
  throughput?: Record<string, Spread>;
  /** Milliseconds of processor a request, at 16 connections. */
  cpu?: Spread;
  /** MiB after the first request, and after the load; and what 1,000 requests more add at its end. */
  memory?: { readonly rest: number; readonly loaded: number; readonly growth: number };
}

/** Microseconds of one cryptographic operation, by who did it. */
export interface Operation {
  readonly what: string;
  readonly by: Record<string, Spread>;
}

/** What was measured on one Deno. */
export interface DenoReport {
  readonly version: string;
  readonly v8: string;
  /** Milliseconds that the floor's own cold start took. */
  floor?: { readonly cached: Spread; readonly uncached: Spread };
  readonly rows: Row[];
  /** RS256 signatures a second that bare SubtleCrypto made, 16 under way. */
  signatures?: Spread;
  operations?: Operation[];
}

/** Bytes that are deployed. */
export interface Size {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

/** A whole run. */
export interface Report {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly commit: string;
  readonly libraries: string;
  readonly seconds: number;
  readonly denos: DenoReport[];
  readonly sizes?: Size[];
}

/** @param rounds the values, round by round */
export function spreadOf(rounds: readonly (readonly number[])[]): Spread {
  const all = rounds.flat();
  const medians = rounds.filter((round) => round.length > 0).map((round) => quantile(round, 0.5));
  return {
    p50: quantile(all, 0.5),
    p95: quantile(all, 0.95),
    p99: quantile(all, 0.99),
    low: Math.min(...medians),
    high: Math.max(...medians),
    count: all.length,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const place = sorted.length * share;
  const above = sorted[Math.min(sorted.length - 1, Math.floor(place))] ?? NaN;
  // Between two values in the middle, neither is.
  return share === 0.5 && Number.isInteger(place)
    ? (above + (sorted[place - 1] ?? NaN)) / 2
    : above;
}
