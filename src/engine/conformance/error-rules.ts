// How far an engine may be off: for each operation, how many roundings a result goes through, and the magnitude that each of them
// is relative to. A sum of K products of any order, rounded after every step with unit roundoff u, is off by at most
//   γ_K · Σ|a||b|,  γ_K = K·u / (1 − K·u)          (Higham 2002, Accuracy and Stability of Numerical Algorithms, 3.1)
// The magnitude Σ|a||b| is what the operation's own definition gives for absolute operands, with signs under which nothing
// cancels. Where an operation is not such a sum (statistics, softmax) the rule has its own formula, stated above it.
import { type ByteDType, type TypedArray, unitRoundoff } from "../../base/dtype.ts";
import { roundToLevel } from "../../base/levels.ts";
import { elementCount } from "../../base/shape.ts";
import type { PoolParams } from "../../graph/geometry.ts";
import { operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node, OpKind } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import { computeNode } from "../reference/kernels.ts";
import { batchNormBackwardError, batchNormTrainError } from "./batch-norm-error.ts";
import { softmaxCrossEntropyBackwardError, softmaxCrossEntropyError } from "./loss-error.ts";
import {
  binaryCrossEntropyBackwardError,
  binaryCrossEntropyError,
  softCrossEntropyBackwardError,
  softCrossEntropyError,
} from "./soft-loss-error.ts";

/** A result may be off by γ_roundings · magnitude, element by element, before it is rounded to its type; nothing where it is exact. */
export interface ErrorBound {
  readonly roundings: number;
  /** Roundings to the value's own type beside the last one: sums that engines may keep in bf16. Default 0. */
  readonly inOwnType?: number;
  readonly magnitude: ArrayLike<number>;
}
/** Bounds by the name of the result's value. `elementsOf` gives the values of operands and results in f64. */
export type ErrorRule<K extends OpKind> = (node: Node<K>, elementsOf: ElementsOf) => ReadonlyMap<string, ErrorBound>;

/** Copies, choices and comparisons: not a bit may differ. */
const exact = (node: Node): ReadonlyMap<string, ErrorBound> =>
  new Map(
    resultsOf(node).map(([, { name, shape }]) => [
      name,
      { roundings: 0, magnitude: new Float64Array(elementCount(shape)) },
    ]),
  );

/** −1 for operands that the definition subtracts; the coefficient's sign where it multiplies. */
type Signs = Readonly<Record<string, number>>;

/** sign · |element|. (A loop: the networks compared have tens of millions of elements, and `from` is slow.) */
const absolute = (elements: TypedArray, sign: number): Float64Array => {
  const magnitudes = new Float64Array(elements.length);
  for (let i = 0; i < magnitudes.length; i++) magnitudes[i] = sign * Math.abs(elements[i]!);
  return magnitudes;
};

/** A result that is a sum of products: the definition itself, on absolute operands times `signs`, gives Σ|a||b|. */
const sumOfProducts = (
  node: Node,
  elementsOf: ElementsOf,
  roundings: number,
  signs: Signs = {},
  inOwnType = 0,
): ReadonlyMap<string, ErrorBound> => {
  const known = new Map<string, TypedArray>();
  for (const [operand, value] of operandsOf(node)) {
    const elements = elementsOf(value);
    known.set(value.name, value.dtype === "i32" ? elements : absolute(elements, signs[operand] ?? 1));
  }
  const results = resultsOf(node).map(([, value]) => value);
  for (const { name, shape } of results) known.set(name, new Float64Array(elementCount(shape)));
  computeNode(node, ({ name }) => known.get(name) ?? new Float64Array());
  return new Map(results.map(({ name }) => [name, { roundings, inOwnType, magnitude: known.get(name) ?? [] }]));
};

/** How many windows an element may be in. */
const overlapsOf = ({ kernel, stride }: PoolParams): number =>
  Math.ceil(kernel[0] / stride[0]) * Math.ceil(kernel[1] / stride[1]);

/** A result in which nothing cancels: each rounding is relative to itself. */
const relative = (result: Value, elementsOf: ElementsOf, roundings: number): ReadonlyMap<string, ErrorBound> =>
  new Map([[result.name, { roundings, magnitude: absolute(elementsOf(result), 1) }]]);

/** A byte that is either of two levels: large enough that one rounding of it comes to one level. */
const oneLevel = 1.001 * 2 ** 24;

/**
 * Bytes are the nearest levels to real numbers that are off by `error` each: exact, but for those that this moves across the middle
 * between two levels, which may be either.
 */
const levels = (
  y: Value,
  dtype: ByteDType,
  elementsOf: ElementsOf,
  error: (i: number) => number,
): ReadonlyMap<string, ErrorBound> => {
  const unrounded = elementsOf(y);
  const magnitude = new Float64Array(unrounded.length);
  let roundings = 0;
  for (let i = 0; i < magnitude.length; i++) {
    const [number, e] = [unrounded[i]!, error(i)];
    if (roundToLevel(number - e, dtype) === roundToLevel(number + e, dtype)) continue;
    magnitude[i] = oneLevel;
    roundings = 1;
  }
  return new Map([[y.name, { roundings, magnitude }]]);
};

