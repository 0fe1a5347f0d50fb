/** `deno task bench`: this function, the one it replaces, and the floor, side by side in one run. */
import { cpus, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { startChild } from "../dev/stack/child.ts";
import { findDeno, HOSTED_DENO } from "../dev/run/denos.ts";
import { chart } from "./chart.ts";
import { measureCold } from "./cold.ts";
import { makeUsers } from "./contestants.ts";
import type { Costs } from "./crypto.ts";
import { markdown } from "./markdown.ts";
import { type Extent, measureRunning, type Stage } from "./measures.ts";
import { bundle, fetchLibraries, output } from "./process.ts";
import { type DenoReport, type Report, spreadOf } from "./report.ts";
import { measureSizes } from "./size.ts";

const MEASURES = ["cold", "latency", "throughput", "crypto", "size"] as const;
type Measure = typeof MEASURES[number];

const HELP =
  `Measures this function beside the one of Behest's page, in one run, on this Deno and on
${HOSTED_DENO}. Takes about twelve minutes; leave the machine alone meanwhile.

  deno task bench [--quick] [--only MEASURE,…] [--beside FOLDER] [--json] [--write]

  --quick   under a minute, on this Deno alone; a rough look
  --only    some of ${MEASURES.join(", ")}; processor and memory come with throughput
  --beside  another state of this repository (git worktree), measured as well
  --json    the result as JSON on standard output, in place of the tables
  --write   puts the result into docs/, where the README shows it; a whole run alone may

The tables, the JSON and, of a whole run, the chart are in bench/out/ afterwards. Processor and memory
are read from /proc, which Linux alone has.

Exit code: 0 measured, 1 something did not run, 2 wrong usage. A target that is missed is no failure.`;

const ROOT = new URL("..", import.meta.url);
const OUT = new URL("bench/out/", ROOT);
const DOCS = new URL("docs/", ROOT);

const WHOLE: Extent = {
  coldStarts: 25,
  rounds: 2,
  requests: [120, 100, 100],
  warmMs: 1000,
  loadMs: 600,
  turns: 8,
};
const QUICK: Extent = {
  coldStarts: 2,
  rounds: 1,
  requests: [40, 12, 6],
  warmMs: 200,
  loadMs: 200,
  turns: 4,
};

interface Options {
  readonly quick: boolean;
  readonly only: ReadonlySet<Measure>;
  readonly beside?: string;
  readonly json: boolean;
  readonly write: boolean;
}

/** @throws {Error} that says what is wrong with the command line */
function optionsOf(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      beside: { type: "string" },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const names = values.only?.split(",") ?? [...MEASURES];
  const unknown = names.find((name) => !MEASURES.includes(name as Measure));
  if (unknown !== undefined) throw new Error(`--only: there is no measure "${unknown}"`);
  const { quick, beside, json, write } = values;
  if (write && (quick || beside !== undefined || values.only !== undefined)) {
    throw new Error("--write: a whole run alone goes into docs/");
  }
  return { quick, only: new Set(names as Measure[]), beside, json, write };
}

/** One line that changes on a terminal; else a line a step. */
function progress(text: string): void {
  const seconds = Math.round(performance.now() / 1000);
  const end = Deno.stderr.isTerminal() ? "\x1b[K\r" : "\n";
  Deno.stderr.writeSync(
    new TextEncoder().encode(`${String(seconds).padStart(4)} s  ${text}${end}`),
  );
}

async function measure({ quick, only, beside }: Options): Promise<Report> {
  const extent = quick ? QUICK : WHOLE;
  const { requests, ready } = await makeUsers(64);
  const upstream = await startChild({
    name: "The double of Supabase and Behest",
    deno: Deno.execPath(),
    args: ["--allow-net=127.0.0.1", "bench/upstream.ts"],
    env: {},
    inheritEnv: false,
    onLine: console.error,
  });
  try {
    await fetch(`${upstream.url}/bench/users`, { method: "POST", body: JSON.stringify(ready) });
    const denos: DenoReport[] = [];
    const versions = new Set(quick ? [Deno.version.deno] : [Deno.version.deno, HOSTED_DENO]);
    // Both are here before minutes are spent on the first.
    for (const version of versions) await fetchLibraries(await findDeno(version));
    await bundle("seed");
    const sizes = only.has("size") ? await measureSizes() : undefined;
    for (const version of versions) {
      const deno = await findDeno(version);
      const report: DenoReport = { version, v8: await v8Of(deno), rows: [] };
      denos.push(report);
      const stage: Stage = {
        deno,
        upstream: upstream.url,
        requests,
        extent,
        beside,
        report,
        progress: (what) => progress(`Deno ${version}: ${what}`),
      };
      if (only.has("cold")) await measureCold(stage);
      const running = { latency: only.has("latency"), throughput: only.has("throughput") };
      if (running.latency || running.throughput) await measureRunning(stage, running);
      if (only.has("crypto")) {
        stage.progress("verify and sign");
        const costs = await measureCrypto(deno, extent.turns);
        Object.assign(report, {
          operations: Object.entries(costs).map(([what, by]) => ({
            what,
            by: Object.fromEntries(
              Object.entries(by).map(([who, times]) => [who, spreadOf(quarters(times))]),
            ),
          })),
        });
      }
    }
    return {
      command: ["deno task bench", ...Deno.args].join(" "),
      date: new Date().toISOString(),
      machine: machine(),
      commit: await commit(),
      libraries: await libraries(),
      seconds: performance.now() / 1000,
      denos,
      sizes,
    };
  } finally {
    await upstream.stop();
  }
}

async function measureCrypto(deno: string, turns: number): Promise<Costs> {
  return JSON.parse(
    await output(deno, [
      "run",
      "--no-lock",
      "--no-check",
      "-A",
      "bench/crypto.ts",
      String(turns),
    ]),
  );
}

async function v8Of(deno: string): Promise<string> {
  return (await output(deno, ["eval", "--no-config", "--no-lock", "console.log(Deno.version.v8)"]))
    .trim();
}

/** Values in four rounds, in their order. */
function quarters(values: readonly number[]): number[][] {
  const length = Math.ceil(values.length / 4);
  return [0, 1, 2, 3].map((nth) => values.slice(nth * length, (nth + 1) * length));
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${memory} GiB, ${type()}`;
}

async function commit(): Promise<string> {
  return await output("git", ["describe", "--always", "--exclude=*", "--dirty"])
    .then((text) => text.trim()).catch(() => "unknown");
}

/** The contestants' libraries, as the import map pins them. */
async function libraries(): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  return ["@supabase/supabase-js", "jose", "@supabase/server"]
    .map((name) => String(imports[name]).replace(/^npm:/, "")).join(", ");
}

/** Writes what a run found; the chart needs a whole run. */
async function keep(report: Report, { quick, only, write }: Options): Promise<void> {
  const whole = !quick && only.size === MEASURES.length;
  await Deno.mkdir(OUT, { recursive: true });
  const json = JSON.stringify(report, null, 2) + "\n";
  await Deno.writeTextFile(new URL("benchmark.json", OUT), json);
  await Deno.writeTextFile(new URL("benchmark.md", OUT), markdown(report));
  const svg = whole ? await chart(report) : undefined;
  // One of a run before would not belong to these tables.
  await Deno.remove(new URL("benchmark.svg", OUT)).catch(() => {});
  if (svg) await Deno.writeTextFile(new URL("benchmark.svg", OUT), svg);
  if (!write || !svg) return;
  await Deno.writeTextFile(new URL("benchmark.json", DOCS), json);
  await Deno.writeTextFile(new URL("benchmark.svg", DOCS), svg);
  const page = new URL("performance.md", DOCS);
  const marks = /(<!-- deno-fmt-ignore-start -->\n)[^]*(\n<!-- deno-fmt-ignore-end -->)/;
  const text = await Deno.readTextFile(page);
  if (!marks.test(text)) throw new Error("docs/performance.md has no place for the tables");
  await Deno.writeTextFile(
    page,
    text.replace(marks, (_, start, end) => `${start}\n${markdown(report)}${end}`),
  );
}

async function main(): Promise<number> {
  let options;
  try {
    options = optionsOf(Deno.args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (!options) {
    console.log(HELP);
    return 0;
  }
  try {
    const report = await measure(options);
    await keep(report, options);
    progress("The result is in bench/out/.");
    if (Deno.stderr.isTerminal()) console.error();
    console.log(options.json ? JSON.stringify(report, null, 2) : markdown(report));
    return 0;
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

Deno.exit(await main());
