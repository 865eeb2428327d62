// The adaptive optimisers, clipping and moving averages, computed in this thread in f64, in place in the state's own memory where that
// can be. The library could do none of them in one pass, and has no √ of a tensor plus a number under a fraction; they touch each
// weight once, so a step of ResNet-20 in batches of 128 spends about 1 % on them (docs/records/optimizers.md).
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import type { ScriptArray } from "../physical.ts";

const none: ScriptArray = new Float32Array(0);

export const adamDirection = (
  context: Lowering,
  { operands, params: { beta1, beta2, epsilon }, results }: NodeOf<"adamDirection">,
): void => {
  const sources = [operands.mean, operands.square, operands.update].map((value) => context.read(value));
  const to = context.result(results.y);
  context.script("adamDirection", [to, ...sources], ([y = none, mean = none, square = none, update = none]) => {
    const meanFactor = 1 / (1 - beta1 ** update[0]!);
    const squareFactor = 1 / (1 - beta2 ** update[0]!);
    for (let i = 0; i < y.length; i++) {
      y[i] = (mean[i]! * meanFactor) / (Math.sqrt(square[i]! * squareFactor) + epsilon);
    }
  });
};

const norm = (elements: ScriptArray): number => {
  let sum = 0;
  for (let i = 0; i < elements.length; i++) sum += elements[i]! * elements[i]!;
  return Math.sqrt(sum);
};

/** Padding within blocks is zero, so the layout does not matter. */
export const trustRatio = (context: Lowering, { operands, params, results }: NodeOf<"trustRatio">): void => {
  const { coefficient, weightDecay, epsilon } = params;
  const tensors = [context.asIs(operands.weight), context.asIs(operands.direction), context.result(results.y)];
  context.script("trustRatio", tensors, ([weight = none, direction = none, y = none]) => {
    const [size, length] = [norm(weight), norm(direction)];
    y[0] = size === 0 || length === 0 ? 1 : (coefficient * size) / (length + weightDecay * size + epsilon);
  });
};

export const clipFactor = (
  context: Lowering,
  { operands: { squaredNorm }, params: { largest }, results }: NodeOf<"clipFactor">,
): void => {
  context.script("clipFactor", [context.read(squaredNorm), context.result(results.y)], ([squared = none, y = none]) => {
    y[0] = Math.min(1, largest / (Math.sqrt(squared[0]!) + 1e-6));
  });
};

/** By the library: the factor is broadcast. */
export const scaleBy = (context: Lowering, { operands, results }: NodeOf<"scaleBy">): void => {
  const from = context.flat(context.read(operands.x));
  const factor = { ...context.read(operands.factor), descriptor: context.dnnl.plain([1]), shape: [1] };
  const to = context.flat(context.result(results.y, "plain", [operands.x]));
  const primitive = context.describe({
    kind: "binary",
    operation: "multiply",
    a: from.descriptor,
    b: factor.descriptor,
    y: to.descriptor,
    postOp: "nothing",
  });
  context.call(primitive, [
    ["x", from],
    ["x1", factor],
    ["y", to],
  ]);
};

export const clamp = (context: Lowering, { operands, params: { largest }, results }: NodeOf<"clamp">): void => {
  const from = context.read(operands.x);
  context.script("clamp", [from, context.result(results.y, "plain", [operands.x])], ([x = none, y = none]) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.min(Math.max(x[i]!, -largest), largest);
  });
};

export const movingAverage = (context: Lowering, { operands, results }: NodeOf<"movingAverage">): void => {
  const sources = [operands.average, operands.value, operands.decay].map((value) => context.read(value));
  const to = context.result(results.y);
  context.script("movingAverage", [to, ...sources], ([y = none, average = none, value = none, decay = none]) => {
    const kept = decay[0]!;
    if (kept === 0) y.set(value);
    else for (let i = 0; i < y.length; i++) y[i] = kept * average[i]! + (1 - kept) * value[i]!;
  });
};
