// Batch norm folded into a convolution's weights: one multiplication a filter, made again when the state has changed.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical, ScriptArray } from "../physical.ts";

const none: ScriptArray = new Float32Array(0);

export const foldBatchNorm = (context: Lowering, { operands, params, results }: NodeOf<"foldBatchNorm">): void => {
  const [O, C, U, V] = operands.weight.shape;
  const { dnnl } = context;
  const gain = context.temporary("gains", dnnl.plain([O]), [O], "plain");
  const folded = context.result(results.bias);
  const vectors = [operands.scale, operands.shift, operands.mean, operands.variance].map((value) =>
    context.read(value),
  );
  const own: readonly Physical[] = operands.bias ? [context.read(operands.bias)] : [];
  context.script(
    "foldBatchNorm",
    [gain, folded, ...vectors, ...own],
    ([g = none, b = none, scale = none, shift = none, mean = none, variance = none, bias]) => {
      for (let o = 0; o < O; o++) {
        const factor = scale[o]! / Math.sqrt(variance[o]! + params.epsilon);
        g[o] = factor;
        b[o] = ((bias?.[o] ?? 0) - mean[o]!) * factor + shift[o]!;
      }
    },
  );
  // Filters as the channels of one image: the library has fast code for a factor for each channel.
  const filters = dnnl.image([1, O, C * U * V, 1], "plain");
  const factors = dnnl.image([1, O, 1, 1], "plain");
  const weight = { ...context.read(operands.weight), descriptor: filters };
  const primitive = context.describe({
    kind: "binary",
    operation: "multiply",
    a: filters,
    b: factors,
    y: filters,
    postOp: "nothing",
  });
  context.call(primitive, [
    ["x", weight],
    ["x1", { ...gain, descriptor: factors }],
    ["y", { ...context.result(results.weight), descriptor: filters }],
  ]);
};
