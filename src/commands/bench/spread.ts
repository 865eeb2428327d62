// What a series of measurements says: median and range rather than mean and deviation, for timings have long tails.

/** `n` measurements; all numbers in the measurement's own unit. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

/** The middle one, or the mean of the two in the middle; NaN of none. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** Throws RangeError for no measurement at all. */
export const spreadOf = (values: readonly number[]): Spread => {
  if (values.length === 0) throw new RangeError("a spread is of at least one measurement");
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), n: values.length };
};
