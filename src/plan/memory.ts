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

/** Orders in which to place: each is best for some networks. */
const orders: readonly ((a: Interval, b: Interval) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.first - b.first,
  (a, b) => b.bytes * (b.last - b.first + 1) - a.bytes * (a.last - a.first + 1) || a.first - b.first,
  (a, b) => b.last - b.first - (a.last - a.first) || b.bytes - a.bytes,
  (a, b) => a.first - b.first || b.bytes - a.bytes,
];
/** An arena this close to the lower bound is not improved upon by another order: a thousandth. */
const closeEnough = 1.001;

/**
 * Places every interval at the lowest offset where it overlaps none that is alive with it and already placed, in several
 * orders, and keeps the smallest arena; stops at one that is within a thousandth of the lower bound. O(n²) for n intervals,
 * with a small constant: the 21,000 of a ResNet-1202's training step take 0.3 s an order, the 950 of a ResNet-50's 1 ms.
 */
export const planMemory = (intervals: readonly Interval[]): MemoryPlan => {
  const lowerBoundBytes = largestLiveBytes(intervals);
  let best: MemoryPlan | null = null;
  for (const order of orders) {
    const { placements, arenaBytes } = place(intervals.toSorted(order));
    if (best === null || arenaBytes < best.arenaBytes) best = { placements, arenaBytes, lowerBoundBytes };
    if (best.arenaBytes <= closeEnough * lowerBoundBytes) break;
  }
  return best ?? { placements: [], arenaBytes: 0, lowerBoundBytes: 0 };
};

const place = (intervals: readonly Interval[]): Omit<MemoryPlan, "lowerBoundBytes"> => {
  const placed = new PlacedIntervals(intervals.length);
  let arenaBytes = 0;
  const placements = intervals.map((interval): Placement => {
    const bytes = alignUp(interval.bytes);
    const offset = placed.lowestGap(bytes, interval.first, interval.last);
    placed.insert(offset, bytes, interval.first, interval.last);
    arenaBytes = Math.max(arenaBytes, offset + bytes);
    return { ...interval, offset };
  });
  return { placements, arenaBytes };
};

/** What has its place already, sorted by offset: columns of numbers, because all of them are looked at for each interval. */
class PlacedIntervals {
  readonly #offsets: Float64Array;
  readonly #ends: Float64Array;
  readonly #firsts: Int32Array;
  readonly #lasts: Int32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#offsets = new Float64Array(capacity);
    this.#ends = new Float64Array(capacity);
    this.#firsts = new Int32Array(capacity);
    this.#lasts = new Int32Array(capacity);
  }

  /** The lowest offset at which `bytes` fit between those that are alive at some time from `first` to `last`. */
  lowestGap(bytes: number, first: number, last: number): number {
    const [offsets, ends, firsts, lasts] = [this.#offsets, this.#ends, this.#firsts, this.#lasts];
    let offset = 0;
    for (let i = 0; i < this.#count; i++) {
      if (lasts[i]! < first || last < firsts[i]!) continue;
      if (offset + bytes <= offsets[i]!) break; // fits in the gap before it
      if (ends[i]! > offset) offset = ends[i]!;
    }
    return offset;
  }

  insert(offset: number, bytes: number, first: number, last: number): void {
    const at = this.#firstAbove(offset);
    for (const column of [this.#offsets, this.#ends, this.#firsts, this.#lasts]) {
      column.copyWithin(at + 1, at, this.#count);
    }
    this.#offsets[at] = offset;
    this.#ends[at] = offset + bytes;
    this.#firsts[at] = first;
    this.#lasts[at] = last;
    this.#count++;
  }

  /** Where the first lies that has a larger offset. */
  #firstAbove(offset: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offsets[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

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
