/** From a plan to a tier, by the rules of the function (`src/plan.rs`). */

/** Plan name to tier. */
export type Tiers = Readonly<Record<string, number>>;

/** Those of a function, and of a Behest project, that was told of no other. */
export const TIERS: Tiers = { free: 1, pro: 2, max: 3 };

/** Largest tier. */
const MAX_TIER = 2 ** 32 - 1;

/** Whether it is of a type that a plan may have, and says something. */
export function isPlan(plan: unknown): plan is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof plan) && plan !== "";
}

/**
 * A name of the table comes first, in any case; else a whole number, or plain decimal digits
 * without leading zeros, is a tier as it stands.
 *
 * @returns `undefined` for no plan, and for one that is not known
 */
export function tierOf(plan: unknown, tiers: Tiers): number | undefined {
  if (!isPlan(plan)) return undefined;
  const name = String(plan);
  const known = Object.entries(tiers).find(([known]) => folded(known) === folded(name));
  if (known) return known[1];
  return isTier(Number(name)) && /^(0|[1-9]\d*)$/.test(name) ? Number(name) : undefined;
}

/** Whether it is a whole number that a tier may be. */
export function isTier(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_TIER;
}

/** ASCII letters alone have a case here. */
function folded(name: string): string {
  return name.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
