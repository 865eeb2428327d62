// The operations of the optimiser, of running statistics and of the norms that the log shows.
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
  /** The sum of the squares of all elements of all operands: a squared L2 norm. */
  sumOfSquares: {
    operands: { readonly [operand: string]: Value };
    params: Record<never, never>;
    results: { y: Value<ScalarShape> };
  };
}
