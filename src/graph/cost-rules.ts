// What each operation costs: floating-point operations, a multiply-add counted as two. Bytes follow from operands and results.
import { dtypeBytes } from "../base/dtype.ts";
import { elementCount } from "../base/shape.ts";
import { operandsOf, resultsOf } from "./graph.ts";
import type { Node, OpKind } from "./ops.ts";

export type CostRule<K extends OpKind> = (node: Node<K>) => number;

const times =
  (flopsPerElement: number) =>
  (node: { readonly results: Readonly<Record<string, { readonly shape: readonly number[] }>> }): number => {
    const first = Object.values(node.results)[0];
    return first === undefined ? 0 : flopsPerElement * elementCount(first.shape);
  };

/** Floating-point operations of one node. Copies and zeros cost none; they cost bytes. */
export const costRules: { readonly [K in OpKind]: CostRule<K> } = {
  conv2d: ({ operands: { weight }, results: { y } }) => {
    const [, channels, u, v] = weight.shape; // already divided by the groups
    return 2 * elementCount(y.shape) * channels * u * v;
  },
  conv2dBackwardData: ({ operands: { dy, weight } }) => {
    const [, channels, u, v] = weight.shape;
    return 2 * elementCount(dy.shape) * channels * u * v;
  },
  conv2dBackwardWeight: ({ operands: { dy }, params }) => {
    const [, channels, u, v] = params.filterShape;
    return 2 * elementCount(dy.shape) * channels * u * v;
  },
  batchNormTrain: times(7), // two for each statistic, three to apply
  batchNormInference: times(2),
  batchNormBackward: times(9), // four for the two sums, five for dx
  foldBatchNorm: times(1),
  relu: times(1),
  reluBackward: times(1),
  add: times(1),
  multiply: times(1),
  sigmoid: times(4), // −, exp, +, ÷
  sigmoidBackward: times(3),
  affine: times(2),
  addBias: times(1),
  sumPerChannel: ({ operands: { dy } }) => elementCount(dy.shape),
  maxPool: ({ results: { y }, params: { kernel } }) => elementCount(y.shape) * (kernel[0] * kernel[1] - 1),
  maxPoolBackward: ({ operands: { dy } }) => elementCount(dy.shape),
  averagePool: ({ results: { y }, params: { kernel } }) => elementCount(y.shape) * kernel[0] * kernel[1],
  averagePoolBackward: ({ operands: { dy }, params: { kernel } }) =>
    elementCount(dy.shape) * (1 + kernel[0] * kernel[1]),
  globalAveragePool: ({ operands: { x } }) => elementCount(x.shape),
  globalAveragePoolBackward: times(1),
  flatten: times(0),
  unflatten: times(0),
  subsample: times(0),
  subsampleBackward: times(0),
  padChannels: times(0),
  sliceChannels: times(0),
  extendMap: times(0),
  cropMap: times(0),
  dense: ({ operands: { weight }, results: { y } }) => 2 * elementCount(y.shape) * weight.shape[1],
  denseBackwardData: ({ operands: { weight, dy } }) => 2 * elementCount(dy.shape) * weight.shape[1],
  denseBackwardWeight: ({ operands: { x, dy } }) => 2 * elementCount(x.shape) * dy.shape[1],
  dropout: times(1),
  softmaxCrossEntropy: ({ operands: { logits } }) => 5 * elementCount(logits.shape),
  softmaxCrossEntropyBackward: times(3),
  stochasticDepth: times(1),
  mixedTargets: times(1),
  softCrossEntropy: ({ operands: { logits } }) => 6 * elementCount(logits.shape),
  softCrossEntropyBackward: times(4),
  binaryCrossEntropy: ({ operands: { logits } }) => 7 * elementCount(logits.shape),
  binaryCrossEntropyBackward: times(6),
  cast: times(0),
  constant: times(0),
  quantize: times(1),
  dequantize: times(1),
  // Operations on integers, those of the sums; what follows them is of another order.
  quantizedConv2d: ({ operands: { weight }, results: { y } }) => {
    const [, channels, u, v] = weight.shape;
    return 2 * elementCount(y.shape) * channels * u * v;
  },
  weightedSum: ({ operands, results: { y } }) => (2 * Object.keys(operands).length - 1) * elementCount(y.shape),
  descend: times(2),
  adamDirection: times(5), // two corrections, √, +, ÷
  trustRatio: ({ operands: { weight, direction } }) => 2 * (elementCount(weight.shape) + elementCount(direction.shape)),
  clipFactor: times(4), // √, +, ÷, min
  scaleBy: times(1),
  clamp: times(2),
  movingAverage: times(3),
  sumOfSquares: ({ operands }) => Object.values(operands).reduce((sum, { shape }) => sum + 2 * elementCount(shape), 0),
  fused: ({ params }) => params.body.reduce((sum, node) => sum + flopsOf(node), 0),
};

/** Floating-point operations of a node of any kind. */
export const flopsOf = <K extends OpKind>(node: Node<K>): number => costRules[node.kind](node);

/** Bytes that a node has to read and write at the least: each operand and each result once. */
export const bytesOf = (node: Node): number =>
  [...operandsOf(node), ...resultsOf(node)].reduce(
    (sum, [, value]) => sum + elementCount(value.shape) * dtypeBytes[value.dtype],
    0,
  );
