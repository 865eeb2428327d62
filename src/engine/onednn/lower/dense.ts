// The dense layer, row-major throughout: its matrices are small beside the convolutions. Only where weights are prepared once for a state
// do they lie as the library likes them: over rows of 1000 × 2048 weights, 16 images take it ten times as long (docs/records/inference.md).
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";

export const dense = (context: Lowering, { operands: { x, weight, bias }, results: { y } }: NodeOf<"dense">): void => {
  const [from, vector] = [context.read(x), context.read(bias)];
  const to = context.result(y);
  const prepared = context.inference && context.followsState(context.asIs(weight));
  const primitive = context.describe({
    kind: "dense",
    pass: "inference",
    x: from.descriptor,
    weight: prepared ? context.dnnl.any(weight.shape) : context.read(weight).descriptor,
    bias: vector.descriptor,
    y: to.descriptor,
  });
  const layout = primitive.layoutOf("weight");
  const matrix = prepared && layout !== null ? context.readAs(weight, layout) : context.read(weight);
  context.call(primitive, [
    ["x", from],
    ["weight", matrix],
    ["bias", vector],
    ["y", to],
  ]);
};

export const denseBackwardData = (
  context: Lowering,
  { operands: { dy, weight }, results: { dx } }: NodeOf<"denseBackwardData">,
): void => {
  const [from, matrix] = [context.read(dy), context.read(weight)];
  const to = context.result(dx);
  const primitive = context.describe({
    kind: "dense",
    pass: "backwardData",
    x: to.descriptor,
    weight: matrix.descriptor,
    bias: context.dnnl.plain([weight.shape[0]]),
    y: from.descriptor,
  });
  context.call(primitive, [
    ["dy", from],
    ["weight", matrix],
    ["dx", to],
  ]);
};

export const denseBackwardWeight = (
  context: Lowering,
  { operands: { x, dy }, results: { dWeight, dBias } }: NodeOf<"denseBackwardWeight">,
): void => {
  const [from, gradient] = [context.read(x), context.read(dy)];
  const [matrix, vector] = [context.result(dWeight), context.result(dBias)];
  const primitive = context.describe({
    kind: "dense",
    pass: "backwardWeight",
    x: from.descriptor,
    weight: matrix.descriptor,
    bias: vector.descriptor,
    y: gradient.descriptor,
  });
  context.call(primitive, [
    ["x", from],
    ["dy", gradient],
    ["dWeight", matrix],
    ["dBias", vector],
  ]);
};
