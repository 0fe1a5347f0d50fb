/** Whether what a process holds stays as it is. */

/** One row of the table. */
export interface Verdict {
  readonly what: string;
  /** The medians of the third and of the last quarter. */
  readonly before: number;
  readonly after: number;
  readonly flat: boolean;
}

const MIB = 1 << 20;

/**
 * How much each count's median of the last quarter may be above that of the third one: a share of
 * it, and so much besides. The first half is for warming up.
 */
const RULES: [string, number, number][] = [
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

/** Judges a run by its readings. */
export function judge(readings: readonly object[]): Verdict[] {
  const quarter = Math.floor(readings.length / 4);
  const compare = (what: string) => {
    const all = valuesOf(readings, what);
    return [median(all.slice(-2 * quarter, -quarter)), median(all.slice(-quarter))] as const;
  };
  const counts = RULES.map(([what, share, more]) => {
    const [before, after] = compare(what);
    return { what, before, after, flat: after - before <= before * share + more };
  });
  const [before, after] = compare("rss");
  return [{ what: "rss", before, after, flat: !climbs(valuesOf(readings, "rss")) }, ...counts];
}

/**
 * An allocator that is under more pressure for a moment takes another arena, and keeps it: a step.
 * A leak climbs from each eighth of a run to the next, by a hundredth or more than a megabyte.
 */
function climbs(all: readonly number[]): boolean {
  const eighth = Math.floor(all.length / 8);
  const [first = 0, ...later] = [4, 3, 2, 1].map((back) =>
    median(all.slice(all.length - back * eighth, all.length - (back - 1) * eighth))
  );
  let last = first;
  return later.every((next) => {
    const grown = next - last;
    last = next;
    return grown > Math.min(MIB, first / 100);
  });
}

function valuesOf(readings: readonly object[], what: string): number[] {
  return readings.map((reading) => Number(Reflect.get(reading, what)));
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
