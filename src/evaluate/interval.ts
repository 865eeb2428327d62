// A measured number with what it takes to judge it: unit, number of images, 95 % interval. No figure of the product goes without.

/** "fraction": of the images, 0 … 1. "nats": a cross-entropy by natural logarithm. */
export type MetricUnit = "fraction" | "nats";

/** `interval` is the 95 % confidence interval, in the unit of the value; `n` counts images. */
export interface Metric {
  readonly value: number;
  readonly unit: MetricUnit;
  readonly n: number;
  readonly interval: readonly [low: number, high: number];
}

/** The 97.5 % quantile of the standard normal distribution: 95 % lie within ± this. */
const z = 1.959963984540054;

/**
 * Wilson's 95 % score interval for a fraction, without continuity correction.
 *
 *   (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)      p = successes / n
 *
 * Unlike p ± z·√(p(1 − p)/n) it stays inside 0 … 1 and keeps its coverage near 0 and 1, where accuracies lie.
 * Wilson 1927, "Probable inference, the law of succession, and statistical inference"; recommended by Newcombe 1998.
 * Throws RangeError when n is 0 or successes is not within 0 … n.
 */
export const wilsonInterval = (successes: number, n: number): readonly [low: number, high: number] => {
  if (!(n > 0 && successes >= 0 && successes <= n)) {
    throw new RangeError(`an interval takes 0 … n successes of n > 0 images but was given ${successes} of ${n}`);
  }
  const p = successes / n;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  // The ends are exact at 0 and n successes; rounding would leave −1e-19 or 1 + 1e-16.
  return [successes === 0 ? 0 : (centre - half) / scale, successes === n ? 1 : (centre + half) / scale];
};

/** The fraction `correct` / `n` with Wilson's interval. Throws RangeError when n is 0. */
export const accuracyOf = (correct: number, n: number): Metric => {
  const interval = wilsonInterval(correct, n);
  return { value: correct / n, unit: "fraction", n, interval };
};

/**
 * The mean of one loss per image, with the interval of the central limit theorem: mean ± z·s/√n, where
 * s² = Σ(x − mean)² / (n − 1). One image has no spread to go by: its interval is infinite.
 * A loss that is not a number makes the mean and the interval so. Throws RangeError without any image.
 */
export const meanLoss = (losses: ArrayLike<number>): Metric => {
  const n = losses.length;
  if (n === 0) throw new RangeError("a mean loss takes at least one image but was given 0");
  let sum = 0;
  for (let i = 0; i < n; i++) sum += losses[i]!;
  const value = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (losses[i]! - value) ** 2;
  const half = n === 1 ? Number.POSITIVE_INFINITY : z * Math.sqrt(squares / (n - 1) / n);
  return { value, unit: "nats", n, interval: [value - half, value + half] };
};
