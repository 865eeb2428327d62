// What each part of a plan (prepare, step, update, measure) consists of and needs: its nodes, its inputs, the parts it builds upon.
import { operandsOf, resultsOf } from "../graph/graph.ts";
import { type Node, type Part, parts } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import type { Plan } from "./plan.ts";

export interface PartOfPlan {
  /** In the plan's order. */
  readonly nodes: readonly Node[];
  /** Names of the inputs that it reads. */
  readonly inputs: ReadonlySet<string>;
  /** Earlier parts of which it reads values, and which have to run before it each time: all but `prepare`, whose values last. */
  readonly earlier: ReadonlySet<Part>;
  /** The graph's outputs that its nodes make. */
  readonly outputs: readonly Value[];
}

export const partsOf = (plan: Plan): Readonly<Record<Part, PartOfPlan>> => {
  const madeIn = new Map<string, Part>();
  for (const node of plan.order) for (const [, value] of resultsOf(node)) madeIn.set(value.name, node.part);
  const inputNames = new Set(plan.graph.inputs.map(({ name }) => name));
  const contents = (part: Part): PartOfPlan => {
    const nodes = plan.order.filter((node) => node.part === part);
    // Updates take place when the part `update` ends: their values are read then.
    const updates = part === "update" ? plan.graph.updates.map(({ value }) => value.name) : [];
    const read = [...nodes.flatMap((node) => operandsOf(node).map(([, { name }]) => name)), ...updates];
    return {
      nodes,
      inputs: new Set(read.filter((name) => inputNames.has(name))),
      earlier: new Set(
        parts.filter(
          (other) => other !== part && other !== "prepare" && read.some((name) => madeIn.get(name) === other),
        ),
      ),
      outputs: plan.graph.outputs.filter(({ name }) => madeIn.get(name) === part),
    };
  };
  return {
    prepare: contents("prepare"),
    step: contents("step"),
    update: contents("update"),
    measure: contents("measure"),
  };
};
