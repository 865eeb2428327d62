// Rounds a filter so that what it makes of images changes least, rather than each weight by itself: of neighbouring pixels that are nearly
// alike, errors of opposite sign cancel.
import { roundToLevel } from "../../base/levels.ts";

/**
 * How much is added to the variance of each element of a window, as a part of their mean: so that elements that hardly vary on the images
 * of a calibration keep their weights.
 */
const damping = 1e-3;

/** In which order weights are rounded, and what the error of one asks of those after it. */
export interface ErrorFeedback {
  /** Elements of a window, [K]; the last is rounded first. */
  readonly order: readonly number[];
  /** [K, K] in that order, unit lower triangular: row i, column j < i is what an error of element i adds to the error of element j. */
  readonly shares: Float64Array;
}

/**
 * For covariance C [K, K] of the elements of a window. With C = U·D·Uᵀ, U unit lower triangular,
 *
 *   eᵀ·C·e = Σ_j d_j (e_j + Σ_{i > j} U_ij e_i)²
 *
 * of which each term is made small by choosing e_j once all e_i after it are known. Elements that vary most are rounded first. null where
 * nothing varies.
 */
export const errorFeedback = (covariance: Float64Array): ErrorFeedback | null => {
  const K = Math.sqrt(covariance.length);
  const variances = Array.from({ length: K }, (_, k) => covariance[k * K + k]!);
  const mean = variances.reduce((sum, each) => sum + each, 0) / K;
  if (!(mean > 0 && mean < Number.POSITIVE_INFINITY)) return null;
  const order = variances.map((_, k) => k).sort((a, b) => variances[a]! - variances[b]!);
  const shares = new Float64Array(K * K);
  const pivots = new Float64Array(K);
  for (let j = 0; j < K; j++) {
    for (let i = j; i < K; i++) {
      let rest = covariance[order[i]! * K + order[j]!]! + (i === j ? damping * mean : 0);
      for (let k = 0; k < j; k++) rest -= shares[i * K + k]! * shares[j * K + k]! * pivots[k]!;
      if (i === j) pivots[j] = rest;
      shares[i * K + j] = rest / pivots[j]!;
    }
  }
  return { order, shares };
};

/**
 * Levels [K] for a filter's weights [K] in units of its scale, rounded in turn, each to make up for the errors of those before it: GPTQ
 * (Frantar et al. 2022), in the form of Babai's nearest plane (Chen et al. 2025, The geometry of LLM quantization), which is the same.
 */
export const roundWithFeedback = (weights: Float64Array, { order, shares }: ErrorFeedback): Int8Array => {
  const K = weights.length;
  const levels = new Int8Array(K);
  const pulls = new Float64Array(K); // what errors made so far add to each, in `order`
  for (let i = K - 1; i >= 0; i--) {
    const k = order[i]!;
    const level = Math.max(-127, roundToLevel(weights[k]! - pulls[i]!, "i8")); // levels of filters are symmetric
    levels[k] = level;
    const error = level - weights[k]!;
    for (let j = 0; j < i; j++) pulls[j]! += shares[i * K + j]! * error;
  }
  return levels;
};
