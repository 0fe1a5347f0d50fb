/**
 * What a run should show on the Deno that is hosted. Each target is a ratio within that one run, or a
 * number of calls or bytes.
 */
import { HOSTED_DENO } from "../dev/run/denos.ts";
import type { DenoReport, Report, Row } from "./report.ts";

/** A target, and whether it was met. */
export interface Verdict {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  /** What contestants reach that check nothing, and the core alone, by name. */
  readonly beside: string;
  readonly met: boolean;
}

/** NaN, where something was not measured, meets no target. */
type Reading = (deno: DenoReport) => number;

interface Target {
  readonly what: string;
  readonly found: Reading;
  /** The same of contestants that check nothing, and of the core alone, by name. */
  readonly beside?: Readonly<Record<string, Reading>>;
  readonly limit: number;
  /** Whether more is better. */
  readonly more?: boolean;
}

const row = ({ rows }: DenoReport, name: string, mode: string): Partial<Row> =>
  rows.find((row) => row.name === name && row.mode === mode) ?? {};

/** One contestant's value as a share of another's, in the same mode. */
function share(
  name: string,
  of: string,
  mode: string,
  value: (row: Partial<Row>) => number | undefined,
): Reading {
  return (deno) => (value(row(deno, name, mode)) ?? NaN) / (value(row(deno, of, mode)) ?? NaN);
}

/** Ours as a share of another's, of one cryptographic operation. */
function cost(what: string, by: string): Reading {
  return ({ operations = [] }) => {
    const found = operations.find((one) => one.what === what)?.by;
    return (found?.ours?.p50 ?? NaN) / (found?.[by]?.p50 ?? NaN);
  };
}

/** Tokens a second, as a share of the signatures that SubtleCrypto alone makes. */
function ofSignatures(name: string): Reading {
  return (deno) => (at16(row(deno, name, "local")) ?? NaN) / (deno.signatures?.p50 ?? NaN);
}

const at25 = ({ latency }: Partial<Row>) => latency?.["25"]?.p50;
const at16 = ({ throughput }: Partial<Row>) => throughput?.["16"]?.p50;
const cached = ({ cold }: Partial<Row>) => cold?.cached.p50;
const uncached = ({ cold }: Partial<Row>) => cold?.uncached.p50;
const cpu = ({ cpu }: Partial<Row>) => cpu?.p50;
const loaded = ({ memory }: Partial<Row>) => memory?.loaded;

/** Calls in sequence. */
const sequence = (name: string, mode: string): Reading => (deno) =>
  row(deno, name, mode).sequence ?? NaN;

