// Between numbers and bytes: one reorder changes type, layout and scale. Bytes lie channels-last, for that is how convolutions over
// them are fast.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";

const reorderScaled = (context: Lowering, from: Physical, to: Physical, factor: number): void => {
  const primitive = context.describe({ kind: "reorder", from: from.descriptor, to: to.descriptor, factor });
  context.call(primitive, [
    ["x", from],
    ["y", to],
  ]);
};

export const quantize = (context: Lowering, { operands: { x }, params, results: { y } }: NodeOf<"quantize">): void =>
  reorderScaled(context, context.read(x, context.imageLayoutOf(x)), context.result(y, "nhwc"), 1 / params.scale);

export const dequantize = (
  context: Lowering,
  { operands: { x }, params, results: { y } }: NodeOf<"dequantize">,
): void => {
  const layout = context.imageLayoutOf(x);
  reorderScaled(context, context.read(x, layout), context.result(y, layout), params.scale);
};
