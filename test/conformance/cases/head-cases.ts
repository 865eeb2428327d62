// The head of a network: dense layer, dropout, loss; and constants, from which gradients start.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Case, Cases, CaseTable } from "./case.ts";

type DenseSizes = readonly [batch: number, inFeatures: number, outFeatures: number];
const denseSizes: Readonly<Record<string, DenseSizes>> = {
  "64 to 10": [4, 64, 10],
  "512 to 100, 1 image": [1, 512, 100],
  "20 to 7": [3, 20, 7],
  "16 to 1": [5, 16, 1],
};
const denseCases = (make: (sizes: DenseSizes) => Case): Cases =>
  Object.fromEntries(Object.entries(denseSizes).map(([title, sizes]) => [title, make(sizes)]));

const loss = (b: GraphBuilder, dtype: FloatDType, n: number, classes: number, labelSmoothing: number) => {
  const labels = b.input("labels", "i32", [n]);
  const logits = b.input("logits", dtype, [n, classes]);
  return { labels, ...b.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing }) };
};
const losses: Readonly<Record<string, readonly [batch: number, classes: number, labelSmoothing: number]>> = {
  "10 classes": [4, 10, 0],
  "1000 classes, label smoothing": [3, 1000, 0.1],
  "1 image, 2 classes": [1, 2, 0],
};

/** Logits and targets of a few classes and of many. */
const softLosses = (make: (b: GraphBuilder, dtype: FloatDType, n: number, k: number) => ReturnType<Case>): Cases =>
  Object.fromEntries(
    Object.entries(losses).map(([title, [n, k]]): readonly [string, Case] => [
      title,
      (b, dtype) => make(b, dtype, n, k),
    ]),
  );
const targetsOf =
  (labelSmoothing: number, threshold: number | null): Case =>
  (b, dtype) => {
    const [labels, partners] = [b.input("labels", "i32", [6]), b.input("partners", "i32", [6])];
    const params = { classes: 10, labelSmoothing, threshold };
    return [b.add("mixedTargets", "mixed", { labels, partners, share: b.input("share", dtype, [6]) }, params).targets];
  };

export const headCases: CaseTable<
  | "mixedTargets"
  | "softCrossEntropy"
  | "softCrossEntropyBackward"
  | "binaryCrossEntropy"
  | "binaryCrossEntropyBackward"
  | "dense"
  | "denseBackwardData"
  | "denseBackwardWeight"
  | "dropout"
  | "softmaxCrossEntropy"
  | "softmaxCrossEntropyBackward"
  | "cast"
  | "constant"
