// How the numbers of a tensor are distributed, as TensorBoard's histograms have it.

export interface Histogram {
  readonly min: number;
  readonly max: number;
  /** Of the finite numbers; others are left out. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** The upper end of each bucket, rising; the last is `max`. The first bucket begins at `min`. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** As many as TensorBoard's own summaries have. */
const buckets = 30;

/** Buckets of equal width from the least to the largest number; one bucket where all are equal, null where there is none. */
export const histogramOf = (values: ArrayLike<number>): Histogram | null => {
  let [min, max, count, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count++;
    sum += value;
    sumOfSquares += value * value;
  }
  if (count === 0) return null;
  const width = (max - min) / buckets;
  if (!(width > 0)) return { min, max, count, sum, sumOfSquares, limits: [max], counts: [count] };
  const counts = new Array<number>(buckets).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) counts[Math.min(buckets - 1, Math.floor((value - min) / width))]!++;
  }
  const limits = counts.map((_, i) => (i === buckets - 1 ? max : min + width * (i + 1)));
  return { min, max, count, sum, sumOfSquares, limits, counts };
};
