/** From a plan in a claim to a tier, by the rules of the function (`src/plan.rs`). */

/** Largest tier, as the function has it. */
const MAX_TIER = 2 ** 32 - 1;

/**
 * A name of the table comes first, in any case, also one that is a number or a flag; else a whole
 * number, or plain decimal digits without leading zeros, is a tier as it stands.
 *
 * @param tiers plan name to tier
 * @returns `undefined` for no plan, and for one that nobody knows
 */
export function tierOf(plan: unknown, tiers: Record<string, number>): number | undefined {
  if (!["string", "number", "boolean"].includes(typeof plan)) return undefined;
  const name = String(plan);
  const known = Object.entries(tiers).find(([known]) => folded(known) === folded(name));
  if (known) return known[1];
  return /^(0|[1-9]\d*)$/.test(name) && Number(name) <= MAX_TIER ? Number(name) : undefined;
}

/** ASCII letters alone have a case here. */
function folded(name: string): string {
  return name.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
