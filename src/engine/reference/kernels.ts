// The definition of every operation: one total table. Leaving an operation out does not compile.
import type { TypedArray } from "../../base/dtype.ts";
import { operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node, OpKind } from "../../graph/ops.ts";
import { averagePool, averagePoolBackward } from "./average-pool.ts";
import { batchNormBackward, batchNormInference, batchNormTrain } from "./batch-norm.ts";
import { addBias, sumPerChannel } from "./bias.ts";
import { conv2d, conv2dBackwardData, conv2dBackwardWeight } from "./conv.ts";
import { dense, denseBackwardData, denseBackwardWeight } from "./dense.ts";
import {
  add,
  affine,
  cast,
  constant,
  dropout,
  multiply,
  relu,
  reluBackward,
  sigmoid,
  sigmoidBackward,
  stochasticDepth,
} from "./elementwise.ts";
import { flatten, unflatten } from "./flatten.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import type { ElementsOf, Kernel } from "./kernel.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from "./loss.ts";
import { adamDirection, clamp, clipFactor, movingAverage, scaleBy, trustRatio } from "./optimizer.ts";
import { globalAveragePool, globalAveragePoolBackward, maxPool, maxPoolBackward } from "./pool.ts";
import { dequantize, quantize, quantizedConv2d } from "./quantize.ts";
import { copyCorner, padChannels, sliceChannels, subsample, subsampleBackward } from "./shortcut.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  mixedTargets,
  softCrossEntropy,
  softCrossEntropyBackward,
} from "./soft-loss.ts";
import { descend, sumOfSquares, weightedSum } from "./update.ts";
import { allocateElements, roundResults } from "./value-storage.ts";

/** A fused node is what its body is; values that only the body knows are rounded to their types like all others. */
const fused: Kernel<"fused"> = (node, elementsOf) => {
  const known = new Map<string, TypedArray>();
  for (const [, value] of [...operandsOf(node), ...resultsOf(node)]) known.set(value.name, elementsOf(value));
  const elementsInBody: ElementsOf = (value) => {
    const elements = known.get(value.name) ?? allocateElements(value);
    known.set(value.name, elements);
    return elements;
  };
  for (const inner of node.params.body) computeRounded(inner, elementsInBody);
};

export const kernels: { readonly [K in OpKind]: Kernel<K> } = {
  conv2d,
  conv2dBackwardData,
  conv2dBackwardWeight,
  batchNormTrain,
  batchNormInference,
  batchNormBackward,
  foldBatchNorm,
  relu,
  reluBackward,
  add,
  multiply,
  sigmoid,
  sigmoidBackward,
  affine,
  addBias,
  sumPerChannel,
  maxPool,
  maxPoolBackward,
  averagePool,
  averagePoolBackward,
  globalAveragePool,
  globalAveragePoolBackward,
  subsample,
  subsampleBackward,
  flatten,
  unflatten,
  padChannels,
  sliceChannels,
  extendMap: copyCorner,
  cropMap: copyCorner,
  dense,
  denseBackwardData,
  denseBackwardWeight,
  dropout,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  stochasticDepth,
  mixedTargets,
  softCrossEntropy,
  softCrossEntropyBackward,
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  cast,
  constant,
  quantize,
  dequantize,
  quantizedConv2d,
  weightedSum,
  descend,
  adamDirection,
  trustRatio,
  clipFactor,
  scaleBy,
  clamp,
  movingAverage,
  sumOfSquares,
  fused,
};

/** Computes the results of a node of any kind; arrays of their own types round them, those of bf16 values don't. */
export const computeNode = <K extends OpKind>(node: Node<K>, elementsOf: ElementsOf): void =>
  kernels[node.kind](node, elementsOf);

/** Computes the results of a node of any kind, each rounded to its type. */
export const computeRounded = (node: Node, elementsOf: ElementsOf): void => {
  computeNode(node, elementsOf);
  roundResults(node.results, elementsOf);
};
