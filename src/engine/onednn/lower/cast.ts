// Casts. One of a state, or of what follows from it (a weight's bf16 copy), is put off until it is read: then one reorder changes type and layout at once.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";

export const cast = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"cast">): void => {
  const from = context.asIs(x);
  if (context.followsState(from) && from.dtype === x.dtype && context.part === "step") context.define(y, from);
  else {
    const layout = context.imageLayoutOf(x);
    context.reorder(context.read(x, layout), context.result(y, layout));
  }
};
