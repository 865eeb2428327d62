// Losses whose targets are numbers for every class, and those targets. Letters: N images, K classes.
import { classOf } from "./class-of.ts";
import type { Kernel } from "./kernel.ts";

/** t = (1 − ε)·(share·[k = label] + (1 − share)·[k = partner]) + ε / K; with a threshold, whether that is above it. */
export const mixedTargets: Kernel<"mixedTargets"> = (node, elementsOf) => {
  const { operands, results, params } = node;
  const { classes: K, labelSmoothing, threshold } = params;
  const labels = elementsOf(operands.labels);
  const partners = elementsOf(operands.partners);
  const share = elementsOf(operands.share);
  const targets = elementsOf(results.targets); // [N, K]
  for (let n = 0; n < share.length; n++) {
    const label = classOf(node.name, labels, n, K);
    const partner = classOf(node.name, partners, n, K);
    for (let k = 0; k < K; k++) {
      const mixed = (k === label ? share[n]! : 0) + (k === partner ? 1 - share[n]! : 0);
      const target = (1 - labelSmoothing) * mixed + labelSmoothing / K;
      targets[n * K + k] = threshold === null ? target : Number(target > threshold);
    }
  }
};

/** loss = −(1/N) Σ_{n,k} t · log p, with log p[n, k] = z[n, k] − m − log Σ_j exp(z[n, j] − m), m the largest logit of the image. */
export const softCrossEntropy: Kernel<"softCrossEntropy"> = ({ operands, results }, elementsOf) => {
  const [N, K] = operands.logits.shape;
  const logits = elementsOf(operands.logits); // [N, K]
  const targets = elementsOf(operands.targets); // [N, K]
  const probabilities = elementsOf(results.probabilities); // [N, K]
  let loss = 0;
  for (let n = 0; n < N; n++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) largest = Math.max(largest, logits[n * K + k]!);
    let sum = 0;
    for (let k = 0; k < K; k++) sum += Math.exp(logits[n * K + k]! - largest);
    for (let k = 0; k < K; k++) {
      const logProbability = logits[n * K + k]! - largest - Math.log(sum);
      if (targets[n * K + k] !== 0) loss -= (targets[n * K + k]! * logProbability) / N; // 0 · −∞ is no loss
      probabilities[n * K + k] = Math.exp(logProbability);
    }
  }
  elementsOf(results.loss)[0] = loss;
};

/** dLogits = dLoss · (p · Σ_j t[n, j] − t) / N. */
export const softCrossEntropyBackward: Kernel<"softCrossEntropyBackward"> = ({ operands, results }, elementsOf) => {
  const [N, K] = operands.probabilities.shape;
  const probabilities = elementsOf(operands.probabilities); // [N, K]
  const targets = elementsOf(operands.targets); // [N, K]
  const dLoss = elementsOf(operands.dLoss)[0]!;
  const dLogits = elementsOf(results.dLogits); // [N, K]
  for (let n = 0; n < N; n++) {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += targets[n * K + k]!;
    for (let i = n * K; i < (n + 1) * K; i++) dLogits[i] = (dLoss * (probabilities[i]! * sum - targets[i]!)) / N;
  }
};

/** loss = Σ (max(z, 0) − z·t + log(1 + e^−|z|)) / N, or / (N·K): no exponential overflows. */
export const binaryCrossEntropy: Kernel<"binaryCrossEntropy"> = ({ operands, results, params }, elementsOf) => {
  const [N, K] = operands.logits.shape;
  const logits = elementsOf(operands.logits); // [N, K]
  const targets = elementsOf(operands.targets); // [N, K]
  let loss = 0;
  for (let i = 0; i < N * K; i++) {
    const z = logits[i]!;
    loss += Math.max(z, 0) - z * targets[i]! + Math.log1p(Math.exp(-Math.abs(z)));
  }
  elementsOf(results.loss)[0] = loss / (params.over === "mean" ? N * K : N);
};

/** dLogits = dLoss · (1 / (1 + e⁻ᶻ) − t) / N, or / (N·K). */
export const binaryCrossEntropyBackward: Kernel<"binaryCrossEntropyBackward"> = (
  { operands, results, params },
  elementsOf,
) => {
  const [N, K] = operands.logits.shape;
  const logits = elementsOf(operands.logits); // [N, K]
  const targets = elementsOf(operands.targets); // [N, K]
  const dLogits = elementsOf(results.dLogits); // [N, K]
  const scale = elementsOf(operands.dLoss)[0]! / (params.over === "mean" ? N * K : N);
  for (let i = 0; i < N * K; i++) dLogits[i] = scale * (1 / (1 + Math.exp(-logits[i]!)) - targets[i]!);
};
