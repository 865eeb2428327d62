// Softmax and cross-entropy as one operation, so that no logarithm meets a probability that was rounded to zero.
// Letters: N images, K classes; target t[n, k] = (1 − ε)·[k = labels[n]] + ε / K with ε = labelSmoothing.
import { classOf } from "./class-of.ts";
import type { Kernel } from "./kernel.ts";

/**
 * loss = −(1/N) Σ_{n,k} t[n, k] · log p[n, k], with p = softmax(logits) and, m being the largest logit of the image,
 *   log p[n, k] = logits[n, k] − m − log Σ_k exp(logits[n, k] − m)
 */
export const softmaxCrossEntropy: Kernel<"softmaxCrossEntropy"> = (node, elementsOf) => {
  const { operands, results, params } = node;
  const [N, K] = operands.logits.shape;
  const logits = elementsOf(operands.logits); // [N, K]
  const labels = elementsOf(operands.labels); // [N]
  const probabilities = elementsOf(results.probabilities); // [N, K]
  let loss = 0;
  for (let n = 0; n < N; n++) {
    const label = classOf(node.name, labels, n, K);
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) largest = Math.max(largest, logits[n * K + k]!);
    let sum = 0;
    for (let k = 0; k < K; k++) sum += Math.exp(logits[n * K + k]! - largest);
    for (let k = 0; k < K; k++) {
      const logProbability = logits[n * K + k]! - largest - Math.log(sum);
      const target = (k === label ? 1 - params.labelSmoothing : 0) + params.labelSmoothing / K;
      if (target !== 0) loss -= (target * logProbability) / N; // 0 · −∞ is no loss
      probabilities[n * K + k] = Math.exp(logProbability);
    }
  }
  elementsOf(results.loss)[0] = loss;
};

/** dLogits = dLoss · (probabilities − t) / N. */
export const softmaxCrossEntropyBackward: Kernel<"softmaxCrossEntropyBackward"> = (node, elementsOf) => {
  const { operands, results, params } = node;
  const [N, K] = operands.probabilities.shape;
  const probabilities = elementsOf(operands.probabilities); // [N, K]
  const labels = elementsOf(operands.labels); // [N]
  const dLoss = elementsOf(operands.dLoss)[0]!;
  const dLogits = elementsOf(results.dLogits); // [N, K]
  for (let n = 0; n < N; n++) {
    const label = classOf(node.name, labels, n, K);
    for (let k = 0; k < K; k++) {
      const target = (k === label ? 1 - params.labelSmoothing : 0) + params.labelSmoothing / K;
      dLogits[n * K + k] = (dLoss * (probabilities[n * K + k]! - target)) / N;
    }
  }
};
