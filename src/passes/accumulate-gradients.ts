// Gradients of several batches for one update: instead of the optimiser, the part `update` of a differentiated graph averages them in
// states. The optimiser becomes a graph of its own, which reads those.
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostValue } from "../graph/value.ts";
import type { LearnedParameter } from "./optimizers.ts";

export const accumulationDecayInput = "accumulationDecay";
const suffix = ".accumulated";
export const isAccumulated = (name: string): boolean => name.endsWith(suffix);

/** What averages the gradients of batches 0, 1, 2 … of an update evenly; at 0 it forgets those of the update before. */
export const accumulationDecay = (batch: number): number => batch / (batch + 1);

export interface Accumulating {
  readonly graph: Graph;
  /** The parameters with the averages, which are states, as their gradients. */
  readonly parameters: readonly (LearnedParameter & { readonly gradient: HostValue })[];
}

/**
 * Adds, for every parameter w with gradient g, the state `<w>.accumulated` and   a ← δ·a + (1 − δ)·g   with the input
 * `accumulationDecay` for δ. After batches with δ = 0, 1/2, 2/3 … a is the mean of their gradients.
 */
export const accumulateGradients = (graph: Graph, parameters: readonly LearnedParameter[]): Accumulating => {
  const builder = GraphBuilder.from(graph);
  const decay = builder.input(accumulationDecayInput, parameters[0]?.weight.dtype ?? "f32", []);
  builder.part("update");
  const accumulated = parameters.map((parameter) => {
    const { weight, gradient } = parameter;
    const average = builder.state(`${weight.name}${suffix}`, weight.dtype, weight.shape);
    const operands = { average, value: gradient, decay };
    builder.update(average, builder.add("movingAverage", `${average.name}.next`, operands, {}).y);
    return { ...parameter, gradient: average };
  });
  return { graph: builder.build(), parameters: accumulated };
};
