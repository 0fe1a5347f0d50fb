/** Whether what a process holds stays as it is. */

/** One row of the table. */
export interface Verdict {
  readonly what: string;
  /** The medians of the third and of the last quarter. */
  readonly before: number;
  readonly after: number;
  /** How much more the last one may be. */
  readonly allowed: number;
  readonly flat: boolean;
}

const MIB = 1 << 20;

/** What is counted, and how much the last quarter's median may be above the third's: a share of it, and so much besides. */
const RULES: [string, number, number][] = [
  // Allocators keep what they once had; a leak of 1 KB a request is 12 MiB in 12,500 of them.
  ["rss", 0.03, 4 * MIB],
  ["heap", 0.02, MIB / 2],
  // Memory grows by pages of 64 KiB, of which one may be a matter of chance.
  ["wasm", 0, 65_536],
  ["places", 0, 128],
  // Idle connections come and go.
  ["descriptors", 0, 24],
  ["values", 0, 0],
  ["handles", 0, 0],
  ["instances", 0, 0],
  ["timers", 0, 0],
];

/** Judges the readings of the second half; the first one is for warming up. */
export function judge(readings: readonly object[]): Verdict[] {
  const quarter = Math.floor(readings.length / 4);
  return RULES.map(([what, share, more]) => {
    const all = readings.map((reading) => Number(Reflect.get(reading, what)));
    const before = median(all.slice(-2 * quarter, -quarter));
    const after = median(all.slice(-quarter));
    const allowed = before * share + more;
    return { what, before, after, allowed, flat: after - before <= allowed };
  });
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
