// Casts. One of what follows from states alone (a weight's bf16 copy) is put off until it is read, as long as that is before states
// are updated: then one reorder changes type and layout at once.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";

export const cast = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"cast">): void => {
  const from = context.asIs(x);
  const follows = context.followsState(from) && from.dtype === x.dtype;
  if (follows && context.lastPartOf(y) === "step") context.define(y, from);
  else {
    const layout = context.imageLayoutOf(x);
    context.reorder(context.read(x, layout), context.result(y, layout));
  }
};
