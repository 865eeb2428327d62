// Whether a network is right as often as it is sure: expected calibration error, reliability by bin, and the Brier score.
import { softmax } from "./cross-entropy.ts";
import { type Labels, type Logits, sizesOf } from "./logits.ts";
import { predictedClasses } from "./top-k.ts";

/** Answers whose confidence, the probability of the class predicted, is in (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly images: number;
  /** Mean over the images of the bin; null in an empty bin. */
  readonly confidence: number | null;
  /** Fraction of them that is right; null in an empty bin. */
  readonly accuracy: number | null;
}

export interface Calibration {
  /** Expected calibration error, 0 … 1. */
  readonly ece: number;
  /** The largest difference of a bin that isn't empty, 0 … 1. */
  readonly mce: number;
  /** 0 … 2: Brier's form over all classes. */
  readonly brier: number;
  /** Mean probability of the class predicted. */
  readonly confidence: number;
  readonly bins: readonly ReliabilityBin[];
  /** Images that were answered. */
  readonly n: number;
  /** Images without an answer (a logit or a probability that is not a number): in none of these figures. */
  readonly unanswered: number;
}

/** As Guo et al. 2017 have it. */
export const calibrationBins = 15;

/**
 * Calibration by bins of equal width, ((m − 1)/M, m/M], of confidence (Guo et al. 2017, "On calibration of modern neural networks",
 * equations 2, 3 and 5):
 *
 *   ECE = Σ_m |B_m|/n · |acc(B_m) − conf(B_m)|      MCE = max_m |acc(B_m) − conf(B_m)|
 *
 * and Brier's score (Brier 1950), the mean of Σ_c (p_c − [c = label])². ECE depends on M: figures with other bins don't compare.
 * Null where no image was answered.
 */
export const calibrationOf = (logits: Logits, labels: Labels, bins = calibrationBins): Calibration | null => {
  const { classes } = sizesOf(logits, labels);
  const images = new Int32Array(bins);
  const right = new Int32Array(bins);
  const confidences = new Float64Array(bins);
  let [n, squares] = [0, 0];
  for (const [row, predicted] of predictedClasses(logits).entries()) {
    if (predicted === -1) continue;
    const probabilities = softmax(logits.data.subarray(row * classes, (row + 1) * classes));
    const confidence = probabilities[predicted]!;
    if (Number.isNaN(confidence)) continue;
    const label = labels[row]!;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    images[bin]!++;
    confidences[bin]! += confidence;
    if (predicted === label) right[bin]!++;
    for (let c = 0; c < classes; c++) squares += (probabilities[c]! - (c === label ? 1 : 0)) ** 2;
    n++;
  }
  if (n === 0) return null;
  const reliability = Array.from({ length: bins }, (_, bin): ReliabilityBin => {
    const count = images[bin]!;
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      images: count,
      confidence: count === 0 ? null : confidences[bin]! / count,
      accuracy: count === 0 ? null : right[bin]! / count,
    };
  });
  const gapOf = ({ confidence, accuracy }: ReliabilityBin): number => Math.abs((accuracy ?? 0) - (confidence ?? 0));
  return {
    ece: reliability.reduce((sum, bin) => sum + (bin.images / n) * gapOf(bin), 0),
    mce: Math.max(...reliability.map(gapOf)),
    brier: squares / n,
    confidence: confidences.reduce((sum, each) => sum + each, 0) / n,
    bins: reliability,
    n,
    unanswered: labels.length - n,
  };
};
