// Softmax probabilities and the cross-entropy of the right class, in f64 whatever the dtype of the logits.
import { type Labels, type Logits, sizesOf } from "./logits.ts";

/**
 * Softmax of one row of logits, shifted by the largest so that no exponential overflows.
 *
 *   p_c = exp(x_c − max x) / Σ_j exp(x_j − max x)
 *
 * A logit of −∞ has probability 0. NaN or +∞ among the logits makes every probability NaN.
 */
export const softmax = (row: ArrayLike<number>): Float64Array => {
  const probabilities = Float64Array.from(row);
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of probabilities) largest = Math.max(largest, value);
  let sum = 0;
  for (let c = 0; c < probabilities.length; c++) {
    const exponential = Math.exp(probabilities[c]! - largest);
    probabilities[c] = exponential;
    sum += exponential;
  }
  for (let c = 0; c < probabilities.length; c++) probabilities[c] = probabilities[c]! / sum;
  return probabilities;
};

/** The softmax of each row of [N, classes] in turn: the same layout, in f64. */
export const softmaxRows = (logits: Logits): Float64Array => {
  const { images, classes } = sizesOf(logits);
  const probabilities = new Float64Array(images * classes);
  for (let n = 0; n < images; n++) {
    probabilities.set(softmax(logits.data.subarray(n * classes, (n + 1) * classes)), n * classes);
  }
  return probabilities;
};

/**
 * The cross-entropy of each image [N], in nats, without label smoothing.
 *
 *   loss = log Σ_j exp(x_j − max x) − (x_label − max x)
 *
 * Never by way of the probability, whose logarithm would be −∞ below exp(−745). The mean is `meanLoss` of this.
 */
export const crossEntropies = (logits: Logits, labels: Labels): Float64Array => {
  const { images, classes } = sizesOf(logits, labels);
  const losses = new Float64Array(images);
  for (let n = 0; n < images; n++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits.data[n * classes + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits.data[n * classes + c]! - largest);
    losses[n] = Math.log(sum) - (logits.data[n * classes + labels[n]!]! - largest);
  }
  return losses;
};
