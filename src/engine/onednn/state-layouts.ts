// How states should lie for a training: weights, and what an update keeps beside them, as the gradients by the weights do. So gradients
// are not brought back to rows, and f32 weights are read where they lie: half of all reorders (docs/records/memory-passes.md).
import { dtypeBytes } from "../../base/dtype.ts";
import type { FilterShape } from "../../base/shape.ts";
import { operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node, NodeOf, OpKind } from "../../graph/ops.ts";
import type { Plan } from "../../plan/plan.ts";
import type { MemoryDescriptor } from "./dnnl.ts";
import { chooseImplementation } from "./lower/choose-convolution.ts";
import type { Lowering } from "./lowering.ts";
import type { StateLayouts } from "./state.ts";

/** Operations of the optimiser that are the same in every layout: lower/update.ts. */
const elementByElement: ReadonlySet<OpKind> = new Set(["weightedSum", "descend", "sumOfSquares"]);

/** In blocks of 16 channels; what takes more has another form than the weights (Winograd's). */
const largestBytes = ([o, c, u, v]: FilterShape): number => {
  const whole = (channels: number): number => Math.ceil(channels / 16) * 16;
  return whole(o) * whole(c) * u * v * dtypeBytes.f32;
};

/** Where the gradient lies; null for grouped filters, which the library sees with an axis more than the state has. */
const gradientLayout = (
  context: Lowering,
  { operands: { x, dy }, params, results: { dWeight } }: NodeOf<"conv2dBackwardWeight">,
): MemoryDescriptor | null => {
  if (params.groups !== 1) return null;
  const shapes = { x: x.shape, filter: dWeight.shape, y: dy.shape };
  const layer = { pass: "backwardWeight", ...shapes, params, type: context.typeOf(x) } as const;
  const layout = chooseImplementation(context, layer).primitive.layoutOf("dWeight");
  return layout !== null && layout.bytes <= largestBytes(dWeight.shape) ? layout : null;
};

/** The layouts for a plan's states; empty for a plan without weight gradients. Throws UnsupportedError as lowering does. */
export const stateLayouts = (context: Lowering, plan: Plan): StateLayouts => {
  const layouts = new Map<string, MemoryDescriptor>(); // of gradients, of what follows from them, and of states
  const states = new Map(plan.graph.states.map(({ name, dtype }) => [name, dtype]));
  const filters = (node: Node) =>
    [...operandsOf(node), ...resultsOf(node)].map(([, value]) => value).filter(({ shape }) => shape.length === 4);
  plan.order.forEach((node, index) => {
    context.enter({ name: node.name, part: node.part, index });
    if (node.kind === "conv2dBackwardWeight") {
      const layout = gradientLayout(context, node);
      if (layout !== null) layouts.set(node.results.dWeight.name, layout);
    } else if (node.kind === "weightedSum" || node.kind === "descend") {
      const values = filters(node);
      const layout = values.map(({ name }) => layouts.get(name)).find((known) => known !== undefined);
      if (layout !== undefined) for (const { name } of values) if (!layouts.has(name)) layouts.set(name, layout);
    }
  });
  // An optimiser's operation that wants rows would reorder the state back and forth.
  for (const node of plan.order) {
    if (node.part === "step" || elementByElement.has(node.kind)) continue;
    for (const { name } of filters(node)) layouts.delete(name);
  }
  return new Map([...layouts].filter(([name]) => states.get(name) === "f32"));
};
