// Rounding error of losses with a target for every class. exp and log of an engine may be off by a few units: 4 are allowed for each.
import type { Node } from "../../graph/ops.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import type { ErrorBound } from "./error-rules.ts";
import { amplification } from "./loss-error.ts";

type Bounds = ReadonlyMap<string, ErrorBound>;

/** As softmaxCrossEntropyError, with |t| for t. */
export const softCrossEntropyError = (
  { operands, results }: Node<"softCrossEntropy">,
  elementsOf: ElementsOf,
): Bounds => {
  const [N, K] = operands.logits.shape;
  const t = elementsOf(operands.targets);
  const p = elementsOf(results.probabilities);
  const probabilities = new Float64Array(N * K);
  let loss = 0;
  for (let n = 0; n < N; n++) {
    const R = amplification(p, n, K);
    for (let i = n * K; i < (n + 1) * K; i++) {
      probabilities[i] = p[i]! * R;
      if (t[i] !== 0) loss += (Math.abs(t[i]!) * (Math.abs(Math.log(p[i]!)) + R)) / N;
    }
  }
  return new Map([
    [results.probabilities.name, { roundings: K + 12, magnitude: probabilities }],
    [results.loss.name, { roundings: N * K + 16, magnitude: [loss] }],
  ]);
};

/** K − 1 additions, ·, −, ·, / relative to |dLoss| · (p · Σ|t| + |t|) / N. */
export const softCrossEntropyBackwardError = (
  { operands, results }: Node<"softCrossEntropyBackward">,
  elementsOf: ElementsOf,
): Bounds => {
  const [N, K] = operands.probabilities.shape;
  const [p, t] = [elementsOf(operands.probabilities), elementsOf(operands.targets)];
  const dLoss = Math.abs(elementsOf(operands.dLoss)[0]!);
  const magnitude = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    let sum = 0;
    for (let i = n * K; i < (n + 1) * K; i++) sum += Math.abs(t[i]!);
    for (let i = n * K; i < (n + 1) * K; i++) magnitude[i] = (dLoss * (p[i]! * sum + Math.abs(t[i]!))) / N;
  }
  return new Map([[results.dLogits.name, { roundings: K + 4, magnitude }]]);
};

/** N·K terms of ·, −, exp, 1 +, log, +, relative to max(z, 0) + |z·t| + log(1 + e^−|z|), and a division. */
export const binaryCrossEntropyError = (
  { operands, results, params }: Node<"binaryCrossEntropy">,
  elementsOf: ElementsOf,
): Bounds => {
  const [N, K] = operands.logits.shape;
  const [z, t] = [elementsOf(operands.logits), elementsOf(operands.targets)];
  let loss = 0;
  for (let i = 0; i < N * K; i++) {
    // log(1 + e): what is below a unit of 1 + e is lost, so 1 stands beside it.
    loss += Math.max(z[i]!, 0) + Math.abs(z[i]! * t[i]!) + 1 + Math.log1p(Math.exp(-Math.abs(z[i]!)));
  }
  const magnitude = [loss / (params.over === "mean" ? N * K : N)];
  return new Map([[results.loss.name, { roundings: N * K + 13, magnitude }]]);
};

/** −, exp, +, ÷ (6 roundings, as sigmoid), −, ·, ÷ relative to |dLoss| · (σ + |t|) / N. */
export const binaryCrossEntropyBackwardError = (
  { operands, results, params }: Node<"binaryCrossEntropyBackward">,
  elementsOf: ElementsOf,
): Bounds => {
  const [N, K] = operands.logits.shape;
  const [z, t] = [elementsOf(operands.logits), elementsOf(operands.targets)];
  const scale = Math.abs(elementsOf(operands.dLoss)[0]!) / (params.over === "mean" ? N * K : N);
  const magnitude = Float64Array.from(z, (logit, i) => scale * (1 / (1 + Math.exp(-logit)) + Math.abs(t[i]!)));
  return new Map([[results.dLogits.name, { roundings: 9, magnitude }]]);
};
