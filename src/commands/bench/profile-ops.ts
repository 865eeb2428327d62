// What a profile groups nodes by: one word of the field for each operation, whatever kind of node computes it.
import { flopsOf } from "../../graph/cost-rules.ts";
import type { Node, OpKind } from "../../graph/ops.ts";

export const profileOps = [
  "convolution",
  "convolution by data",
  "convolution by weights",
  "batch norm",
  "relu",
  "add",
  "pool",
  "dense",
  "shortcut",
  "gate",
  "loss",
  "update",
  "reorder",
  "fill",
] as const;
/** `reorder` is another layout or type, also where no node of the graph asks for it; `fill` a constant. */
export type ProfileOp = (typeof profileOps)[number];

const opOfKind: { readonly [K in Exclude<OpKind, "fused">]: ProfileOp } = {
  conv2d: "convolution",
  conv2dBackwardData: "convolution by data",
  conv2dBackwardWeight: "convolution by weights",
  batchNormTrain: "batch norm",
  batchNormInference: "batch norm",
  foldBatchNorm: "batch norm",
  batchNormBackward: "batch norm",
  relu: "relu",
  reluBackward: "relu",
  add: "add",
  multiply: "gate",
  sigmoid: "gate",
  sigmoidBackward: "gate",
  affine: "gate",
  addBias: "add",
  sumPerChannel: "add",
  maxPool: "pool",
  maxPoolBackward: "pool",
  averagePool: "pool",
  averagePoolBackward: "pool",
  globalAveragePool: "pool",
  globalAveragePoolBackward: "pool",
  flatten: "dense",
  unflatten: "dense",
  subsample: "shortcut",
  subsampleBackward: "shortcut",
  padChannels: "shortcut",
  sliceChannels: "shortcut",
  extendMap: "shortcut",
  cropMap: "shortcut",
  dense: "dense",
  denseBackwardData: "dense",
  denseBackwardWeight: "dense",
  dropout: "gate",
  softmaxCrossEntropy: "loss",
  softmaxCrossEntropyBackward: "loss",
  stochasticDepth: "gate",
  mixedTargets: "loss",
  softCrossEntropy: "loss",
  softCrossEntropyBackward: "loss",
  binaryCrossEntropy: "loss",
  binaryCrossEntropyBackward: "loss",
  cast: "reorder",
  constant: "fill",
  quantize: "reorder",
  dequantize: "reorder",
  quantizedConv2d: "convolution",
  weightedSum: "update",
  descend: "update",
  adamDirection: "update",
  trustRatio: "update",
  clipFactor: "update",
  scaleBy: "update",
  clamp: "update",
  movingAverage: "update",
  sumOfSquares: "update",
};

/** The operation of a node; a fused one counts as the member that computes most, the first of equals. */
export const profileOpOf = (node: Node): ProfileOp => {
  if (node.kind !== "fused") return opOfKind[node.kind];
  const [first, ...others] = node.params.body;
  if (first === undefined) return "fill"; // a fusion of nothing computes nothing
  return profileOpOf(others.reduce((most, each) => (flopsOf(each) > flopsOf(most) ? each : most), first));
};
