// An image as a list of features and back: copies between row-major images, which are lists of features already.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";

export const flatten = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"flatten">): void => {
  const features = { descriptor: context.dnnl.plain(y.shape, context.typeOf(y)), shape: y.shape };
  context.reorder({ ...context.read(x), ...features }, context.result(y));
};

export const unflatten = (context: Lowering, { operands: { dy }, results: { dx } }: NodeOf<"unflatten">): void => {
  const features = { descriptor: context.dnnl.plain(dy.shape, context.typeOf(dy)), shape: dy.shape };
  context.reorder(context.read(dy), { ...context.result(dx), ...features });
};
