// The operations of the optimisers, of averages (running statistics, of weights, of gradients) and of the norms that the log shows.
import type { ScalarShape } from "../base/shape.ts";
import type { Value } from "./value.ts";

export interface UpdateOps {
  /** y = Σ_i coefficients[i] · operand[i], of equal shapes: momentum, Nesterov's direction, running statistics. */
  weightedSum: {
    operands: { readonly [operand: string]: Value };
    params: { readonly coefficients: { readonly [operand: string]: number } };
    results: { y: Value };
  };
  /** y = weight − learningRate · direction. */
  descend: {
    operands: { weight: Value; direction: Value; learningRate: Value<ScalarShape> };
    params: Record<never, never>;
    results: { y: Value };
  };
  /**
   * The direction of Adam (Kingma and Ba 2015, algorithm 1), element by element; t is the number of the update, from 1:
   *   y = (mean / (1 − β₁ᵗ)) / (√(square / (1 − β₂ᵗ)) + ε)
   * mean and square are moving averages, from zeros, of the gradient and of its square.
   */
  adamDirection: {
    operands: { mean: Value; square: Value; update: Value<ScalarShape> };
    params: { readonly beta1: number; readonly beta2: number; readonly epsilon: number };
    results: { y: Value };
  };
  /**
   * How far a layer may move for its size: y = coefficient · ‖weight‖ / (‖direction‖ + weightDecay · ‖weight‖ + ε), in L2 norms,
   * and 1 where either norm is 0 (You et al. 2017, LARS, equation 6; You et al. 2020, LAMB, with coefficient 1, no decay, ε = 0).
   */
  trustRatio: {
    operands: { weight: Value; direction: Value };
    params: { readonly coefficient: number; readonly weightDecay: number; readonly epsilon: number };
    results: { y: Value<ScalarShape> };
  };
  /** y = min(1, largest / (√squaredNorm + 1e-6)): what brings a norm down to `largest` (Pascanu et al. 2013; PyTorch's 1e-6). */
  clipFactor: {
    operands: { squaredNorm: Value<ScalarShape> };
    params: { readonly largest: number };
    results: { y: Value<ScalarShape> };
  };
  /** y = factor · x, with the same factor everywhere. */
  scaleBy: {
    operands: { x: Value; factor: Value<ScalarShape> };
    params: Record<never, never>;
    results: { y: Value };
  };
  /** y = x, but no further from 0 than `largest`; NaN stays NaN. */
  clamp: { operands: { x: Value }; params: { readonly largest: number }; results: { y: Value } };
  /** y = decay · average + (1 − decay) · value; where decay is 0 just the value, whatever the average holds. */
  movingAverage: {
    operands: { average: Value; value: Value; decay: Value<ScalarShape> };
    params: Record<never, never>;
    results: { y: Value };
  };
  /** The sum of the squares of all elements of all operands: a squared L2 norm. */
  sumOfSquares: {
    operands: { readonly [operand: string]: Value };
    params: Record<never, never>;
    results: { y: Value<ScalarShape> };
  };
}
