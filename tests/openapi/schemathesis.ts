/** Schemathesis, which makes up requests from `openapi.yaml` and judges every answer by it. */
import { fileURLToPath } from "node:url";
import { programsOf, run } from "../support/python.ts";

export const DOCUMENT = fileURLToPath(new URL("../../openapi.yaml", import.meta.url));

/** Where Schemathesis and its companions are. */
export function programs(): Promise<string> {
  return programsOf("openapi", new URL("requirements.txt", import.meta.url));
}

/** What came of a run. */
export interface Report {
  /** All that it printed, to be shown where it found something. */
  readonly printed: string;
  readonly exitCode: number;
  /** Requests that were made up. */
  readonly cases: number;
  /** The phases that ran to their end without a finding. */
  readonly passed: string[];
}

/** How to run it. */
export interface Plan {
  /** Sent with every request. */
  readonly headers?: Record<string, string>;
  /** Requests for each operation in its fuzzing phase. */
  readonly examples: number;
  /** Checks that the plan makes meaningless. */
  readonly without?: string[];
}

/** Tests the function at this URL. The same requests each time: a finding comes back. */
export async function schemathesis(url: string, plan: Plan): Promise<Report> {
  const bin = await programs();
  const folder = await Deno.makeTempDir();
  try {
    const report = `${folder}/report.json`;
    const headers = Object.entries(plan.headers ?? {}).flatMap(([name, value]) => [
      "--header",
      `${name}: ${value}`,
    ]);
    const { code, stdout, stderr } = await run(`${bin}/schemathesis`, [
      "run",
      DOCUMENT,
      ...["--url", url],
      ...["--phases", "examples,coverage,fuzzing"],
      ...["--mode", "all"],
      ...["--checks", "all"],
      ...(plan.without ? ["--exclude-checks", plan.without.join()] : []),
      ...["--max-examples", String(plan.examples)],
      "--generation-deterministic",
      "--continue-on-failure",
      "--no-color",
      ...["--report-json-path", report],
      ...headers,
    ], { allowed: [0, 1], cwd: folder });
    const { test_cases, phases } = JSON.parse(await Deno.readTextFile(report));
    const passed = Object.entries<{ status: string }>(phases);
    return {
      printed: stdout + stderr,
      exitCode: code,
      cases: test_cases.generated,
      passed: passed.filter(([, { status }]) => status === "success").map(([name]) => name),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
