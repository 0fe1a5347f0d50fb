/** The report for people, and for programs. */
import { type Check, type Report, TITLES } from "./report.ts";
import type { TrustedIssuer } from "./trusted_issuer.ts";

const MARKS = { ok: "✓", warned: "!", failed: "✗", skipped: "–" } as const;

/** Green, yellow, red, grey (ECMA-48, SGR). */
const COLOURS = { ok: 32, warned: 33, failed: 31, skipped: 90 } as const;

const WIDTH = Math.max(...Object.values(TITLES).map((title) => title.length));

/** One check: a row, and below it what to do, where something is to be done. */
export function toRow({ status, title, meaning, advice }: Check, colour: boolean): string {
  const mark = paint(MARKS[status], COLOURS[status], colour);
  const row = `${mark} ${title.padEnd(WIDTH)}  ${meaning}`;
  if (advice === undefined) return row;
  return `${row}\n${" ".repeat(WIDTH + 4)}do this: ${advice}`;
}

/** The last line. */
export function toSummary({ checks }: Report, colour: boolean): string {
  const count = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  const failed = count("failed");
  const skipped = count("skipped");
  const rest = skipped === 0 ? "" : ` ${skipped} could not be checked.`;
  if (failed > 0) {
    const verdict = failed === 1 ? "1 thing is wrong." : `${failed} things are wrong.`;
    return `\n${paint(verdict, COLOURS.failed, colour)}${rest}`;
  }
  const warned = count("warned");
  if (warned > 0) {
    const verdict = `Nothing is wrong; look at ${warned === 1 ? "what has" : "all that have"} a !.`;
    return `\n${paint(verdict, COLOURS.warned, colour)}${rest}`;
  }
  const verdict = skipped === 0 ? "All is well." : "All that could be checked is well.";
  return `\n${paint(verdict, COLOURS.ok, colour)}${rest}`;
}

/** The whole report, and what to tell Behest, where that was asked for. */
export function toJson({ isWell, checks }: Report, trustedIssuer?: TrustedIssuer): string {
  return JSON.stringify({ ok: isWell, checks, trustedIssuer }, null, 2);
}

function paint(text: string, code: number, colour: boolean): string {
  return colour ? `\x1b[${code}m${text}\x1b[0m` : text;
}
