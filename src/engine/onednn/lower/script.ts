// What touches a few numbers an image, and which the library has no primitive for: computed in this thread in f64, on views
// of the same memory. The loss of a batch of 128 over 10 classes takes 0.02 ms.
import { philox4x32, randomPurposes } from "../../../base/philox.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import type { ScriptArray } from "../physical.ts";

const none: ScriptArray = new Float32Array(0);

export const softmaxCrossEntropy = (
  context: Lowering,
  { operands: { logits, labels }, params, results: { loss, probabilities } }: NodeOf<"softmaxCrossEntropy">,
): void => {
  const [N, K] = logits.shape;
  const { labelSmoothing } = params;
  const tensors = [context.read(logits), context.read(labels), context.result(loss), context.result(probabilities)];
  context.script("softmaxCrossEntropy", tensors, ([z = none, t = none, l = none, p = none]) => {
    let total = 0;
    for (let n = 0; n < N; n++) {
      const row = n * K;
      let largest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < K; k++) largest = Math.max(largest, z[row + k]!); // a NaN stays: Math.max keeps it
      let sum = 0;
      let sumOfLogits = 0;
      for (let k = 0; k < K; k++) {
        sum += Math.exp(z[row + k]! - largest);
        sumOfLogits += z[row + k]!;
      }
      const logSum = largest + Math.log(sum);
      for (let k = 0; k < K; k++) p[row + k] = Math.exp(z[row + k]! - logSum);
      // −Σ t[k]·log p[k], with t = (1 − ε)·onehot + ε / K
      total += (1 - labelSmoothing) * (logSum - z[row + t[n]!]!) + labelSmoothing * (logSum - sumOfLogits / K);
    }
    l[0] = total / N;
  });
};

export const softmaxCrossEntropyBackward = (
  context: Lowering,
  { operands: { probabilities, labels, dLoss }, params, results: { dLogits } }: NodeOf<"softmaxCrossEntropyBackward">,
): void => {
  const [N, K] = probabilities.shape;
  const { labelSmoothing } = params;
  const tensors = [context.read(probabilities), context.read(labels), context.read(dLoss), context.result(dLogits)];
  context.script("softmaxCrossEntropyBackward", tensors, ([p = none, t = none, dl = none, dz = none]) => {
    const scale = dl[0]! / N;
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k++) {
        const target = (k === t[n] ? 1 - labelSmoothing : 0) + labelSmoothing / K;
        dz[n * K + k] = scale * (p[n * K + k]! - target);
      }
    }
  });
};

export const dropout = (
  context: Lowering,
  { operands: { x, key }, params, results: { y } }: NodeOf<"dropout">,
): void => {
  const { rate, stream } = params;
  const tensors = [context.read(x), context.read(key), context.result(y, "plain")];
  const threshold = rate * 2 ** 32;
  context.script("dropout", tensors, ([from = none, seed = none, to = none]) => {
    for (let i = 0; i < from.length; i += 4) {
      const block = philox4x32([seed[0]!, randomPurposes.dropout], [i / 4, 0, stream, seed[1]!]);
      for (let j = 0; j < 4 && i + j < from.length; j++)
        to[i + j] = block[j]! < threshold ? 0 : from[i + j]! / (1 - rate);
    }
  });
};
