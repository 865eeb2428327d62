// The optimisers as a table: for each, the nodes that make a parameter's direction of its gradient. A new one is a line in
// `Optimizers` and a row. Directions are descended by the learning rate in update.ts.
import { invariant } from "../base/errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { HostValue, Value } from "../graph/value.ts";
import { addSum, type Terms } from "./add-sum.ts";

/** A parameter that learns: `weight` is a state, `gradient` the gradient of the loss by it. */
export interface LearnedParameter {
  readonly weight: HostValue;
  readonly gradient: Value;
  /** λ of this parameter; 0 where it isn't to decay (batch norm and biases, often). */
  readonly weightDecay: number;
  /** Whether LARS and LAMB adapt its rate to its norm; true by default. Batch norm's and biases are better left out. */
  readonly adapts?: boolean;
  /** Of the learning rate, for this parameter; 1 by default. */
  readonly rateFactor?: number;
}

/** Every optimiser and what it takes, beside the learning rate and the decay of each parameter. */
export interface Optimizers {
  /** μ in [0, 1); at 0 there are no velocities. */
  sgd: { readonly momentum: number; readonly nesterov: boolean };
  lars: {
    readonly momentum: number;
    readonly nesterov: boolean;
    readonly trustCoefficient: number;
    readonly epsilon: number;
  };
  adamw: AdamParams;
  lamb: AdamParams;
}
export interface AdamParams {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}
export type OptimizerKind = keyof Optimizers;
/** An optimiser of any kind or, given a kind, of that kind only. */
export type OptimizerRule<K extends OptimizerKind = OptimizerKind> = {
  [P in K]: { readonly kind: P } & Optimizers[P];
}[K];

/** Names of the states that optimisers keep, as PyTorch calls them but for the velocity (its momentum_buffer). */
export const velocityName = (parameter: string): string => `${parameter}.velocity`;
export const meanName = (parameter: string): string => `${parameter}.exp_avg`;
export const squareName = (parameter: string): string => `${parameter}.exp_avg_sq`;

interface DirectionContext {
  readonly builder: GraphBuilder;
  /** The number of the update, from 1; null where no optimiser asks for it. */
  readonly update: Value<readonly []> | null;
}
type DirectionRule<K extends OptimizerKind> = (
  parameter: LearnedParameter,
  optimizer: OptimizerRule<K>,
  context: DirectionContext,
) => Value;

/** g + λ·w, or g itself. */
const decayedTerms = ({ weight, gradient, weightDecay }: LearnedParameter): Terms => ({
  gradient: [gradient, 1],
  ...(weightDecay === 0 ? {} : { weight: [weight, weightDecay] }),
});

/**
 * With d = Σ terms:   v ← μ·v + d,   and the direction v, or with Nesterov d + μ·v (the new v). PyTorch's SGD: the learning rate is
 * not inside the velocity, so a change of it acts at once.
 */
const withMomentum = (
  builder: GraphBuilder,
  { weight }: LearnedParameter,
  terms: Terms,
  { momentum, nesterov }: Optimizers["sgd"],
): Value => {
  const { name } = weight;
  const [only, ...others] = Object.values(terms);
  if (momentum === 0) {
    return only?.[1] === 1 && others.length === 0 ? only[0] : addSum(builder, `${name}.direction`, terms);
  }
  const velocity = builder.state(velocityName(name), weight.dtype, weight.shape);
  const next = addSum(builder, `${name}.nextVelocity`, { velocity: [velocity, momentum], ...terms });
  builder.update(velocity, next);
  return nesterov ? addSum(builder, `${name}.direction`, { ...terms, velocity: [next, momentum] }) : next;
};

