/**
 * `deno task fuzz`: throws random input at everything that reads text from outside, and says what
 * broke. The properties are in `fuzz/src/`, the seeds in `tests/seeds/`.
 */
import { fileURLToPath } from "node:url";
import { cargoTool } from "./cargo_tool.ts";

const CARGO_FUZZ = "0.13.2";
const HELP =
  `Fuzzes the core. Needs Rust (rustup) and a C++ compiler; the first time takes two minutes.

  deno task fuzz [target …] [--seconds N] [--seed N]

  target       by default all of fuzz/fuzz_targets/
  --seconds N  how long each runs; 60 by default
  --seed N     where the random numbers begin: the same inputs each time; by default new ones

An input that breaks a property is kept in fuzz/artifacts/. Copied to tests/seeds/<target>/ it is
replayed by every \`cargo test\`.

Exit code: 0 nothing found, 1 something found or a step failed, 2 wrong usage.`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const FUZZ = `${ROOT}/fuzz`;
const BUILT = `${ROOT}/target/fuzz`;
const SHOWS_PROGRESS = Deno.stdout.isTerminal();

/** How far a target has come. */
interface Progress {
  readonly runs: number;
  readonly coverage: number;
  readonly corpus: number;
}

interface Outcome extends Progress {
  readonly target: string;
  readonly seconds: number;
  /** What was found: the file and the panic; nothing where all is well. */
  readonly finding?: string;
}

/** What the command line asks for. */
function wanted(known: string[]): { targets: string[]; seconds: number; seed: number } {
  const targets: string[] = [];
  let seconds = 60;
  // To libFuzzer, 0 is none.
  let seed = 0;
  const args = [...Deno.args];
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (arg === "--help") {
      console.log(HELP);
      Deno.exit(0);
    }
    if (arg === "--seconds") seconds = Number(args.shift());
    else if (arg === "--seed") seed = Number(args.shift());
    else if (known.includes(arg)) targets.push(arg);
    else misused(`No target ${arg}: there are ${known.join(", ")}.`);
  }
  if (!Number.isInteger(seconds) || seconds < 1) misused("--seconds takes a whole number.");
  if (!Number.isInteger(seed) || seed < 0) misused("--seed takes a whole number.");
  return { targets: targets.length > 0 ? targets : known, seconds, seed };
}

function misused(why: string): never {
  console.error(`${why}\n\n${HELP}`);
  Deno.exit(2);
}

/** Runs a step that has to succeed; its output is shown where it fails. */
async function step(name: string, command: string, args: string[]): Promise<string> {
  console.log(`  ${name} …`);
  const process = new Deno.Command(command, { args, cwd: ROOT });
  const { success, stdout, stderr } = await process.output().catch((error) => {
    console.error(`Cannot run ${command} (${error.message}). Rust comes from https://rustup.rs.`);
    Deno.exit(1);
  });
  if (success) return new TextDecoder().decode(stdout);
  console.error(new TextDecoder().decode(stderr));
  console.error(`${name} failed.`);
  Deno.exit(1);
}

/** Makes the fuzzers, and gives the folder that they are in. */
async function build(): Promise<string> {
  const program = await cargoTool("cargo-fuzz", CARGO_FUZZ);
  // No sanitizer: it needs a nightly compiler, and the core forbids unsafe code.
  const args = ["build", "--sanitizer", "none", "--target-dir", BUILT];
  await step("build the fuzzers", program, args);
  const host = /^host: (.+)$/m.exec(await step("find the host", "rustc", ["-vV"]));
  return `${BUILT}/${host?.[1]}/release`;
}

/** Runs one target for its time, or until it finds something. */
async function fuzz(
  folder: string,
  target: string,
  seconds: number,
  seed: number,
): Promise<Outcome> {
  const [corpus, artifacts] = [`${FUZZ}/corpus/${target}`, `${FUZZ}/artifacts/${target}`];
  for (const path of [corpus, artifacts]) await Deno.mkdir(path, { recursive: true });
  const start = performance.now();
  const child = new Deno.Command(`${folder}/${target}`, {
    args: [
      corpus,
      `${ROOT}/tests/seeds/${target}`,
      `-max_total_time=${seconds}`,
      `-seed=${seed}`,
      `-artifact_prefix=${artifacts}/`,
      "-max_len=20000",
      "-timeout=10",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let progress: Progress = { runs: 0, coverage: 0, corpus: 0 };
  const said: string[] = [];
  for await (const line of lines(child.stderr)) {
    const [, runs, coverage, inputs] = /^#(\d+)\s.*cov: (\d+) .*corp: (\d+)/.exec(line) ?? [];
    if (runs) {
      progress = { runs: Number(runs), coverage: Number(coverage), corpus: Number(inputs) };
      show(row(target, progress, elapsed(start)), false);
    } else if (/panicked at|^==\d+==|Test unit written to/.test(line) || isReason(said)) {
      said.push(line);
    }
    const done = /^Done (\d+) runs/.exec(line)?.[1];
    if (done) progress = { ...progress, runs: Number(done) };
  }
  const { success } = await child.status;
  const outcome = { target, seconds: elapsed(start), ...progress };
  show(row(target, progress, outcome.seconds) + (success ? "" : "  FOUND"), true);
  return success ? outcome : { ...outcome, finding: said.join("\n") || "it ended early" };
}

/** Whether the next line says why: a panic's message stands below its place. */
function isReason(said: string[]): boolean {
  return said.at(-1)?.includes("panicked at") ?? false;
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest) yield rest;
}

function elapsed(start: number): number {
  return (performance.now() - start) / 1000;
}

function row(target: string, { runs, coverage, corpus }: Progress, seconds: number): string {
  const rate = Math.round(runs / Math.max(seconds, 0.001));
  return [
    target.padEnd(12),
    `${seconds.toFixed(0).padStart(5)} s`,
    runs.toLocaleString("en").padStart(14),
    rate.toLocaleString("en").padStart(9),
    String(coverage).padStart(9),
    String(corpus).padStart(8),
  ].join(" ");
}

/** One line a target: rewritten on a terminal, else shown once it is final. */
function show(text: string, isFinal: boolean): void {
  if (!SHOWS_PROGRESS && !isFinal) return;
  const line = SHOWS_PROGRESS ? `\r\x1b[K${text}` : text;
  Deno.stdout.writeSync(new TextEncoder().encode(isFinal ? `${line}\n` : line));
}

const known: string[] = [];
for await (const { name } of Deno.readDir(`${FUZZ}/fuzz_targets`)) {
  known.push(name.replace(/\.rs$/, ""));
}
const { targets, seconds, seed } = wanted(known.sort());
const folder = await build();
console.log(`\n${"target".padEnd(12)}    time           runs    runs/s  coverage   corpus`);
const outcomes: Outcome[] = [];
for (const target of targets) outcomes.push(await fuzz(folder, target, seconds, seed));

const runs = outcomes.reduce((sum, outcome) => sum + outcome.runs, 0);
const findings = outcomes.filter((outcome) => outcome.finding !== undefined);
console.log(`\n${runs.toLocaleString("en")} runs, ${findings.length} findings`);
for (const { target, finding } of findings) console.log(`\n${target}:\n${finding}`);
Deno.exit(findings.length === 0 ? 0 : 1);
