/** Runs `doctor`, and keeps all that it printed and every secret that it had in its hands. */
import assert from "node:assert/strict";
import { doctor, type DoctorWorld } from "../../cli/doctor.ts";
import { fetchAt } from "../../cli/doctor/fetch_at.ts";
import type { Check, CheckId } from "../../cli/doctor/report.ts";
import type { TrustedIssuer } from "../../cli/doctor/trusted_issuer.ts";

/** Every check, in its order. */
export const ALL: CheckId[] = [
  "reachable",
  "deployed",
  "preflight",
  "origin",
  "settings",
  "no_token",
  "forged",
  "session",
  "mints",
  "claims",
  "plan_column",
  "plan_rights",
  "gateway_address",
  "jwks",
  "gateway_origin",
  "gateway_token",
  "clock",
];

/** What is skipped where one fails: all that comes after it, but for the clock. */
export const [AFTER_DEPLOYED, AFTER_SETTINGS, AFTER_SESSION, AFTER_MINTS, AFTER_ADDRESS] =
  (["deployed", "settings", "session", "mints", "gateway_address"] as const)
    .map((id) => ALL.slice(ALL.indexOf(id) + 1, -1));

/** Every check of a run with --direct, in its order. */
export const DIRECT: CheckId[] = [
  "reachable",
  "issuer_keys",
  "session",
  "session_signature",
  "session_claims",
  "session_plan",
  "gateway_origin",
  "gateway_token",
  "clock",
];

/** Every check where a third party signs the sessions, in its order. */
export const THIRD_PARTY: CheckId[] = ALL.flatMap((id) =>
  id === "session" ? ["issuer_keys", "session", "session_signature", "session_claims"] : [id]
);

/** What every run printed, on both streams. */
export const printed: string[] = [];

/** Every secret that a run was given, sent or received. */
export const secrets = new Set<string>();

/** One run. */
export interface Run {
  readonly exit: number;
  /** Standard output and standard error. */
  readonly out: string;
  readonly warned: string;
}

/** A run with `--json`, and what the same run printed for people. */
export interface Examined extends Run {
  readonly table: string;
  readonly ok: boolean;
  readonly checks: Check[];
  readonly trustedIssuer?: TrustedIssuer;
}

function note(init: RequestInit | undefined): void {
  const headers = new Headers(init?.headers);
  for (const name of ["authorization", "apikey"]) {
    const value = headers.get(name)?.replace(/^Bearer /, "");
    if (value) secrets.add(value);
  }
}

/** A world that notes the secrets in what is sent, and in what signing in gives. */
function watching(world: Partial<DoctorWorld>): Partial<DoctorWorld> {
  const ask = world.fetch ?? fetch;
  const askAt = world.fetchAt ?? fetchAt;
  return {
    env: {},
    ...world,
    fetch: async (input, init) => {
      note(init);
      const answer = await ask(input, init);
      if (/\/auth\/v1\/token\?/.test(String(input)) && answer.ok) {
        const { access_token, refresh_token } = await answer.clone().json();
        secrets.add(access_token).add(refresh_token);
      }
      return answer;
    },
    fetchAt: (url, init, addresses) => {
      note(init);
      return askAt(url, init, addresses);
    },
  };
}

/** Runs it as the command does. */
export async function run(
  args: string[],
  world: Partial<DoctorWorld> = {},
  isTerminal = false,
): Promise<Run> {
  const [out, warned]: string[][] = [[], []];
  const exit = await doctor(args, {
    print: (text) => out.push(text),
    warn: (text) => warned.push(text),
    isTerminal,
  }, watching(world));
  const ran = { exit, out: out.join("\n"), warned: warned.join("\n") };
  printed.push(ran.out, ran.warned);
  return ran;
}

/** Runs it twice, for people and for programs, and holds the two to each other. */
export async function examine(
  args: string[],
  world: Partial<DoctorWorld> = {},
): Promise<Examined> {
  const table = await run(args, world);
  const ran = await run([...args, "--json"], world);
  const { ok, checks, trustedIssuer }: Examined = JSON.parse(ran.out);
  assert.equal(ran.warned + table.warned, "");
  assert.equal(ran.exit, ok ? 0 : 1);
  assert.equal(table.exit, ran.exit);
  const marks = { ok: "✓", warned: "!", failed: "✗", skipped: "–" };
  for (const { status, title, advice } of checks) {
    const row = table.out.split("\n").find((line) => line.startsWith(`${marks[status]} ${title} `));
    assert.ok(row, `${status}: ${title}\n${table.out}`);
    assert.equal(advice !== undefined, status === "failed" || status === "warned", title);
  }
  const advised = table.out.split("\n").filter((line) => line.includes("do this: "));
  assert.equal(advised.length, checks.filter(({ advice }) => advice !== undefined).length);
  return { ...ran, table: table.out, ok, checks, trustedIssuer };
}

/** The checks of one outcome, in their order. */
export function idsOf({ checks }: { checks: Check[] }, status: Check["status"]): CheckId[] {
  return checks.filter((check) => check.status === status).map(({ id }) => id);
}

/** Exactly this check is a cross, it says so, and what to do about it. */
export function assertCross(
  examined: Examined,
  id: CheckId,
  meaning: RegExp,
  advice: RegExp,
  skipped: CheckId[] = [],
): void {
  assert.deepEqual(idsOf(examined, "failed"), [id], examined.out);
  assert.deepEqual(idsOf(examined, "skipped"), skipped, examined.out);
  const check = examined.checks.find((check) => check.id === id);
  assert.match(check?.meaning ?? "", meaning);
  assert.match(check?.advice ?? "", advice);
  assert.equal(examined.exit, 1);
}
