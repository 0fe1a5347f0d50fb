/** The report as Markdown tables. */
import { MODES } from "./contestants.ts";
import { type DenoReport, type Report, type Row, type Spread, UPSTREAM_MS } from "./report.ts";
import { judge, judgeSizes, type Verdict } from "./targets.ts";

/** All tables, with what they were made by. */
export function markdown(report: Report): string {
  const { command, date, machine, commit, libraries, seconds, denos, sizes } = report;
  const parts = [
    `\`${command}\`, ${date.slice(0, 10)}, ${
      Math.round(seconds)
    } s, commit ${commit}, on ${machine}; ${libraries}.`,
    ...denos.flatMap((deno) => [`### Deno ${deno.version} (V8 ${deno.v8})`, ...tables(deno)]),
  ];
  if (sizes) {
    parts.push(
      "### What is deployed",
      table(
        ["", "KB", "gzipped"],
        sizes.map(({ name, bytes, gzipped }) => [
          name,
          (bytes / 1000).toFixed(1),
          (gzipped / 1000).toFixed(1),
        ]),
      ),
    );
    parts.push(targets(judgeSizes(report)));
  }
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}

function tables(deno: DenoReport): string[] {
  const { rows, floor, signatures, operations } = deno;
  const parts: string[] = [];
  const some = (key: keyof Row) => rows.some((row) => row[key] !== undefined);
  const of = (row: Row) => [row.name, row.mode];
  if (some("latency") || some("throughput") || some("cold")) parts.push(...inShort(rows));
  if (some("latency")) {
    const counts = UPSTREAM_MS.map((ms) => rows[0]?.latency?.[ms]?.count).join(", ");
    parts.push(
      `Latency in ms, one request at a time: median (p95, p99) of ${counts} requests; of less than 100 there is no p99. The spread is that of the medians of four rounds at 25 ms.`,
      table(
        ["", "mode", "calls", "in sequence", "at 0 ms", "at 25 ms", "at 100 ms", "spread"],
        rows.filter(({ latency }) => latency).map((row) => [
          ...of(row),
          String(row.calls ?? "–"),
          String(row.sequence ?? "–"),
          ...["0", "25", "100"].map((ms) => middle(row.latency?.[ms])),
          range(row.latency?.["25"]),
        ]),
      ),
    );
  }
  if (some("throughput")) {
    parts.push(
      `Requests a second by connections, with upstreams at 0 ms; processor time a request, and memory after the first request, after the load, and what 1,000 requests added at its end. Bare SubtleCrypto signs ${
        whole(signatures?.p50)
      } (${range(signatures, 0)}) times a second.`,
      table(
        [
          "",
          "mode",
          "1",
          "16",
          "spread",
          "64",
          "CPU ms",
          "spread",
          "MiB at first",
          "after load",
          "by 1,000",
        ],
        rows.filter(({ throughput }) => throughput).map((row) => [
          ...of(row),
          whole(row.throughput?.["1"]?.p50),
          whole(row.throughput?.["16"]?.p50),
          range(row.throughput?.["16"], 0),
          whole(row.throughput?.["64"]?.p50),
          fixed(row.cpu?.p50, 2),
          range(row.cpu, 2),
          whole(row.memory?.rest),
          whole(row.memory?.loaded),
          fixed(row.memory?.growth),
        ]),
      ),
    );
  }
  if (some("cold") && floor) {
    parts.push(
      `Cold start in ms, process start to first 200, over the floor of ${
        whole(floor.cached.p50)
      } ms (${range(floor.cached, 0)}; ${
        whole(floor.uncached.p50)
      } ms without V8's code cache); of that the import, and the WebAssembly module.`,
      table(
        ["", "mode", "code cache", "spread", "none", "import", "module"],
        rows.filter(({ cold }) => cold).map((row) => [
          ...of(row),
          fixed(row.cold?.cached.p50),
          range(row.cold?.cached),
          fixed(row.cold?.uncached.p50),
          fixed(row.imported?.p50),
          fixed(row.wasm?.p50),
        ]),
      ),
    );
  }
  if (operations) {
    parts.push(
      "One operation in µs: median, and the medians of four rounds.",
      table(
        ["", "bare SubtleCrypto", "ours", "jose"],
        operations.map(({ what, by }) => [
          what,
          ...["bare", "ours", "jose"].map((who) => `${whole(by[who]?.p50)} (${range(by[who], 0)})`),
        ]),
      ),
    );
  }
  parts.push(targets(judge(deno)));
  return parts;
}

/** Ours beside the function of today, whoever wins. */
function inShort(rows: readonly Row[]): string[] {
  const find = (name: string, mode: string) =>
    rows.find((row) => row.name === name && row.mode === mode);
  const columns = MODES.flatMap((mode) =>
    ["ours", "ours-plan-claim"].map((name) => [name, mode] as const)
  );
  const lines = IN_SHORT.map(([what, value, against, more]) => [
    what,
    ...columns.map(([name, mode]) => {
      const [ours, theirs] = [find(name, mode), find(against, mode)];
      const ratio = (ours && value(ours) || NaN) / (theirs && value(theirs) || NaN);
      return Number.isNaN(ratio)
        ? "–"
        : `${ratio.toFixed(2)} ${(more ? ratio > 1 : ratio < 1) ? "better" : "worse"}`;
    }),
  ]).filter(([, ...cells]) => cells.some((cell) => cell !== "–"));
  return [
    "In short: ours as a share of the seed's, in the same run.",
    table(["", ...columns.map(([name, mode]) => `${name}, ${mode}`)], lines),
  ];
}

/** What, the value, against whom, and whether more is better. */
const IN_SHORT: readonly [string, (row: Row) => number | undefined, string, boolean][] = [
  ["latency, upstreams at 0 ms", (row) => row.latency?.["0"]?.p50, "seed", false],
  ["latency, upstreams at 25 ms", (row) => row.latency?.["25"]?.p50, "seed", false],
  ["latency, upstreams at 100 ms", (row) => row.latency?.["100"]?.p50, "seed", false],
  ["cold start over the floor", (row) => row.cold?.cached.p50, "seed", false],
  ["the same, of the bundled seed's", (row) => row.cold?.cached.p50, "seed-bundle", false],
  ["throughput, 16 connections", (row) => row.throughput?.["16"]?.p50, "seed", true],
  ["processor a request", (row) => row.cpu?.p50, "seed", false],
  ["memory after load", (row) => row.memory?.loaded, "seed", false],
];

function targets(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "";
  const met = verdicts.filter(({ met }) => met).length;
  return `Of ${verdicts.length} targets ${met} were met.\n\n` + table(
    ["target", "wanted", "found", "beside it", ""],
    verdicts.map(({ what, wanted, found, beside, met }) => [
      what,
      wanted,
      found,
      beside,
      met ? "✓" : "✗",
    ]),
  );
}

const fixed = (value = NaN, digits = 1) => Number.isNaN(value) ? "–" : value.toFixed(digits);
const whole = (value?: number) => fixed(value, 0);
const middle = (spread?: Spread) =>
  spread
    ? `${fixed(spread.p50)} (${fixed(spread.p95)}, ${fixed(spread.count < 100 ? NaN : spread.p99)})`
    : "–";
const range = (spread?: Spread, digits = 1) =>
  spread ? `${fixed(spread.low, digits)}–${fixed(spread.high, digits)}` : "–";

/** Columns padded, as `deno fmt` leaves them; numbers to the right would need its say. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
