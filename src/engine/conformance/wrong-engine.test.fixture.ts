// Engines that are wrong on purpose: what a check is worth shows in what it finds.
import type { Node } from "../../graph/ops.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Engine } from "../contract.ts";

/** An engine that computes some node otherwise than the graph says, in plans that are `meant`: by default in all. */
export const wrongEngine = (
  engine: Engine,
  alter: (node: Node) => Node,
  meant: (plan: Plan) => boolean = () => true,
): Engine => ({
  name: engine.name,
  fusions: engine.fusions,
  bf16: engine.bf16,
  int8: engine.int8,
  threads: engine.threads,
  createState: (tensors) => engine.createState(tensors),
  compile: (plan, state) => engine.compile(meant(plan) ? { ...plan, order: plan.order.map(alter) } : plan, state),
  dispose: () => engine.dispose(),
});
