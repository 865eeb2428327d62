// Losses with a target for every class, in this thread in f64: a few numbers an image, as in script.ts. A batch of 128 over 1000 classes
// takes some milliseconds, where its network takes seconds.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import type { ScriptArray } from "../physical.ts";

const none: ScriptArray = new Float32Array(0);

export const mixedTargets = (
  context: Lowering,
  { operands: { labels, partners, share }, params, results: { targets } }: NodeOf<"mixedTargets">,
): void => {
  const { classes: K, labelSmoothing, threshold } = params;
  const tensors = [...[labels, partners, share].map((value) => context.read(value)), context.result(targets)];
  context.script("mixedTargets", tensors, ([label = none, partner = none, λ = none, t = none]) => {
    t.fill(labelSmoothing / K);
    for (let n = 0; n < λ.length; n++) {
      const [own, other] = [n * K + label[n]!, n * K + partner[n]!];
      if (own === other) t[own]! += 1 - labelSmoothing;
      else {
        t[own]! += (1 - labelSmoothing) * λ[n]!;
        t[other]! += (1 - labelSmoothing) * (1 - λ[n]!);
      }
    }
    if (threshold !== null) for (let i = 0; i < t.length; i++) t[i] = Number(t[i]! > threshold);
  });
};

export const softCrossEntropy = (
  context: Lowering,
  { operands: { logits, targets }, results: { loss, probabilities } }: NodeOf<"softCrossEntropy">,
): void => {
  const [N, K] = logits.shape;
  const tensors = [context.read(logits), context.read(targets), context.result(loss), context.result(probabilities)];
  context.script("softCrossEntropy", tensors, ([z = none, t = none, l = none, p = none]) => {
    let total = 0;
    for (let row = 0; row < N * K; row += K) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = row; i < row + K; i++) largest = Math.max(largest, z[i]!); // a NaN stays: Math.max keeps it
      let sum = 0;
      for (let i = row; i < row + K; i++) sum += Math.exp(z[i]! - largest);
      const logSum = Math.log(sum);
      for (let i = row; i < row + K; i++) {
        const logProbability = z[i]! - largest - logSum;
        p[i] = Math.exp(logProbability);
        if (t[i] !== 0) total -= t[i]! * logProbability;
      }
    }
    l[0] = total / N;
  });
};

export const softCrossEntropyBackward = (
  context: Lowering,
  { operands: { probabilities, targets, dLoss }, results: { dLogits } }: NodeOf<"softCrossEntropyBackward">,
): void => {
  const [N, K] = probabilities.shape;
  const tensors = [...[probabilities, targets, dLoss].map((value) => context.read(value)), context.result(dLogits)];
  context.script("softCrossEntropyBackward", tensors, ([p = none, t = none, dl = none, dz = none]) => {
    const scale = dl[0]! / N;
    for (let row = 0; row < N * K; row += K) {
      let sum = 0;
      for (let i = row; i < row + K; i++) sum += t[i]!;
      for (let i = row; i < row + K; i++) dz[i] = scale * (p[i]! * sum - t[i]!);
    }
  });
};

export const binaryCrossEntropy = (
  context: Lowering,
  { operands: { logits, targets }, params: { over }, results: { loss } }: NodeOf<"binaryCrossEntropy">,
): void => {
  const [N, K] = logits.shape;
  const divisor = over === "mean" ? N * K : N;
  const tensors = [context.read(logits), context.read(targets), context.result(loss)];
  context.script("binaryCrossEntropy", tensors, ([z = none, t = none, l = none]) => {
    let total = 0;
    for (let i = 0; i < N * K; i++) {
      total += Math.max(z[i]!, 0) - z[i]! * t[i]! + Math.log1p(Math.exp(-Math.abs(z[i]!)));
    }
    l[0] = total / divisor;
  });
};

export const binaryCrossEntropyBackward = (
  context: Lowering,
  { operands: { logits, targets, dLoss }, params: { over }, results }: NodeOf<"binaryCrossEntropyBackward">,
): void => {
  const [N, K] = logits.shape;
  const divisor = over === "mean" ? N * K : N;
  const tensors = [...[logits, targets, dLoss].map((value) => context.read(value)), context.result(results.dLogits)];
  context.script("binaryCrossEntropyBackward", tensors, ([z = none, t = none, dl = none, dz = none]) => {
    const scale = dl[0]! / divisor;
    for (let i = 0; i < N * K; i++) dz[i] = scale * (1 / (1 + Math.exp(-z[i]!)) - t[i]!);
  });
};