const TARGETS: readonly Target[] = [
  { what: "calls in sequence: API key, user check", found: sequence("ours", "api-key"), limit: 2 },
  { what: "calls in sequence: local, user check", found: sequence("ours", "local"), limit: 1 },
  {
    what: "calls in sequence: API key, claims",
    found: sequence("ours-plan-claim", "api-key"),
    limit: 1,
  },
  {
    what: "calls in sequence: local, claims",
    found: sequence("ours-plan-claim", "local"),
    limit: 0,
  },
  {
    what: "p50 at 25 ms: local, user check, of the seed's",
    found: share("ours", "seed", "local", at25),
    beside: { bare: share("bare", "seed", "local", at25) },
    limit: 0.53,
  },
  {
    what: "p50 at 25 ms: API key, user check, of the seed's",
    found: share("ours", "seed", "api-key", at25),
    beside: { bare: share("bare", "seed", "api-key", at25) },
    limit: 0.68,
  },
  {
    what: "p50 at 25 ms: local, claims, of the seed's",
    found: share("ours-plan-claim", "seed", "local", at25),
    beside: { bare: share("bare-claims", "seed", "local", at25) },
    limit: 0.05,
  },
  ...([["code cache", cached, 1, 0.85], ["no code cache", uncached, 0.9, 0.8]] as const).flatMap(
    ([how, value, limit, claimsLimit]): Target[] => [
      {
        what: `cold start over the floor, ${how}: API key, of the bundled seed's`,
        found: share("ours", "seed-bundle", "api-key", value),
        beside: {
          bare: share("bare", "seed-bundle", "api-key", value),
          core: share("core", "seed-bundle", "api-key", value),
        },
        limit,
      },
      {
        what: `the same with user and plan from claims`,
        found: share("ours-plan-claim", "seed-bundle", "api-key", value),
        beside: {
          bare: share("bare-claims", "seed-bundle", "api-key", value),
          core: share("core", "seed-bundle", "api-key", value),
        },
        limit: claimsLimit,
      },
    ],
  ),
  {
    what: "processor a request: API key, of the bare calls'",
    found: share("ours", "bare", "api-key", cpu),
    beside: { bounded: share("bounded", "bare", "api-key", cpu) },
    limit: 1.3,
  },
  {
    what: "the same with user and plan from claims",
    found: share("ours-plan-claim", "bare-claims", "api-key", cpu),
    beside: { bounded: share("bounded-claims", "bare-claims", "api-key", cpu) },
    limit: 1.4,
  },
  {
    what: "throughput at 16: API key, claims, of the seed's",
    found: share("ours-plan-claim", "seed", "api-key", at16),
    beside: { bare: share("bare-claims", "seed", "api-key", at16) },
    limit: 2,
    more: true,
  },
  {
    what: "throughput at 16: local, claims, of bare SubtleCrypto's signatures",
    found: ofSignatures("ours-plan-claim"),
    beside: { bare: ofSignatures("bare-claims") },
    limit: 0.82,
    more: true,
  },
  ...["ES256", "RS256"].map((algorithm): Target => ({
    what: `verify ${algorithm}, of bare SubtleCrypto`,
    found: cost(`verify ${algorithm}`, "bare"),
    limit: 1.15,
  })),
  { what: "sign RS256, of bare SubtleCrypto", found: cost("sign RS256", "bare"), limit: 1.15 },
  { what: "verify HS256, of jose", found: cost("verify HS256", "jose"), limit: 0.3 },
  {
    what: "memory after load: API key, user check, of the seed's",
    found: share("ours", "seed", "api-key", loaded),
    beside: { bare: share("bare", "seed", "api-key", loaded) },
    limit: 0.4,
  },
];

/** In two digits, or three where two would look as if the target itself had been found. */
function written(number: number, limit: number): string {
  if (Number.isInteger(number)) return String(number);
  return number.toFixed(Number(number.toFixed(2)) === limit ? 3 : 2);
}

/** Judges the Deno that is hosted, and no other; what was not measured is left out. */
export function judge(deno: DenoReport): Verdict[] {
  if (deno.version !== HOSTED_DENO) return [];
  return TARGETS.flatMap(({ what, found, beside = {}, limit, more }): Verdict[] => {
    const number = found(deno);
    if (Number.isNaN(number)) return [];
    return [{
      what,
      wanted: `${more ? "≥" : "≤"} ${limit}`,
      found: written(number, limit),
      beside: Object.entries(beside)
        .map(([name, reading]) => `${name} ${written(reading(deno), limit)}`).join(", ") || "–",
      met: more ? number >= limit : number <= limit,
    }];
  });
}

/** Judges what is deployed. */
export function judgeSizes({ sizes = [] }: Report): Verdict[] {
  const ours = sizes.find(({ name }) => name === "ours");
  if (!ours) return [];
  return ([["deployed", ours.bytes, 240], ["deployed, gzipped", ours.gzipped, 100]] as const).map(
    ([what, bytes, limit]) => ({
      what,
      wanted: `≤ ${limit} KB`,
      found: `${(bytes / 1000).toFixed(1)} KB`,
      beside: "–",
      met: bytes <= limit * 1000,
    }),
  );
}
