// Rounding error of softmax cross-entropy. exp and log of an engine may be off by a few units themselves: 4 are allowed for each.

import type { Node } from "../../graph/ops.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import type { ErrorBound } from "./error-rules.ts";

/**
 * How much an image's probabilities amplify roundings: with m the largest logit, exp(l − m) is off by the fraction
 * u · (m − l) for the subtraction, and their sum by no more than the largest such fraction; and m − l ≤ −log p.
 */
export const amplification = (probabilities: ArrayLike<number>, n: number, K: number): number => {
  let largest = 0;
  for (let k = 0; k < K; k++) largest = Math.max(largest, -Math.log(probabilities[n * K + k]!));
  return 1 + largest;
};

const targetOf = (k: number, label: number, labelSmoothing: number, K: number): number =>
  (k === label ? 1 - labelSmoothing : 0) + labelSmoothing / K;

/**
 * With R = 1 + max_k |log p[n, k]|:
 *   probabilities  K + 12 roundings relative to p · R
 *   loss           N·K + 16 relative to (1/N) Σ_n Σ_k t · (|log p| + R): log of the sum, two subtractions, N·K additions
 */
export const softmaxCrossEntropyError = (
  { operands, results, params }: Node<"softmaxCrossEntropy">,
  elementsOf: ElementsOf,
): ReadonlyMap<string, ErrorBound> => {
  const [N, K] = operands.logits.shape;
  const labels = elementsOf(operands.labels);
  const p = elementsOf(results.probabilities);
  const probabilities = new Float64Array(N * K);
  let loss = 0;
  for (let n = 0; n < N; n++) {
    const R = amplification(p, n, K);
    for (let k = 0; k < K; k++) {
      probabilities[n * K + k] = p[n * K + k]! * R;
      const target = targetOf(k, labels[n]!, params.labelSmoothing, K);
      if (target !== 0) loss += (target * (Math.abs(Math.log(p[n * K + k]!)) + R)) / N;
    }
  }
  return new Map([
    [results.probabilities.name, { roundings: K + 12, magnitude: probabilities }],
    [results.loss.name, { roundings: N * K + 16, magnitude: [loss] }],
  ]);
};

/** dLogits: 6 roundings, three in the target, −, ·, /, relative to |dLoss| · (p + t) / N. */
export const softmaxCrossEntropyBackwardError = (
  { operands, results, params }: Node<"softmaxCrossEntropyBackward">,
  elementsOf: ElementsOf,
): ReadonlyMap<string, ErrorBound> => {
  const [N, K] = operands.probabilities.shape;
  const p = elementsOf(operands.probabilities);
  const labels = elementsOf(operands.labels);
  const dLoss = Math.abs(elementsOf(operands.dLoss)[0]!);
  const magnitude = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const target = targetOf(k, labels[n]!, params.labelSmoothing, K);
      magnitude[n * K + k] = (dLoss * (p[n * K + k]! + target)) / N;
    }
  }
  return new Map([[results.dLogits.name, { roundings: 6, magnitude }]]);
};
