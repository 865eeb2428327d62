// Batch normalisation, alone or with the relu after it. The library gives the biased variance, as the graph defines it.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { Lowering } from "../lowering.ts";

const forwardTraining = (
  context: Lowering,
  { operands: { x, scale, shift }, params, results: { mean, variance } }: NodeOf<"batchNormTrain">,
  y: Value,
  relu: boolean,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const { epsilon } = params;
  const primitive = context.describe({ kind: "batchNorm", pass: "training", x: from.descriptor, epsilon, relu });
  const mask = primitive.layoutOf("workspace");
  const workspace = mask && context.temporary("mask of the relu", mask, [mask.bytes]);
  if (workspace) context.workspaces.set(y.name, workspace);
  context.call(primitive, [
    ["x", from],
    ["scale", context.read(scale)],
    ["shift", context.read(shift)],
    ["y", context.result(y, layout)],
    ["mean", context.result(mean)],
    ["variance", context.result(variance)],
    ...(workspace ? [["workspace", workspace] as const] : []),
  ]);
};

export const batchNormTrain = (context: Lowering, node: NodeOf<"batchNormTrain">): void =>
  forwardTraining(context, node, node.results.y, false);

export const batchNormTrainRelu = (context: Lowering, node: NodeOf<"batchNormTrain">, relu: NodeOf<"relu">): void =>
  forwardTraining(context, node, relu.results.y, true);

const forwardInference = (
  context: Lowering,
  { operands: { x, scale, shift, mean, variance }, params }: NodeOf<"batchNormInference">,
  y: Value,
  relu: boolean,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const { epsilon } = params;
  const primitive = context.describe({ kind: "batchNorm", pass: "inference", x: from.descriptor, epsilon, relu });
  context.call(primitive, [
    ["x", from],
    ["scale", context.read(scale)],
    ["shift", context.read(shift)],
    ["mean", context.read(mean)],
    ["variance", context.read(variance)],
    ["y", context.result(y, layout, [x])],
  ]);
};

export const batchNormInference = (context: Lowering, node: NodeOf<"batchNormInference">): void =>
  forwardInference(context, node, node.results.y, false);

export const batchNormInferenceRelu = (
  context: Lowering,
  node: NodeOf<"batchNormInference">,
  relu: NodeOf<"relu">,
): void => forwardInference(context, node, relu.results.y, true);

const backward = (
  context: Lowering,
  { operands: { x, scale, mean, variance }, params, results: { dx, dScale, dShift } }: NodeOf<"batchNormBackward">,
  dy: Value,
  reluResult: Value | null,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const { epsilon } = params;
  const relu = reluResult !== null;
  const primitive = context.describe({ kind: "batchNorm", pass: "backward", x: from.descriptor, epsilon, relu });
  const workspace = reluResult && context.workspaces.get(reluResult.name);
  const gradient = context.read(dy, layout);
  context.call(primitive, [
    ["x", from],
    ["dy", gradient],
    ["mean", context.read(mean)],
    ["variance", context.read(variance)],
    ["scale", context.read(scale)],
    // Not used by the formula, but 2.6 fails without it.
    ["shift", context.read(scale)],
    ["dx", context.result(dx, layout, [dy])],
    ["dScale", context.result(dScale)],
    ["dShift", context.result(dShift)],
    ...(workspace ? [["workspace", workspace] as const] : []),
  ]);
};

export const batchNormBackward = (context: Lowering, node: NodeOf<"batchNormBackward">): void =>
  backward(context, node, node.operands.dy, null);

/** The relu's mask is the forward pass's workspace: only where both passes are fused. */
export const batchNormBackwardRelu = (
  context: Lowering,
  relu: NodeOf<"reluBackward">,
  node: NodeOf<"batchNormBackward">,
): void => backward(context, node, relu.operands.dy, relu.operands.y);
