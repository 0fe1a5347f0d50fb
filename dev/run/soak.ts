/** `deno task soak`: the long form of `tests/soak_test.ts`. */
import { parseArgs } from "node:util";
import { type Mode, type Progress, type Report, soak } from "../../tests/soak/soak.ts";
import { findDeno } from "./denos.ts";

const HELP = `Asks the function for tokens, for long: good and bad requests of many users at once.
Every answer must be its caller's own, and what the function holds must stay flat.

  deno task soak [--requests N] [--callers N] [--mode api-key|local|both] [--deno VERSION] [--json]

  --requests N     in all, 1000 at the least; by default 1000000
  --callers N      at once; by default 64
  --mode           api-key: user check, plan and mint over sockets; local: signing, no call;
                   by default both, and one request in five is local
  --deno VERSION   runs the function on another Deno, such as 2.1.4
  --json           the result as JSON on standard output

Exit code: 0 all well, 1 a wrong answer or something that grows, 2 wrong usage.`;

const MIB = 1 << 20;
const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));

interface Options {
  readonly runs: [Mode, number][];
  readonly callers: number;
  readonly deno?: string;
  readonly json: boolean;
}

/** @throws {Error} that says what is wrong with the command line */
function optionsOf(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      requests: { type: "string", default: "1000000" },
      callers: { type: "string", default: "64" },
      mode: { type: "string", default: "both" },
      deno: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const callers = whole("--callers", values.callers, 1, 10_000);
  // Less would leave some kind of request out, or a batch without any.
  const requests = whole("--requests", values.requests, 1000, 1e9);
  const { deno, json, mode } = values;
  if (deno !== undefined && !/^\d+\.\d+\.\d+$/.test(deno)) throw new Error("--deno: no version");
  if (mode === "both") {
    const local = Math.floor(requests / 5);
    return { runs: [["api-key", requests - local], ["local", local]], callers, deno, json };
  }
  if (mode !== "api-key" && mode !== "local") throw new Error("--mode: api-key, local or both");
  return { runs: [[mode, requests]], callers, deno, json };
}

function whole(name: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) {
    throw new Error(`${name}: a whole number from ${least} to ${most}`);
  }
  return number;
}

/** One line that changes on a terminal; else a line a batch. */
function progress(mode: Mode, requests: number) {
  const end = Deno.stderr.isTerminal() ? "\x1b[K\r" : "\n";
  return ({ done, rate, rss, wasm, handles }: Progress) => {
    const parts = [
      `${mode}: ${done} of ${requests}`,
      `${rate}/s`,
      `RSS ${mib(rss)}`,
      `WASM ${mib(wasm)}`,
      `${handles} handles`,
    ];
    say(parts.join("  ") + end);
  };
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

function show({ mode, requests, seconds, rate, codes, verified, mistakes, verdicts }: Report) {
  console.log(`\n${mode}: ${requests} requests in ${seconds} s, ${rate}/s`);
  for (const [code, count] of Object.entries(codes).toSorted(([, a], [, b]) => b - a)) {
    console.log(`  ${code.padEnd(22)}${String(count).padStart(10)}`);
  }
  if (verified > 0) console.log(`  ${verified} signatures verified`);
  console.log(
    `\n  ${"held".padEnd(24)}${"third quarter".padStart(16)}${"last quarter".padStart(16)}`,
  );
  for (const { what, before, after, flat } of verdicts) {
    const shown = (number: number) =>
      (["rss", "heap", "wasm"].includes(what) ? mib(number) : String(number)).padStart(16);
    console.log(`  ${what.padEnd(24)}${shown(before)}${shown(after)}  ${flat ? "flat" : "GROWS"}`);
  }
  console.log(`\n  ${mistakes.length} wrong answers`);
  for (const mistake of mistakes.slice(0, 20)) console.log(`  ${mistake}`);
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
  const deno = options.deno === undefined ? undefined : await findDeno(options.deno);
  const reports: Report[] = [];
  for (const [mode, requests] of options.runs) {
    const onProgress = progress(mode, requests);
    const report = await soak({ mode, requests, callers: options.callers, deno, onProgress });
    if (!options.json) show(report);
    reports.push(report);
  }
  if (options.json) console.log(JSON.stringify(reports, null, 2));
  const well = ({ mistakes, verdicts }: Report) =>
    mistakes.length === 0 && verdicts.every(({ flat }) => flat);
  return reports.every(well) ? 0 : 1;
}

Deno.exit(await main());
