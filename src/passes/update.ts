// The optimiser as a pass: adds to a differentiated graph the part `update` (clipping, weights, what the optimiser keeps) and the
// part `measure` (squared norms for the log). The optimisers themselves: optimizers.ts. The learning rate and the number of the update
// are inputs. Running statistics are the model's business: model/running-statistics.ts.
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";
import { addSum } from "./add-sum.ts";
import { type Clipping, clipGradients } from "./clip-gradients.ts";
import { countsUpdates, directionOf, type LearnedParameter, type OptimizerRule } from "./optimizers.ts";

export interface UpdateOptions {
  readonly parameters: readonly LearnedParameter[];
  readonly optimizer: OptimizerRule;
  /** Of the gradients, before the optimiser sees them; none by default. */
  readonly clipping?: Clipping | null;
}

/** Names of what the pass adds and callers refer to. */
export const learningRateInput = "learningRate";
export const updateNumberInput = "updateNumber";
export const normOutputs = {
  gradient: "gradientNormSquared",
  parameter: "parameterNormSquared",
  direction: "directionNormSquared",
} as const;

/**
 * Adds, for every parameter w with gradient g, its optimiser's direction d, and
 *
 *   w ← w − η·r·d        η is the input `learningRate`, a scalar; r is the parameter's factor of it
 *
 * SGD, with weight decay λ as L2 in the gradient (He et al. 2015; PyTorch's SGD), keeps velocities v, zeros at first:
 *
 *   v ← μ·v + g + λ·w    d = v, or with Nesterov d = g + λ·w + μ·v (the new v)
 *
 * AdamW and LAMB read the input `updateNumber`, a scalar that is 1 at the first update.
 *
 * The part `measure` has three outputs, each the sum of squares over all parameters: gradients (before clipping, without decay),
 * parameters after the update, r·directions; η·√(the last) is the L2 norm of the update. Where gradients are clipped by their norm,
 * its square is computed in the part `update` already, each time.
 */
export const addUpdate = (graph: Graph, { parameters, optimizer, clipping = null }: UpdateOptions): Graph => {
  const builder = GraphBuilder.from(graph);
  const dtype = parameters[0]?.weight.dtype ?? "f32";
  const learningRate = builder.input(learningRateInput, dtype, []);
  const update = countsUpdates(optimizer) ? builder.input(updateNumberInput, dtype, []) : null;
  const gradients = Object.fromEntries(parameters.map(({ weight, gradient }) => [weight.name, gradient] as const));
  const updated: Record<string, Value> = {};
  const directions: Record<string, Value> = {};

  builder.part("update");
  const { clipped, squaredNorm } = clipGradients(builder, parameters, clipping, normOutputs.gradient);
  for (const parameter of clipped) {
    const { weight, rateFactor = 1 } = parameter;
    const whole = directionOf(parameter, optimizer, { builder, update });
    const direction =
      rateFactor === 1 ? whole : addSum(builder, `${weight.name}.scaledDirection`, { direction: [whole, rateFactor] });
    const { y } = builder.add("descend", `${weight.name}.next`, { weight, direction, learningRate }, {});
    builder.update(weight, y);
    updated[weight.name] = y;
    directions[weight.name] = direction;
  }

  builder.part("measure");
  if (parameters.length > 0) {
    builder.output(squaredNorm ?? builder.add("sumOfSquares", normOutputs.gradient, gradients, {}).y);
    builder.output(builder.add("sumOfSquares", normOutputs.parameter, updated, {}).y);
    builder.output(builder.add("sumOfSquares", normOutputs.direction, directions, {}).y);
  }
  return builder.build();
};
