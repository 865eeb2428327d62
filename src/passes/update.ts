// The optimiser as a pass: adds to a differentiated graph the part `update` (weights, velocities, running statistics) and the
// part `measure` (squared norms for the log). Stochastic gradient descent as PyTorch has it; the learning rate is an input.
import { UsageError } from "../base/errors.ts";
import type { VectorShape } from "../base/shape.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";

/** A parameter that learns: `weight` is a state, `gradient` the gradient of the loss by it. */
export interface LearnedParameter {
  readonly weight: Value;
  readonly gradient: Value;
  /** λ of this parameter; 0 where it isn't to decay (batch norm and biases, often). */
  readonly weightDecay: number;
}

/** The statistics of one batch norm: those of the batch (results of its node) and the states that remember them. */
export interface TrackedStatistics {
  /** The batch norm's path. */
  readonly node: string;
  readonly mean: Value<VectorShape>;
  /** Biased: Σ(x − mean)² / elements. */
  readonly variance: Value<VectorShape>;
  readonly runningMean: Value<VectorShape>;
  readonly runningVariance: Value<VectorShape>;
  /** M = N·H·W, the elements that each statistic is taken over. */
  readonly elements: number;
  /** PyTorch's: the weight of the new batch, in (0, 1]. */
  readonly momentum: number;
}

export interface UpdateOptions {
  readonly parameters: readonly LearnedParameter[];
  readonly statistics: readonly TrackedStatistics[];
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
 *   w ← w − η·d                η is the input `learningRate`, a scalar
 *
 * and for every batch norm, over M elements a channel, with its momentum m:
 *
 *   runningMean ← (1 − m)·runningMean + m·mean
 *   runningVariance ← (1 − m)·runningVariance + m·M/(M − 1)·variance      (unbiased, as PyTorch keeps it)
 *
 * The part `measure` has three outputs, each the sum of squares over all parameters: gradients (without decay), parameters
 * after the update, directions; η·√(the last) is the L2 norm of the update. Throws UsageError where M is 1.
 */
export const addUpdate = (graph: Graph, { parameters, statistics, momentum, nesterov }: UpdateOptions): Graph => {
  const builder = GraphBuilder.from(graph);
  const learningRate = builder.input(learningRateInput, parameters[0]?.weight.dtype ?? "f32", []);
  builder.part("update");
  const gradients: Record<string, Value> = {};
  const updated: Record<string, Value> = {};
  const directions: Record<string, Value> = {};

  for (const { weight, gradient, weightDecay } of parameters) {
    const { name } = weight;
    const sum = (result: string, operands: Readonly<Record<string, Value>>, coefficients: Record<string, number>) =>
      builder.add("weightedSum", `${name}.${result}`, operands, { coefficients }).y;
    const decay = weightDecay === 0 ? { operands: {}, coefficients: {} } : decayOf(weight, weightDecay);

    let direction = gradient;
    if (momentum > 0) {
      const velocity = builder.state(velocityName(name), weight.dtype, weight.shape);
      const next = sum(
        "nextVelocity",
        { velocity, gradient, ...decay.operands },
        { velocity: momentum, gradient: 1, ...decay.coefficients },
      );
      builder.update(velocity, next);
      direction = nesterov
        ? sum(
            "direction",
            { gradient, ...decay.operands, velocity: next },
            { gradient: 1, ...decay.coefficients, velocity: momentum },
          )
        : next;
    } else if (weightDecay !== 0) {
      direction = sum("direction", { gradient, ...decay.operands }, { gradient: 1, ...decay.coefficients });
    }
    const { y } = builder.add("descend", `${name}.next`, { weight, direction, learningRate }, {});
    builder.update(weight, y);
    gradients[name] = gradient;
    updated[name] = y;
    directions[name] = direction;
  }
  for (const tracked of statistics) trackStatistics(builder, tracked);

  builder.part("measure");
  for (const [name, values] of [
    [normOutputs.gradient, gradients],
    [normOutputs.parameter, updated],
    [normOutputs.direction, directions],
  ] as const) {
    if (parameters.length > 0) builder.output(builder.add("sumOfSquares", name, values, {}).y);
  }
  return builder.build();
};

const decayOf = (weight: Value, weightDecay: number) => ({
  operands: { weight },
  coefficients: { weight: weightDecay },
});

const trackStatistics = (builder: GraphBuilder, tracked: TrackedStatistics): void => {
  const { node, mean, variance, runningMean, runningVariance, elements, momentum } = tracked;
  if (elements < 2) {
    throw new UsageError(
      `${node}: batch norm takes its statistics over ${elements} element a channel, and one has no variance; ` +
        "train with a larger batch or larger images",
    );
  }
  const remember = (state: Value, batch: Value, weight: number): void => {
    const coefficients = { running: 1 - momentum, batch: weight };
    builder.update(
      state,
      builder.add("weightedSum", `${state.name}.next`, { running: state, batch }, { coefficients }).y,
    );
  };
  remember(runningMean, mean, momentum);
  remember(runningVariance, variance, (momentum * elements) / (elements - 1));
};
