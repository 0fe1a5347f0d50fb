/** What was found. */
import type { Secrets } from "./secrets.ts";

/** Every check, in its order. */
export const TITLES = {
  reachable: "Supabase reachable",
  deployed: "function deployed",
  preflight: "preflight",
  origin: "origin allowed",
  settings: "settings complete",
  no_token: "refuses no token",
  forged: "refuses a forgery",
  issuer_keys: "session: keys",
  session: "user's session",
  session_signature: "session: signature",
  session_claims: "session: claims",
  session_plan: "session: plan",
  mints: "mints",
  claims: "claims",
  plan_column: "plan: readable",
  plan_rights: "plan: not writable",
  gateway_address: "gateway: address",
  jwks: "signature",
  gateway_origin: "gateway: origin",
  gateway_token: "gateway: token",
  clock: "clock",
} as const;

/** Names a check, stable for programs. */
export type CheckId = keyof typeof TITLES;

/** Those of a run that asks no function. */
const DIRECT: readonly CheckId[] = [
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

/** Those of a run with a function, where a third party signs the sessions. */
const THIRD_PARTY: readonly CheckId[] = ["issuer_keys", "session_signature", "session_claims"];

/** The checks of a run, in their order. */
export function checksOf(direct: boolean, thirdParty: boolean): CheckId[] {
  const ids = Object.keys(TITLES) as CheckId[];
  if (direct) return ids.filter((id) => DIRECT.includes(id));
  const known = ids.filter((id) => id !== "session_plan");
  return thirdParty ? known : known.filter((id) => !THIRD_PARTY.includes(id));
}

/** One line of the report. */
export interface Check {
  readonly id: CheckId;
  /** `warned`: well as it is, if it is meant; `skipped`: could not be made: nothing is known. */
  readonly status: "ok" | "warned" | "failed" | "skipped";
  readonly title: string;
  /** What was found, in one line. */
  readonly meaning: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** Collects the checks; everything that goes in is cleaned of secrets. */
export class Report {
  readonly checks: Check[] = [];
  readonly #ids: readonly CheckId[];
  readonly #secrets: Secrets;
  readonly #onCheck: (check: Check) => void;

  /**
   * @param ids the checks of this run
   * @param onCheck told of each check as soon as it is made
   */
  constructor(ids: readonly CheckId[], secrets: Secrets, onCheck: (check: Check) => void) {
    this.#ids = ids;
    this.#secrets = secrets;
    this.#onCheck = onCheck;
  }

  /** Whether nothing failed. */
  get isWell(): boolean {
    return this.checks.every(({ status }) => status !== "failed");
  }

  /** A tick. */
  ok(id: CheckId, meaning: string): void {
    this.#add({ id, status: "ok", title: TITLES[id], meaning });
  }

  /** A tick that may not be what is wanted. */
  warn(id: CheckId, meaning: string, advice: string): void {
    this.#add({ id, status: "warned", title: TITLES[id], meaning, advice });
  }

  /** A cross. */
  cross(id: CheckId, meaning: string, advice: string): void {
    this.#add({ id, status: "failed", title: TITLES[id], meaning, advice });
  }

  /** Neither, and why. */
  skip(reason: string, ...ids: CheckId[]): void {
    for (const id of ids) this.#add({ id, status: "skipped", title: TITLES[id], meaning: reason });
  }

  /** Skips whatever is left, but for the clock: that needs no more than one answer. */
  skipRest(reason: string): void {
    const done = this.checks.map(({ id }) => id);
    this.skip(reason, ...this.#ids.filter((id) => id !== "clock" && !done.includes(id)));
  }

  #add(check: Check): void {
    const { meaning, advice } = check;
    const clean: Check = {
      ...check,
      meaning: this.#secrets.clean(meaning),
      ...(advice === undefined ? {} : { advice: this.#secrets.clean(advice) }),
    };
    this.checks.push(clean);
    this.#onCheck(clean);
  }
}