/** u of f32: what bytes are made from is f32 in engines. */
const u = unitRoundoff.f32;

/** Factor rounded, sum as f32, + bias, ·, factor of the shortcut rounded, ·, +: relative to what is added, before the relu. */
const quantizedConv2dError: ErrorRule<"quantizedConv2d"> = (node, elementsOf) => {
  const { operands, params, results } = node;
  const { y } = results;
  const { shortcut: shortcutValue, ...others } = operands;
  const convolved = new Float64Array(elementCount(y.shape));
  const alone: typeof node = { ...node, operands: others, params: { ...params, relu: false } };
  computeNode(alone, (value) => (value.name === y.name ? convolved : elementsOf(value)));
  const bias = elementsOf(operands.bias);
  const shortcut = shortcutValue && elementsOf(shortcutValue);
  const [, O, H, W] = y.shape;
  const magnitude = convolved; // in its place
  for (let i = 0; i < magnitude.length; i++) {
    const o = Math.floor(i / (H * W)) % O;
    const biased = Math.abs(bias[o]! * params.factors[o]!);
    magnitude[i] = Math.abs(convolved[i]!) + 2 * biased + Math.abs((shortcut?.[i] ?? 0) * params.shortcutFactor);
  }
  if (params.result === "f32") return new Map([[y.name, { roundings: 7, magnitude }]]);
  return levels(y, params.result, elementsOf, (i) => 7 * u * magnitude[i]!);
};

