/** `doctor`: says why a deployment does not work, and what to do about it. */
import process from "node:process";
import { fetchAt, resolve } from "./doctor/fetch_at.ts";
import { HttpClient, type HttpWorld } from "./doctor/http.ts";
import { examine } from "./doctor/examine.ts";
import { DOCTOR_HELP, readOptions } from "./doctor/options.ts";
import { checksOf, Report } from "./doctor/report.ts";
import { Secrets } from "./doctor/secrets.ts";
import { toJson, toRow, toSummary } from "./doctor/table.ts";
import { toForm, trustedIssuerOf } from "./doctor/trusted_issuer.ts";
import { type Terminal, UsageError } from "./terminal.ts";

export { DOCTOR_HELP };

/** Milliseconds in which every server has to answer: the function itself takes up to 10 s to say no. */
const LIMIT_MS = 15_000;

/** What `doctor` needs of the world. Everything has a default: the real one. */
export interface DoctorWorld extends HttpWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs the command.
 *
 * @returns the exit code: 0 all that could be checked is well, 1 something is wrong, 2 it cannot run
 */
export async function doctor(
  args: string[],
  out: Terminal,
  world: Partial<DoctorWorld> = {},
): Promise<number> {
  const known: HttpWorld = {
    fetch: globalThis.fetch,
    fetchAt,
    resolve,
    now: Date.now,
    limitMs: LIMIT_MS,
    ...world,
  };
  const { now } = known;
  const env = world.env ?? process.env;
  if (args.includes("--help")) {
    out.print(DOCTOR_HELP);
    return 0;
  }
  let options;
  try {
    options = readOptions(args, env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    out.warn(error.message);
    return 2;
  }

  const { json, direct, issuer } = options;
  const colour = out.isTerminal && !env.NO_COLOR;
  const secrets = new Secrets();
  const ids = checksOf(direct, issuer.isThirdParty);
  const report = new Report(ids, secrets, (check) => {
    if (!json) out.print(toRow(check, colour));
  });
  const http = new HttpClient(known);
  await examine({ options, http, report, secrets, now });
  const form = direct ? trustedIssuerOf(options, secrets) : undefined;
  if (form && !json) out.print(`\n${toForm(form)}`);
  out.print(json ? toJson(report, form) : toSummary(report, colour));
  return report.isWell ? 0 : 1;
}
