/** The report as Markdown tables. */
import type { DenoReport, Report, Row, Spread } from "./report.ts";
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
  if (some("latency")) {
    parts.push(
      "Latency in ms, one request at a time: median (p95, p99). The spread is that of the medians of four rounds at 25 ms.",
      table(
        ["", "mode", "calls", "in sequence", "at 0 ms", "at 25 ms", "at 100 ms", "spread"],
        rows.map((row) => [
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
      `Requests a second by connections, with upstreams at 0 ms; processor time a request, and memory. Bare SubtleCrypto signs ${
        signatures?.p50.toFixed(0)
      } times a second.`,
      table(
        ["", "mode", "1", "16", "spread", "64", "CPU ms", "MiB at rest", "after load"],
        rows.map((row) => [
          ...of(row),
          whole(row.throughput?.["1"]?.p50),
          whole(row.throughput?.["16"]?.p50),
          range(row.throughput?.["16"], 0),
          whole(row.throughput?.["64"]?.p50),
          (row.cpu ?? NaN).toFixed(2),
          whole(row.memory?.rest),
          whole(row.memory?.loaded),
        ]),
      ),
    );
  }
  if (some("cold") && floor) {
    parts.push(
      `Cold start in ms, process start to first 200, over the floor of ${
        floor.cached.p50.toFixed(0)
      } ms (${
        floor.uncached.p50.toFixed(0)
      } ms without V8's code cache); of that the import, and the WebAssembly module.`,
      table(
        ["", "mode", "code cache", "spread", "none", "import", "module"],
        rows.map((row) => [
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
      "One operation in µs, median.",
      table(
        ["", "bare SubtleCrypto", "ours", "jose"],
        operations.map(({ what, by }) => [
          what,
          ...["bare", "ours", "jose"].map((who) => whole(by[who]?.p50)),
        ]),
      ),
    );
  }
  parts.push(targets(judge(deno)));
  return parts;
}

function targets(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "";
  return table(
    ["target", "wanted", "found", "the bare calls", ""],
    verdicts.map(({ what, wanted, found, bare = "–", met }) => [
      what,
      wanted,
      found,
      bare,
      met ? "✓" : "✗",
    ]),
  );
}

const fixed = (value = NaN, digits = 1) => Number.isNaN(value) ? "–" : value.toFixed(digits);
const whole = (value?: number) => fixed(value, 0);
const middle = (spread?: Spread) =>
  spread ? `${fixed(spread.p50)} (${fixed(spread.p95)}, ${fixed(spread.p99)})` : "–";
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
