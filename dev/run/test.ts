/** `deno task test`: everything, one suite after the other, with a total at the end. */
import { fileURLToPath } from "node:url";
import { findDeno, HOSTED_DENO } from "./denos.ts";

const HELP = `Runs the tests. Needs Rust, Python 3.11 or later, and Chromium.

  deno task test [suite …]

Suites, by default all:
  native   the core, natively (cargo test)
  deno     the bytes in pkg/, the function, the whole stack, the browser, on this Deno
  hosted   the bytes in pkg/ and the function on Deno ${HOSTED_DENO}, as Supabase runs them
  soak     100,000 requests by 64 callers, in both modes; for long runs see \`deno task soak\`

A file of Deno's suites that fails is run once more, alone: what a busy machine broke passes then,
and is named at the end, to be mended; what the code broke fails again.

Exit code: 0 all passed, 1 something failed, 2 wrong usage.`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Suite {
  readonly name: string;
  readonly what: string;
  /** The command, and the pattern of its lines that count: passed, then failed. */
  readonly command: () => Promise<string[]>;
  readonly counts: RegExp;
  /** The command for a few files alone, where the suite has files to be tried again. */
  readonly again?: (files: string[]) => Promise<string[]>;
}

/** Files that may be tried again; where more fail, it is not chance. */
const MOST_AGAIN = 3;

const DENO_COUNTS = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm;

/** The old Deno reads neither this lock file nor these types; both were checked by the new one. */
async function onHosted(...args: string[]): Promise<string[]> {
  return [await findDeno(HOSTED_DENO), "test", "-A", "--no-lock", "--no-check", ...args];
}

const SUITES: Suite[] = [
  {
    name: "native",
    what: "the core, natively",
    command: () => Promise.resolve(["cargo", "test", "--quiet", "--locked", "--color=never"]),
    counts: /^test result: \w+\. (\d+) passed; (\d+) failed/gm,
  },
  {
    name: "deno",
    what: `the function and the whole stack on Deno ${Deno.version.deno}`,
    command: () =>
      Promise.resolve([
        Deno.execPath(),
        "test",
        "-A",
        "--parallel",
        "--ignore=tests/soak_test.ts",
        "tests/",
      ]),
    again: (files) => Promise.resolve([Deno.execPath(), "test", "-A", ...files]),
    counts: DENO_COUNTS,
  },
  {
    name: "hosted",
    what: `the function on Deno ${HOSTED_DENO}`,
    command: () => onHosted("--parallel", "tests/function/"),
    again: (files) => onHosted(...files),
    counts: DENO_COUNTS,
  },
  {
    name: "soak",
    what: "100,000 requests, and what they leave behind",
    // Alone: who else is at work would be weighed with it.
    command: () => Promise.resolve([Deno.execPath(), "test", "-A", "tests/soak_test.ts"]),
    counts: DENO_COUNTS,
  },
];

interface Result {
  readonly passed: number;
  readonly failed: number;
  /** What the suite says of its failures, to be read again at the end; empty where all passed. */
  readonly failures: string;
  /** The files of the failures; empty where the output does not name each one's. */
  readonly files: string[];
}

/** Lines of a suite's own account of what failed that are shown again. */
const SHOWN_AGAIN = 60;

/** Runs a suite, and what failed of it once more. */
async function run(suite: Suite): Promise<Result> {
  console.log(`\n── ${suite.name}: ${suite.what} ──`);
  const first = await runOnce(await suite.command(), suite.counts);
  const { files } = first;
  if (!suite.again || files.length === 0 || files.length > MOST_AGAIN) return first;
  console.log(`\n── ${suite.name}, once more and alone: ${files.join(", ")} ──`);
  const second = await runOnce(await suite.again(files), suite.counts);
  if (second.failed > 0) return first;
  return { ...first, passed: first.passed + first.failed, failed: 0 };
}

/** Runs a command with its output shown as it comes. */
async function runOnce([program = "", ...args]: string[], counts: RegExp): Promise<Result> {
  const child = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  const { success } = await child.status;
  let [passed, failed] = [0, 0];
  for (const [, good, bad] of output.matchAll(counts)) {
    passed += Number(good);
    failed += Number(bad);
  }
  // A suite that broke down, or ran nothing, has failed, whatever it counted.
  if ((!success && failed === 0) || passed === 0) failed++;
  const failures = failed === 0 ? "" : failuresIn(output);
  const files = filesIn(output);
  return { passed, failed, failures, files: files.length < failed ? [] : [...new Set(files)] };
}

/** The file of each failure that Deno lists at its end. */
function filesIn(output: string): string[] {
  const list = output.split(/^ FAILURES $/m)[1] ?? "";
  const named = list.matchAll(/(?: => |^)\.\/(tests\/\S+_test\.ts)(?::\d| \()/gm);
  return Array.from(named, ([, file]) => file!);
}

/** From the heading that Deno and cargo put over failures, or else the last lines. */
function failuresIn(output: string): string {
  const from = output.search(/^(?: ERRORS |failures:)\s*$/m);
  if (from >= 0) return output.slice(from).split("\n").slice(0, SHOWN_AGAIN).join("\n");
  return output.split("\n").slice(-SHOWN_AGAIN).join("\n");
}

const wanted = Deno.args.length === 0
  ? SUITES
  : SUITES.filter((suite) => Deno.args.includes(suite.name));
if (Deno.args.includes("--help")) {
  console.log(HELP);
  Deno.exit(0);
}
const unknown = Deno.args.find((name) => SUITES.every((suite) => suite.name !== name));
if (unknown !== undefined) {
  console.error(`No suite ${unknown}.\n\n${HELP}`);
  Deno.exit(2);
}
const start = performance.now();
const results = new Map<string, Result>();
for (const suite of wanted) results.set(suite.name, await run(suite));
// Thousands of lines lie between a failure and here.
for (const [name, { failed, failures }] of results) {
  const what = failed > 0 ? "what failed" : "what failed once, and passed alone: mend it,";
  if (failures !== "") console.log(`\n── ${what} in ${name} ──\n${failures}`);
}
console.log();
for (const [name, { passed, failed }] of results) {
  console.log(`${name.padEnd(8)} ${passed} passed, ${failed} failed`);
}
const sum = (of: "passed" | "failed") =>
  [...results.values()].reduce((sum, result) => sum + result[of], 0);
console.log(`in ${Math.round((performance.now() - start) / 1000)} s`);
console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
Deno.exit(sum("failed") === 0 ? 0 : 1);
