// The optimiser as a pass: adds to a differentiated graph the part `update` (weights and velocities) and the part `measure`
// (squared norms for the log). Stochastic gradient descent as PyTorch has it; the learning rate is an input. Running statistics
// are the model's business: model/running-statistics.ts.
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostValue, Value } from "../graph/value.ts";

/** A parameter that learns: `weight` is a state, `gradient` the gradient of the loss by it. */
export interface LearnedParameter {
  readonly weight: HostValue;
  readonly gradient: Value;
  /** λ of this parameter; 0 where it isn't to decay (batch norm and biases, often). */
  readonly weightDecay: number;
  /** Of the learning rate, for this parameter; 1 by default. */
  readonly rateFactor?: number;
}

export interface UpdateOptions {
  readonly parameters: readonly LearnedParameter[];
  /** μ in [0, 1). At 0 there are no velocities. */
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** Names of what the pass adds and callers refer to. */
export const learningRateInput = "learningRate";
export const velocityName = (parameter: string): string => `${parameter}.velocity`;
export const normOutputs = {
  gradient: "gradientNormSquared",
  parameter: "parameterNormSquared",
  direction: "directionNormSquared",
} as const;

/**
 * Adds, for every parameter w with gradient g, with weight decay as L2 in the gradient (He et al. 2015; PyTorch's SGD):
 *
 *   v ← μ·v + g + λ·w          the state `<w>.velocity`, zeros at first
 *   d = v, or with Nesterov    d = g + λ·w + μ·v   (the new v)
 *   w ← w − η·r·d              η is the input `learningRate`, a scalar; r is the parameter's factor of it
 *
 * The part `measure` has three outputs, each the sum of squares over all parameters: gradients (without decay), parameters
 * after the update, r·directions; η·√(the last) is the L2 norm of the update.
 */
export const addUpdate = (graph: Graph, { parameters, momentum, nesterov }: UpdateOptions): Graph => {
  const builder = GraphBuilder.from(graph);
  const learningRate = builder.input(learningRateInput, parameters[0]?.weight.dtype ?? "f32", []);
  const gradients: Record<string, Value> = {};
  const updated: Record<string, Value> = {};
  const directions: Record<string, Value> = {};

  builder.part("update");
  for (const parameter of parameters) {
    const { weight, gradient, rateFactor = 1 } = parameter;
    const whole = addDirection(builder, parameter, momentum, nesterov);
    const direction =
      rateFactor === 1 ? whole : addSum(builder, `${weight.name}.scaledDirection`, { direction: [whole, rateFactor] });
    const { y } = builder.add("descend", `${weight.name}.next`, { weight, direction, learningRate }, {});
    builder.update(weight, y);
    gradients[weight.name] = gradient;
    updated[weight.name] = y;
    directions[weight.name] = direction;
  }

  builder.part("measure");
  if (parameters.length > 0) {
    builder.output(builder.add("sumOfSquares", normOutputs.gradient, gradients, {}).y);
    builder.output(builder.add("sumOfSquares", normOutputs.parameter, updated, {}).y);
    builder.output(builder.add("sumOfSquares", normOutputs.direction, directions, {}).y);
  }
  return builder.build();
};

/** A summand and its coefficient, by the name of the operand. */
type Terms = Readonly<Record<string, readonly [value: Value, coefficient: number]>>;

const addSum = (builder: GraphBuilder, name: string, terms: Terms): Value => {
  const operands = Object.fromEntries(Object.entries(terms).map(([operand, [value]]) => [operand, value] as const));
  const coefficients = Object.fromEntries(
    Object.entries(terms).map(([operand, [, coefficient]]) => [operand, coefficient] as const),
  );
  return builder.add("weightedSum", name, operands, { coefficients }).y;
};

/** The direction in which a parameter moves, and its velocity if it has one. */
const addDirection = (
  builder: GraphBuilder,
  { weight, gradient, weightDecay }: LearnedParameter,
  momentum: number,
  nesterov: boolean,
): Value => {
  const { name } = weight;
  const decayed: Terms = { gradient: [gradient, 1], ...(weightDecay === 0 ? {} : { weight: [weight, weightDecay] }) };
  if (momentum === 0) return weightDecay === 0 ? gradient : addSum(builder, `${name}.direction`, decayed);
  const velocity = builder.state(velocityName(name), weight.dtype, weight.shape);
  const next = addSum(builder, `${name}.nextVelocity`, { velocity: [velocity, momentum], ...decayed });
  builder.update(velocity, next);
  return nesterov ? addSum(builder, `${name}.direction`, { ...decayed, velocity: [next, momentum] }) : next;
};
