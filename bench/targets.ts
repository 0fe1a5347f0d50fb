/** What a run should show. Each target is a ratio within that one run, or a number of calls or bytes. */
import type { DenoReport, Report, Row } from "./report.ts";

/** A target, and whether it was met. */
export interface Verdict {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  /** What the bare calls reach; nothing where there is nothing barer. */
  readonly bare?: string;
  readonly met: boolean;
}

/** NaN, where something was not measured, meets no target. */
type Reading = (deno: DenoReport) => number;

interface Target {
  readonly what: string;
  readonly found: Reading;
  /** The same of the contestant that makes the same calls and checks nothing. */
  readonly bare?: Reading;
  readonly limit: number;
  /** Whether more is better. */
  readonly least?: boolean;
}

const row = ({ rows }: DenoReport, name: string, mode: string): Partial<Row> =>
  rows.find((row) => row.name === name && row.mode === mode) ?? {};

/**
 * Ours as a share of the seed's, in the same mode. Which session tokens it is sent is all the same to
 * the seed's function: it verifies none.
 */
function share(name: string, mode: string, value: (row: Partial<Row>) => number | undefined) {
  return (deno: DenoReport) =>
    (value(row(deno, name, mode)) ?? NaN) / (value(row(deno, "seed", mode)) ?? NaN);
}

/** The bare calls and the core's opening together, as a share of the seed's. */
function withCore(bare: string, mode: string, value: (row: Partial<Row>) => number | undefined) {
  const [calls, core] = [share(bare, mode, value), share("core", mode, value)];
  return (deno: DenoReport) => calls(deno) + core(deno);
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
    found: share("ours", "local", at25),
    bare: share("bare", "local", at25),
    limit: 0.55,
  },
  {
    what: "p50 at 25 ms: API key, user check, of the seed's",
    found: share("ours", "api-key", at25),
    bare: share("bare", "api-key", at25),
    limit: 0.7,
  },
  {
    what: "p50 at 25 ms: local, claims, of the seed's",
    found: share("ours-plan-claim", "local", at25),
    bare: share("bare-claims", "local", at25),
    limit: 0.06,
  },
  ...(["api-key", "local"] as const).flatMap((mode) =>
    ([["ours", "bare"], ["ours-plan-claim", "bare-claims"]] as const).flatMap((
      [name, bare],
    ): Target[] => [
      {
        what: `cold start over the floor, no code cache: ${mode}, ${name}, of the seed's`,
        found: share(name, mode, uncached),
        bare: withCore(bare, mode, uncached),
        limit: 0.15,
      },
      {
        what: `cold start over the floor, code cache: ${mode}, ${name}, of the seed's`,
        found: share(name, mode, cached),
        bare: withCore(bare, mode, cached),
        limit: 0.2,
      },
    ])
  ),
  {
    what: "throughput at 16: API key, claims, of the seed's",
    found: share("ours-plan-claim", "api-key", at16),
    bare: share("bare-claims", "api-key", at16),
    limit: 2,
    least: true,
  },
  {
    what: "the same, with HS256 session tokens",
    found: share("ours-plan-claim-hs256", "api-key", at16),
    limit: 2,
    least: true,
  },
  {
    what: "throughput at 16: local, claims, of bare SubtleCrypto's signatures",
    found: ofSignatures("ours-plan-claim"),
    bare: ofSignatures("bare-claims"),
    limit: 0.9,
    least: true,
  },
  {
    what: "throughput at 16: local, claims, of the seed's",
    found: share("ours-plan-claim", "local", at16),
    bare: share("bare-claims", "local", at16),
    limit: 1.3,
    least: true,
  },
  {
    what: "processor a request: API key, user check, of the seed's",
    found: share("ours", "api-key", cpu),
    bare: share("bare", "api-key", cpu),
    limit: 0.7,
  },
  {
    what: "the same, with HS256 session tokens",
    found: share("ours-hs256", "api-key", cpu),
    limit: 0.7,
  },
  ...["ES256", "RS256", "EdDSA"].map((algorithm): Target => ({
    what: `verify ${algorithm}, of bare SubtleCrypto`,
    found: cost(`verify ${algorithm}`, "bare"),
    limit: 1.15,
  })),
  { what: "sign RS256, of bare SubtleCrypto", found: cost("sign RS256", "bare"), limit: 1.15 },
  { what: "verify HS256, of jose", found: cost("verify HS256", "jose"), limit: 0.3 },
  {
    what: "memory after load: API key, user check, of the seed's",
    found: share("ours", "api-key", loaded),
    bare: share("bare", "api-key", loaded),
    limit: 0.5,
  },
  {
    what: "memory after load: local, user check, of the seed's",
    found: share("ours", "local", loaded),
    bare: share("bare", "local", loaded),
    limit: 0.5,
  },
];

/** In two digits, or three where two would look as if the target itself had been found. */
function written(number: number, limit: number): string {
  if (Number.isInteger(number)) return String(number);
  return number.toFixed(Number(number.toFixed(2)) === limit ? 3 : 2);
}

/** Judges one Deno; what was not measured is left out. */
export function judge(deno: DenoReport): Verdict[] {
  return TARGETS.flatMap(({ what, found, bare, limit, least }): Verdict[] => {
    const number = found(deno);
    if (Number.isNaN(number)) return [];
    return [{
      what,
      wanted: `${least ? "≥" : "≤"} ${limit}`,
      found: written(number, limit),
      bare: bare?.(deno).toFixed(2),
      met: least ? number >= limit : number <= limit,
    }];
  });
}

/** Judges what is deployed. */
export function judgeSizes({ sizes = [] }: Report): Verdict[] {
  const ours = sizes.find(({ name }) => name === "ours");
  if (!ours) return [];
  return ([["deployed", ours.bytes, 300], ["deployed, gzipped", ours.gzipped, 120]] as const).map(
    ([what, bytes, limit]) => ({
      what,
      wanted: `≤ ${limit} KB`,
      found: `${(bytes / 1000).toFixed(1)} KB`,
      met: bytes <= limit * 1000,
    }),
  );
}
