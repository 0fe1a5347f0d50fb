/** The report as a picture: one small chart a measure, each with its own scale. */
import { compile, type TopLevelSpec } from "vega-lite";
import { parse, View } from "vega";
import { HOSTED_DENO } from "../dev/run/denos.ts";
import type { DenoReport, Report, Row } from "./report.ts";

const NAMES: Record<string, string> = {
  seed: "today's function (supabase-js, jose)",
  "seed-bundle": "the same, bundled and minified",
  server: "on @supabase/server, no user check",
  ours: "ours",
  "ours-claims": "ours, user by claims",
  "ours-plan-claim": "ours, user and plan by claims",
  bare: "bare calls, nothing checked",
  "bare-claims": "bare, user and plan by claims",
};
const COLOURS = [
  "#6f7885",
  "#8a93a0",
  "#b3b9c2",
  "#0b7a5b",
  "#2ea37f",
  "#7fd1b5",
  "#e6d9b8",
  "#e6d9b8",
];

const MEASURES: readonly [string, (row: Row) => number | undefined][] = [
  ["Latency, upstreams at 25 ms (ms)", (row) => row.latency?.["25"]?.p50],
  ["Cold start over the floor (ms)", (row) => row.cold?.cached.p50],
  ["Throughput at 16 connections (1/s)", (row) => row.throughput?.["16"]?.p50],
  ["CPU a request (ms)", (row) => row.cpu?.p50],
  ["Memory after load (MiB)", (row) => row.memory?.loaded],
];

/** Draws a whole run as SVG, as it was on the Deno that is nearest to what Supabase hosts. */
export async function chart(report: Report): Promise<string> {
  const deno = report.denos.find(({ version }) => version === HOSTED_DENO);
  if (!deno) throw new Error("the hosted Deno was not measured");
  const { spec } = compile(specOf(deno, report));
  return await new View(parse(spec), { renderer: "none" }).toSVG() + "\n";
}

function specOf(deno: DenoReport, { machine, date }: Report): TopLevelSpec {
  const modes = [["local", "signed here"], ["api-key", "minted by Behest"]] as const;
  const y = { field: "who", type: "nominal", sort: Object.values(NAMES), title: null } as const;
  return {
    background: "white",
    padding: 12,
    title: {
      text: `behest-token and what it replaces, on Deno ${deno.version}`,
      subtitle: `${date.slice(0, 10)}, ${machine}`,
      anchor: "start",
    },
    spacing: 24,
    hconcat: modes.map(([mode, title], column) => ({
      title,
      spacing: 14,
      vconcat: MEASURES.map(([measure, value]) => ({
        width: 300,
        height: 136,
        data: {
          values: deno.rows.filter((row) => row.mode === mode && NAMES[row.name]).map((row) => ({
            who: NAMES[row.name],
            value: value(row) ?? 0,
          })),
        },
        encoding: {
          y: { ...y, axis: { labels: column === 0, ticks: false, labelLimit: 400 } },
          x: { field: "value", type: "quantitative", title: measure },
        },
        layer: [{
          mark: { type: "bar" },
          encoding: {
            color: {
              field: "who",
              type: "nominal",
              legend: null,
              scale: { domain: Object.values(NAMES), range: COLOURS },
            },
          },
        }, {
          mark: { type: "text", align: "left", dx: 3 },
          encoding: { text: { field: "value", type: "quantitative", format: ".3~r" } },
        }],
      })),
    })),
    config: { view: { stroke: null }, font: "sans-serif" },
  } as unknown as TopLevelSpec;
}
