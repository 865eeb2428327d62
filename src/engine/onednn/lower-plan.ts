// From a plan to calls: its nodes in their order, those in strips as one strip's, and what states become at the end.
import { UnsupportedError } from "../../base/errors.ts";
import type { Value } from "../../graph/value.ts";
import type { Plan } from "../../plan/plan.ts";
import { beginStrips, endStrips } from "./lower/strips.ts";
import { lowerNode } from "./lower/table.ts";
import { finishUpdates } from "./lower/update.ts";
import type { Lowering } from "./lowering.ts";
import type { Physical } from "./physical.ts";

/** Emits all calls; returns where the outputs lie, row-major. Throws UnsupportedError for what the engine can't do. */
export const lowerPlan = (context: Lowering, plan: Plan): ReadonlyMap<string, Physical> => {
  const wanted = new Set(plan.graph.outputs.map(({ name }) => name));
  const outputs = new Map<string, Physical>();
  const { strips } = plan;
  const firstStep = plan.order.findIndex(({ part }) => part === "step");
  plan.order.forEach((node, index) => {
    context.enter({ name: node.name, part: node.part, index });
    const inStrips = strips?.nodes[index - firstStep];
    if (strips && index === firstStep) beginStrips(context, strips);
    lowerNode(context, inStrips ?? node);
    if (strips && inStrips && index - firstStep === strips.nodes.length - 1) endStrips(context, strips);
    for (const value of Object.values<Value>(node.results)) {
      if (wanted.has(value.name)) outputs.set(value.name, context.read(value));
    }
  });
  finishUpdates(context, plan);
  const never = plan.graph.outputs.find(({ name }) => !outputs.has(name));
  if (never) throw new UnsupportedError("onednn", never.name, "an input or a state can't be an output");
  return outputs;
};
