// How each operation becomes calls of oneDNN: one total table over small files.
import { UnsupportedError } from "../../../base/errors.ts";
import type { Node, NodeOf, OpKind } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import { batchNormBackward, batchNormInference, batchNormTrain } from "./batch-norm.ts";
import { addBias, sumPerChannel } from "./bias.ts";
import { cast } from "./cast.ts";
import { cropMap, extendMap, padChannels, sliceChannels, subsample, subsampleBackward } from "./channels.ts";
import { constant } from "./constant.ts";
import { conv2d, conv2dBackwardData, conv2dBackwardWeight } from "./convolution.ts";
import { dense, denseBackwardData, denseBackwardWeight } from "./dense.ts";
import { add, affine, multiply, relu, reluBackward, sigmoid, sigmoidBackward } from "./elementwise.ts";
import { flatten, unflatten } from "./flatten.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { fusedLowerings } from "./fused.ts";
import { adamDirection, clamp, clipFactor, movingAverage, scaleBy, trustRatio } from "./optimizer.ts";
import {
  averagePool,
  averagePoolBackward,
  globalAveragePool,
  globalAveragePoolBackward,
  maxPool,
  maxPoolBackward,
} from "./pooling.ts";
import { dequantize, quantize } from "./quantize.ts";
import { quantizedConv2d } from "./quantized-convolution.ts";
import { dropout, softmaxCrossEntropy, softmaxCrossEntropyBackward } from "./script.ts";
import {
  binaryCrossEntropy,
  binaryCrossEntropyBackward,
  mixedTargets,
  softCrossEntropy,
  softCrossEntropyBackward,
} from "./soft-loss.ts";
import { stochasticDepth } from "./stochastic-depth.ts";
import { descend, sumOfSquares, weightedSum } from "./update.ts";

/** Emits the calls of one node. Throws UnsupportedError for what the engine can't do. */
export type LoweringRule<K extends OpKind> = (context: Lowering, node: NodeOf<K>) => void;

const fused: LoweringRule<"fused"> = (context, node) => {
  const rule = fusedLowerings.get(node.params.rule);
  if (rule === undefined) throw new UnsupportedError("onednn", node.name, `it has no fusion ${node.params.rule}`);
  rule(context, node.params.body);
};

const rules: { readonly [K in OpKind]: LoweringRule<K> } = {
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
  extendMap,
  cropMap,
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

export const lowerNode = <K extends OpKind>(context: Lowering, node: Node<K>): void => rules[node.kind](context, node);