/** m ← β₁·m + (1 − β₁)·g,   s ← β₂·s + (1 − β₂)·g²,   and m̂ / (√ŝ + ε), both corrected for their start from zeros. */
const adam = (
  { weight, gradient }: LearnedParameter,
  { beta1, beta2, epsilon }: AdamParams,
  { builder, update }: DirectionContext,
): Value => {
  invariant(update !== null, "the number of the update is known");
  const { name, dtype, shape } = weight;
  const [mean, square] = [builder.state(meanName(name), dtype, shape), builder.state(squareName(name), dtype, shape)];
  const squared = builder.add("multiply", `${name}.gradientSquared`, { a: gradient, b: gradient }, {}).y;
  const nextMean = addSum(builder, `${name}.nextMean`, { mean: [mean, beta1], gradient: [gradient, 1 - beta1] });
  const nextSquare = addSum(builder, `${name}.nextSquare`, { square: [square, beta2], squared: [squared, 1 - beta2] });
  builder.update(mean, nextMean);
  builder.update(square, nextSquare);
  const operands = { mean: nextMean, square: nextSquare, update };
  return builder.add("adamDirection", `${name}.adam`, operands, { beta1, beta2, epsilon }).y;
};

/** d + λ·w: decay that is no part of the gradient, and so of no average (Loshchilov and Hutter 2019). */
const withDecoupledDecay = (builder: GraphBuilder, { weight, weightDecay }: LearnedParameter, adapted: Value): Value =>
  weightDecay === 0
    ? adapted
    : addSum(builder, `${weight.name}.direction`, { adapted: [adapted, 1], weight: [weight, weightDecay] });

const directionRules: { readonly [K in OptimizerKind]: DirectionRule<K> } = {
  // He et al. 2015: weight decay as L2 in the gradient.
  sgd: (parameter, optimizer, { builder }) => withMomentum(builder, parameter, decayedTerms(parameter), optimizer),
  // You et al. 2017, "Large batch training of convolutional networks", algorithm 1: each layer's decayed gradient times
  // c·‖w‖ / (‖g‖ + λ‖w‖). As in PyTorch's SGD and timm's LARS the learning rate is outside the velocity: the same while it is constant.
  lars: (parameter, { trustCoefficient, epsilon, ...optimizer }, { builder }) => {
    const { weight, gradient, weightDecay, adapts = true } = parameter;
    if (!adapts) return withMomentum(builder, parameter, decayedTerms(parameter), optimizer);
    const params = { coefficient: trustCoefficient, weightDecay, epsilon };
    const factor = builder.add("trustRatio", `${weight.name}.trustRatio`, { weight, direction: gradient }, params).y;
    const decayed = weightDecay === 0 ? gradient : addSum(builder, `${weight.name}.decayed`, decayedTerms(parameter));
    const adapted = builder.add("scaleBy", `${weight.name}.adapted`, { x: decayed, factor }, {}).y;
    return withMomentum(builder, parameter, { adapted: [adapted, 1] }, optimizer);
  },
  // Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2, as PyTorch has it: the learning rate is a
  // factor of the decay too.
  adamw: (parameter, optimizer, context) =>
    withDecoupledDecay(context.builder, parameter, adam(parameter, optimizer, context)),
  // You et al. 2020, "Large batch optimization for deep learning", algorithm 2 with φ(z) = z: the direction of AdamW, decay
  // included, times ‖w‖ / ‖direction‖ of the layer.
  lamb: (parameter, optimizer, context) => {
    const { weight, adapts = true } = parameter;
    const { builder } = context;
    const direction = withDecoupledDecay(builder, parameter, adam(parameter, optimizer, context));
    if (!adapts) return direction;
    const params = { coefficient: 1, weightDecay: 0, epsilon: 0 };
    const factor = builder.add("trustRatio", `${weight.name}.trustRatio`, { weight, direction }, params).y;
    return builder.add("scaleBy", `${weight.name}.adapted`, { x: direction, factor }, {}).y;
  },
};

/** The direction in which a parameter moves; what the optimiser keeps of it becomes states, and their updates. */
export const directionOf = <K extends OptimizerKind>(
  parameter: LearnedParameter,
  optimizer: OptimizerRule<K>,
  context: DirectionContext,
): Value => {
  const rule: DirectionRule<K> = directionRules[optimizer.kind];
  return rule(parameter, optimizer, context);
};

/** Optimisers that ask for the number of the update. */
export const countsUpdates = ({ kind }: OptimizerRule): boolean => kind === "adamw" || kind === "lamb";
