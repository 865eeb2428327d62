// Lays intervals of life out in one arena: values that are never alive together may share bytes. Knows nothing of graphs.

/** Something that needs `bytes` from step `first` to step `last`, both inclusive. */
export interface Interval {
  readonly name: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Placement extends Interval {
  /** Bytes from the start of the arena; a multiple of the alignment. */
  readonly offset: number;
}

export interface MemoryPlan {
  readonly placements: readonly Placement[];
  readonly arenaBytes: number;
  /** The largest sum of bytes that are alive at once: no layout can do with less. */
  readonly lowerBoundBytes: number;
}

/** Cache line and AVX-512 vector. */
export const arenaAlignment = 64;

const alignUp = (bytes: number): number => Math.ceil(bytes / arenaAlignment) * arenaAlignment;

/** Orders in which to place: each is best for some networks, and trying them all costs milliseconds. */
const orders: readonly ((a: Interval, b: Interval) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1) || a.first - b.first,
  (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
];

/**
 * Places every interval at the lowest offset where it overlaps none that is alive with it and already placed, in several
 * orders, and keeps the smallest arena. O(n²) in the number of intervals in the worst case.
 */
export const planMemory = (intervals: readonly Interval[]): MemoryPlan => {
  const lowerBoundBytes = largestLiveBytes(intervals);
  let best: MemoryPlan | null = null;
  for (const order of orders) {
    const placements = place(intervals.toSorted(order));
    const arenaBytes = placements.reduce((end, { offset, bytes }) => Math.max(end, offset + alignUp(bytes)), 0);
    if (best === null || arenaBytes < best.arenaBytes) best = { placements, arenaBytes, lowerBoundBytes };
    if (best.arenaBytes === lowerBoundBytes) break;
  }
  return best ?? { placements: [], arenaBytes: 0, lowerBoundBytes: 0 };
};

const place = (intervals: readonly Interval[]): readonly Placement[] => {
  const placed: Placement[] = []; // sorted by offset
  for (const interval of intervals) {
    let offset = 0;
    for (const other of placed) {
      if (other.last < interval.first || interval.last < other.first) continue;
      if (offset + alignUp(interval.bytes) <= other.offset) break; // fits in the gap before it
      offset = Math.max(offset, other.offset + alignUp(other.bytes));
    }
    const index = placed.findIndex((other) => other.offset > offset);
    placed.splice(index === -1 ? placed.length : index, 0, { ...interval, offset });
  }
  return placed;
};

/** The maximum over time of the sum of live, aligned bytes. */
const largestLiveBytes = (intervals: readonly Interval[]): number => {
  const changes = new Map<number, number>();
  const change = (step: number, bytes: number) => changes.set(step, (changes.get(step) ?? 0) + bytes);
  for (const { bytes, first, last } of intervals) {
    change(first, alignUp(bytes));
    change(last + 1, -alignUp(bytes));
  }
  let live = 0;
  let largest = 0;
  for (const [, bytes] of [...changes].sort(([a], [b]) => a - b)) {
    live += bytes;
    largest = Math.max(largest, live);
  }
  return largest;
};
