// Runs a graph once on an engine, from tensors to tensors, and leaves nothing behind.
import { allocate } from "../../base/dtype.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import type { RunPart } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import type { Engine } from "../contract.ts";

export interface GraphRun {
  readonly outputs: NamedTensors;
  /** The states after the run. */
  readonly states: NamedTensors;
}

const pick = (values: readonly Value[], tensors: NamedTensors): ReadonlyMap<string, HostTensor> =>
  new Map(
    values.map(({ name }) => {
      const found = tensors.get(name);
      if (found === undefined) throw new Error(`the test gives no tensor for ${name}`);
      return [name, found];
    }),
  );

/** `tensors` holds the graph's inputs and states by name. Runs step and update, and `measure` when the graph has such nodes. */
export const runGraph = (engine: Engine, graph: Graph, tensors: NamedTensors): Promise<GraphRun> =>
  runPlan(engine, makePlan(graph), tensors);

/** As runGraph, by a plan: one in strips, say. */
export const runPlan = async (engine: Engine, plan: Plan, tensors: NamedTensors): Promise<GraphRun> => {
  const { graph } = plan;
  const state = await engine.createState(pick(graph.states, tensors));
  try {
    const program = await engine.compile(plan, state);
    try {
      const inputs = Object.fromEntries(pick(graph.inputs, tensors));
      const last: RunPart | undefined = graph.nodes.some(({ part }) => part === "measure") ? "measure" : undefined;
      let outputs = await program.run(inputs);
      if (last) outputs = await program.run(inputs, last);
      return {
        outputs: new Map(Object.entries(outputs).map(([name, output]) => [name, copy(output)])),
        states: await state.read(),
      };
    } finally {
      await program.dispose();
    }
  } finally {
    await state.dispose();
  }
};

const copy = ({ dtype, shape, data }: HostTensor): HostTensor => {
  const elements = allocate(dtype, data.length);
  elements.set(data);
  return tensor(dtype, shape, elements);
};