export const errorRules: { readonly [K in OpKind]: ErrorRule<K> } = {
  // One rounding for each product and each addition that it goes through, the first addition (to zero) being exact: K in all.
  conv2d: (node, elementsOf) => {
    const [, channels, u, v] = node.operands.weight.shape;
    return sumOfProducts(node, elementsOf, channels * u * v);
  },
  conv2dBackwardData: (node, elementsOf) => {
    const [filters, , u, v] = node.operands.weight.shape;
    return sumOfProducts(node, elementsOf, (filters / node.params.groups) * u * v);
  },
  conv2dBackwardWeight: (node, elementsOf) => {
    const [n, , h, w] = node.operands.dy.shape;
    return sumOfProducts(node, elementsOf, n * h * w);
  },
  dense: (node, elementsOf) => sumOfProducts(node, elementsOf, node.operands.x.shape[1] + 1),
  denseBackwardData: (node, elementsOf) => sumOfProducts(node, elementsOf, node.operands.dy.shape[1]),
  denseBackwardWeight: (node, elementsOf) => sumOfProducts(node, elementsOf, node.operands.x.shape[0]),

  batchNormTrain: batchNormTrainError,
  batchNormBackward: batchNormBackwardError,
  // y = scale · (x − mean) / √(variance + ε) + shift, or x · a + b: + ε, √, one or two divisions, −, ·, +; √ halves what is
  // before it. The magnitude is |scale| · (|x| + |mean|) / √(variance + ε) + |shift|.
  batchNormInference: (node, elementsOf) => sumOfProducts(node, elementsOf, 7, { mean: -1 }),
  // The same roundings, and one more for the convolution's own bias.
  foldBatchNorm: (node, elementsOf) => sumOfProducts(node, elementsOf, 8, { mean: -1 }),

  relu: exact,
  reluBackward: exact,
  add: (node, elementsOf) => sumOfProducts(node, elementsOf, 1),
  multiply: (node, elementsOf) => sumOfProducts(node, elementsOf, 1),
  // e⁻ˣ of an engine may be off by 4 units itself (they weigh at most once in 1 / (1 + e⁻ˣ)), +, ÷.
  sigmoid: (node, elementsOf) => relative(node.results.y, elementsOf, 6),
  // −, ·, · relative to the result: y is exact, and so 1 − y is off by one rounding.
  sigmoidBackward: (node, elementsOf) => relative(node.results.dx, elementsOf, 3),
  // scale rounded, ·, + relative to |scale · x| + |shift|.
  affine: (node, elementsOf) => {
    const { scale, shift } = node.params;
    return sumOfProducts({ ...node, params: { scale: Math.abs(scale), shift: Math.abs(shift) } }, elementsOf, 3);
  },
  addBias: (node, elementsOf) => sumOfProducts(node, elementsOf, 1),
  // N·H·W − 1 additions; a mean of each image, times its pixels, is rounded twice more.
  sumPerChannel: (node, elementsOf) => {
    const [n, , h, w] = node.operands.dy.shape;
    return sumOfProducts(node, elementsOf, n * h * w + 1);
  },
  maxPool: exact,
  // As many additions as windows may overlap. Engines may add to what is stored already (oneDNN 2.6 does in some layouts).
  maxPoolBackward: (node, elementsOf) => {
    const overlaps = overlapsOf(node.params);
    return sumOfProducts(node, elementsOf, overlaps, {}, overlaps - 1);
  },
  // U·V − 1 additions, and a division or the reciprocal and a product.
  averagePool: (node, elementsOf) => {
    const { kernel } = node.params;
    return sumOfProducts(node, elementsOf, kernel[0] * kernel[1] + 1);
  },
  // That division, and one addition fewer than windows may overlap.
  averagePoolBackward: (node, elementsOf) => {
    const overlaps = overlapsOf(node.params);
    return sumOfProducts(node, elementsOf, overlaps + 1, {}, overlaps - 1);
  },
  // H·W − 1 additions, and a division or the reciprocal and a product.
  globalAveragePool: (node, elementsOf) => {
    const [, , h, w] = node.operands.x.shape;
    return sumOfProducts(node, elementsOf, h * w + 1);
  },
  globalAveragePoolBackward: (node, elementsOf) => sumOfProducts(node, elementsOf, 2),
  subsample: exact,
  subsampleBackward: exact,
  flatten: exact,
  unflatten: exact,
  padChannels: exact,
  sliceChannels: exact,
  extendMap: exact,
  cropMap: exact,
  // rate, 1 − rate and its reciprocal may be rounded before the product is.
  dropout: (node, elementsOf) => sumOfProducts(node, elementsOf, 4),
  softmaxCrossEntropy: softmaxCrossEntropyError,
  softmaxCrossEntropyBackward: softmaxCrossEntropyBackwardError,
  // rate, 1 − rate and its reciprocal may be rounded before the product is.
  stochasticDepth: (node, elementsOf) => sumOfProducts(node, elementsOf, 4),
  // 1 − share, ε / K, two products and an addition, relative to a number in which nothing cancels (0 and 1 are exact).
  mixedTargets: (node, elementsOf) => relative(node.results.targets, elementsOf, 6),
  softCrossEntropy: softCrossEntropyError,
  softCrossEntropyBackward: softCrossEntropyBackwardError,
  binaryCrossEntropy: binaryCrossEntropyError,
  binaryCrossEntropyBackward: binaryCrossEntropyBackwardError,
  // The type rounds, for the engine as for the definition.
  cast: exact,
  // The constant is rounded to its type.
  constant: (node) =>
    new Map([
      [
        node.results.y.name,
        {
          roundings: 1,
          magnitude: new Float64Array(elementCount(node.results.y.shape)).fill(Math.abs(node.params.value)),
        },
      ],
    ]),

  // The scale's reciprocal and the product; powers of two are exact.
  quantize: (node, elementsOf) => {
    const { dtype, scale } = node.params;
    const isExact = Number.isInteger(Math.log2(scale));
    const { y } = node.results;
    const elements = elementsOf(y);
    return levels(y, dtype, elementsOf, (i) => (isExact ? 0 : 3 * u * Math.abs(elements[i]!)));
  },
  // The scale rounded, and the product.
  dequantize: (node, elementsOf) =>
    Number.isInteger(Math.log2(node.params.scale)) ? exact(node) : relative(node.results.y, elementsOf, 2),
  quantizedConv2d: quantizedConv2dError,

  // Each coefficient is rounded, its product, and the additions.
  weightedSum: (node, elementsOf) => {
    const signs = Object.fromEntries(Object.entries(node.params.coefficients).map(([name, c]) => [name, Math.sign(c)]));
    return sumOfProducts(node, elementsOf, Object.keys(signs).length + 1, signs);
  },
  descend: (node, elementsOf) => sumOfProducts(node, elementsOf, 2, { direction: -1 }),
  // The corrections 1 − βᵗ rounded (an engine computes them from βᵗ in f64), two products, √, +, ÷: nothing cancels.
  adamDirection: (node, elementsOf) => relative(node.results.y, elementsOf, 8),
  // Two sums of n squares, of which √ halves the error, and √, ·, ·, +, +, ÷.
  trustRatio: (node, elementsOf) => relative(node.results.y, elementsOf, elementCount(node.operands.weight.shape) + 8),
  // √, 1e-6 rounded, +, `largest` rounded, ÷.
  clipFactor: (node, elementsOf) => relative(node.results.y, elementsOf, 5),
  scaleBy: (node, elementsOf) => sumOfProducts(node, elementsOf, 1),
  // `largest` is rounded to the type.
  clamp: (node, elementsOf) => relative(node.results.y, elementsOf, 1),
  // 1 − decay, two products, +; decay is a fraction.
  movingAverage: (node, elementsOf) => sumOfProducts(node, elementsOf, 4),
  sumOfSquares: (node, elementsOf) =>
    sumOfProducts(
      node,
      elementsOf,
      Object.values(node.operands).reduce((sum, { shape }) => sum + elementCount(shape), 0),
    ),
  // Bodies are laid open before anything is compared (interpret.ts); what their roundings come to is measured, not bounded.
  fused: exact,
};

/** The bounds of a node of any kind. */
export const errorBoundsOf = <K extends OpKind>(
  node: Node<K>,
  elementsOf: ElementsOf,
): ReadonlyMap<string, ErrorBound> => errorRules[node.kind](node, elementsOf);