> = {
  mixedTargets: {
    plain: targetsOf(0, null),
    smoothed: targetsOf(0.1, null),
    "above a threshold": targetsOf(0, 0.2),
  },
  softCrossEntropy: softLosses((b, dtype, n, k) => {
    const operands = { logits: b.input("logits", dtype, [n, k]), targets: b.input("targets", dtype, [n, k]) };
    const { loss: mean, probabilities } = b.add("softCrossEntropy", "loss", operands, {});
    return [mean, probabilities];
  }),
  softCrossEntropyBackward: softLosses((b, dtype, n, k) => {
    const operands = { logits: b.input("logits", dtype, [n, k]), targets: b.input("targets", dtype, [n, k]) };
    const { probabilities } = b.add("softCrossEntropy", "loss", operands, {});
    const backward = { probabilities, targets: operands.targets, dLoss: b.input("dLoss", dtype, []) };
    return [b.add("softCrossEntropyBackward", "loss.backward", backward, {}).dLogits];
  }),
  binaryCrossEntropy: softLosses((b, dtype, n, k) => {
    const operands = { logits: b.input("logits", dtype, [n, k]), targets: b.input("targets", dtype, [n, k]) };
    return [b.add("binaryCrossEntropy", "loss", operands, { over: n === 3 ? "sum" : "mean" }).loss];
  }),
  binaryCrossEntropyBackward: softLosses((b, dtype, n, k) => {
    const operands = { logits: b.input("logits", dtype, [n, k]), targets: b.input("targets", dtype, [n, k]) };
    const backward = { ...operands, dLoss: b.input("dLoss", dtype, []) };
    return [b.add("binaryCrossEntropyBackward", "loss.backward", backward, { over: n === 3 ? "sum" : "mean" }).dLogits];
  }),
  dense: denseCases(([n, i, o]) => (b, dtype) => {
    const operands = {
      x: b.input("x", dtype, [n, i]),
      weight: b.input("weight", dtype, [o, i]),
      bias: b.input("bias", dtype, [o]),
    };
    return [b.add("dense", "fc", operands, {}).y];
  }),
  denseBackwardData: denseCases(([n, i, o]) => (b, dtype) => {
    const operands = { dy: b.input("dy", dtype, [n, o]), weight: b.input("weight", dtype, [o, i]) };
    return [b.add("denseBackwardData", "fc.dx", operands, {}).dx];
  }),
  denseBackwardWeight: denseCases(([n, i, o]) => (b, dtype) => {
    const operands = { x: b.input("x", dtype, [n, i]), dy: b.input("dy", dtype, [n, o]) };
    const { dWeight, dBias } = b.add("denseBackwardWeight", "fc.backward", operands, {});
    return [dWeight, dBias];
  }),
  dropout: {
    "half of 64 features": (b, dtype) => {
      const operands = { x: b.input("x", dtype, [4, 64]), key: b.input("key", "i32", [2]) };
      return [b.add("dropout", "dropout", operands, { rate: 0.5, stream: 0 }).y];
    },
    "a fifth of 21 elements, another stream": (b, dtype) => {
      const operands = { x: b.input("x", dtype, [3, 7]), key: b.input("key", "i32", [2]) };
      return [b.add("dropout", "dropout", operands, { rate: 0.2, stream: 3 }).y];
    },
  },
  softmaxCrossEntropy: Object.fromEntries(
    Object.entries(losses).map(([title, sizes]): readonly [string, Case] => [
      title,
      (b, dtype) => {
        const { loss: mean, probabilities } = loss(b, dtype, ...sizes);
        return [mean, probabilities];
      },
    ]),
  ),
  softmaxCrossEntropyBackward: Object.fromEntries(
    Object.entries(losses).map(([title, sizes]): readonly [string, Case] => [
      title,
      (b, dtype) => {
        const { labels, probabilities } = loss(b, dtype, ...sizes);
        const operands = { probabilities, labels, dLoss: b.input("dLoss", dtype, []) };
        const params = { labelSmoothing: sizes[2] };
        return [b.add("softmaxCrossEntropyBackward", "loss.backward", operands, params).dLogits];
      },
    ]),
  ),
  cast: {
    "to f32, which it is": (b, dtype) => [b.add("cast", "same", { x: b.input("x", dtype, [3, 7]) }, { dtype }).y],
    "to bf16 and back": (b, dtype) => {
      const low = b.add("cast", "low", { x: b.input("x", dtype, [2, 20, 3, 5]) }, { dtype: "bf16" }).y;
      return [b.add("cast", "high", { x: low }, { dtype }).y];
    },
    "weights to bf16 and back": (b, dtype) => {
      const low = b.add("cast", "low", { x: b.state("weight", dtype, [16, 8, 3, 3]) }, { dtype: "bf16" }).y;
      return [b.add("cast", "high", { x: low }, { dtype }).y];
    },
  },
  constant: {
    one: (b, dtype) => [b.add("constant", "one", {}, { value: 1, shape: [], dtype }).y],
    "a tenth, which no binary number is": (b, dtype) => [
      b.add("constant", "tenth", {}, { value: 0.1, shape: [2, 16, 3, 3], dtype }).y,
    ],
  },
};
