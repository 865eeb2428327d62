// The page of calculus: for every forward operation, the gradients of the loss by its operands, given those by its results.
// Rules add nodes to the graph; a result that doesn't reach the loss has the gradient null, and so has what wants none.
import { invariant } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ForwardKind, Node, Operands } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { batchNormInference } from "./fixed-batch-norm-gradient.ts";

/** What a rule may ask and use. */
export interface GradientContext {
  /** The gradient of the loss by a result, of the result's shape; null where the loss doesn't depend on it. */
  gradientOf<S extends Shape>(result: Value<S>): Value<S> | null;
  /** Does anybody ask for the gradient by this operand? Rules that are costly look before they compute. */
  wanted(operand: Value): boolean;
  readonly builder: GraphBuilder;
}
/** The gradient by each operand; null where none is wanted or none exists. */
export type OperandGradients<K extends ForwardKind> = { readonly [O in keyof Operands<K>]: Value | null };

export type GradientRule<K extends ForwardKind> = (node: Node<K>, context: GradientContext) => OperandGradients<K>;

export const gradientRules: { readonly [K in ForwardKind]: GradientRule<K> } = {
  // y = x ⋆ w is linear in each: dx is the transposed correlation with w, dw the correlation of x with dy.
  conv2d: ({ name, operands: { x, weight }, results: { y }, params }, { gradientOf, builder, wanted }) => {
    const dy = gradientOf(y);
    if (dy === null) return { x: null, weight: null };
    const dWeight = wanted(weight)
      ? builder.add("conv2dBackwardWeight", `${name}.dWeight`, { x, dy }, { ...params, filterShape: weight.shape })
          .dWeight
      : null;
    const dx = wanted(x)
      ? builder.add("conv2dBackwardData", `${name}.dx`, { dy, weight }, { ...params, inputShape: x.shape }).dx
      : null;
    return { x: dx, weight: dWeight };
  },
  batchNormTrain: ({ name, operands: { x, scale }, results, params }, { gradientOf, builder }) => {
    const { y, mean, variance } = results;
    invariant(!gradientOf(mean) && !gradientOf(variance), `${name}: no gradient flows through its statistics`);
    const dy = gradientOf(y);
    if (dy === null) return { x: null, scale: null, shift: null };
    const operands = { x, dy, scale, mean, variance };
    const { dx, dScale, dShift } = builder.add("batchNormBackward", `${name}.backward`, operands, params);
    return { x: dx, scale: dScale, shift: dShift };
  },
  batchNormInference,
  // d max(x, 0) = dx where x > 0, which is where y > 0: x itself need not be kept.
  relu: ({ name, results: { y } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("reluBackward", `${name}.dx`, { y, dy }, {}).dx };
  },
  add: ({ results: { y } }, { gradientOf }) => ({ a: gradientOf(y), b: gradientOf(y) }),
  // d(a·b) = b da + a db.
  multiply: ({ name, operands: { a, b }, results: { y } }, { gradientOf, builder, wanted }) => {
    const dy = gradientOf(y);
    return {
      a: dy && wanted(a) ? builder.add("multiply", `${name}.da`, { a: dy, b }, {}).y : null,
      b: dy && wanted(b) ? builder.add("multiply", `${name}.db`, { a: dy, b: a }, {}).y : null,
    };
  },
  // d(1 / (1 + e⁻ˣ)) = e⁻ˣ / (1 + e⁻ˣ)² dx = y · (1 − y) dx: x itself need not be kept.
  sigmoid: ({ name, results: { y } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("sigmoidBackward", `${name}.dx`, { y, dy }, {}).dx };
  },
  affine: ({ name, results: { y }, params: { scale } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("affine", `${name}.dx`, { x: dy }, { scale, shift: 0 }).y };
  },
  addBias: ({ name, operands: { bias }, results: { y } }, { gradientOf, builder, wanted }) => {
    const dy = gradientOf(y);
    return { x: dy, bias: dy && wanted(bias) ? builder.add("sumPerChannel", `${name}.dBias`, { dy }, {}).dBias : null };
  },
  maxPool: ({ name, operands: { x }, results: { y, argmax }, params }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return {
      x: dy && builder.add("maxPoolBackward", `${name}.dx`, { argmax, dy }, { ...params, inputShape: x.shape }).dx,
    };
  },
  averagePool: ({ name, operands: { x }, results: { y }, params }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return {
      x: dy && builder.add("averagePoolBackward", `${name}.dx`, { dy }, { ...params, inputShape: x.shape }).dx,
    };
  },
  globalAveragePool: ({ name, operands: { x }, results: { y } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    const [, , height, width] = x.shape;
    return { x: dy && builder.add("globalAveragePoolBackward", `${name}.dx`, { dy }, { size: [height, width] }).dx };
  },
  subsample: ({ name, operands: { x }, results: { y }, params: { stride } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("subsampleBackward", `${name}.dx`, { dy }, { stride, inputShape: x.shape }).dx };
  },
  // The zeros are constant: only the channels between them pass on a gradient.
  flatten: ({ name, operands: { x }, results: { y } }, { gradientOf, builder, wanted }) => {
    const dy = gradientOf(y);
    return { x: dy && wanted(x) ? builder.add("unflatten", `${name}.dx`, { dy }, { inputShape: x.shape }).dx : null };
  },
  padChannels: ({ name, operands: { x }, results: { y }, params: { before } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("sliceChannels", `${name}.dx`, { x: dy }, { start: before, count: x.shape[1] }).y };
  },
  extendMap: ({ name, operands: { x }, results: { y } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    const [, , h, w] = x.shape;
    return { x: dy && builder.add("cropMap", `${name}.dx`, { x: dy }, { size: [h, w] }).y };
  },
  dense: ({ name, operands: { x, weight, bias }, results: { y } }, { gradientOf, builder, wanted }) => {
    const dy = gradientOf(y);
    if (dy === null) return { x: null, weight: null, bias: null };
    const learns = wanted(weight) || wanted(bias);
    const learned = learns ? builder.add("denseBackwardWeight", `${name}.backward`, { x, dy }, {}) : null;
    const dx = wanted(x) ? builder.add("denseBackwardData", `${name}.dx`, { dy, weight }, {}).dx : null;
    return { x: dx, weight: learned?.dWeight ?? null, bias: learned?.dBias ?? null };
  },
  // y = mask · x / (1 − rate) is linear in x, so the gradient passes through the very same mask.
  dropout: ({ name, operands: { key }, results: { y }, params }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("dropout", `${name}.dx`, { x: dy, key }, params).y, key: null };
  },
  // Rounding counts as if it were none: the gradient passes through, in the type of the operand. Where y is a weight's bf16 copy, its
  // gradient is f32 already.
  cast: ({ name, operands: { x }, results: { y } }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    if (dy === null || x.dtype === "i32" || dy.dtype === x.dtype) return { x: dy };
    return { x: builder.add("cast", `${name}.dx`, { x: dy }, { dtype: x.dtype }).y };
  },
  softmaxCrossEntropy: ({ name, operands: { labels }, results, params }, { gradientOf, builder }) => {
    const { loss, probabilities } = results;
    invariant(!gradientOf(probabilities), `${name}: the gradient is that of the loss, not of the probabilities`);
    const dLoss = gradientOf(loss);
    if (dLoss === null) return { logits: null, labels: null };
    const operands = { probabilities, labels, dLoss };
    return {
      logits: builder.add("softmaxCrossEntropyBackward", `${name}.backward`, operands, params).dLogits,
      labels: null,
    };
  },
  // As dropout's: the gradient of an image passes, scaled alike, or it doesn't.
  stochasticDepth: ({ name, operands: { key }, results: { y }, params }, { gradientOf, builder }) => {
    const dy = gradientOf(y);
    return { x: dy && builder.add("stochasticDepth", `${name}.dx`, { x: dy, key }, params).y, key: null };
  },
  mixedTargets: () => ({ labels: null, partners: null, share: null }),
  softCrossEntropy: ({ name, operands: { targets }, results }, { gradientOf, builder }) => {
    const { loss, probabilities } = results;
    invariant(!gradientOf(probabilities), `${name}: the gradient is that of the loss, not of the probabilities`);
    const dLoss = gradientOf(loss);
    if (dLoss === null) return { logits: null, targets: null };
    const operands = { probabilities, targets, dLoss };
    return {
      logits: builder.add("softCrossEntropyBackward", `${name}.backward`, operands, {}).dLogits,
      targets: null,
    };
  },
  binaryCrossEntropy: ({ name, operands: { logits, targets }, results: { loss }, params }, { gradientOf, builder }) => {
    const dLoss = gradientOf(loss);
    if (dLoss === null) return { logits: null, targets: null };
    const operands = { logits, targets, dLoss };
    return {
      logits: builder.add("binaryCrossEntropyBackward", `${name}.backward`, operands, params).dLogits,
      targets: null,
    };
  },
  constant: () => ({}),
};
