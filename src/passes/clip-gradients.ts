// Gradient clipping: gradients that are too large are made smaller before the optimiser sees them.
import type { ScalarShape } from "../base/shape.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";
import type { LearnedParameter } from "./optimizers.ts";

/**
 * norm: all gradients times min(1, largest / their common L2 norm) (Pascanu et al. 2013; PyTorch's clip_grad_norm_).
 * value: each element is kept within ±largest (PyTorch's clip_grad_value_).
 */
export interface Clipping {
  readonly by: "norm" | "value";
  readonly largest: number;
}

export interface ClippedGradients {
  /** The parameters, with their gradients clipped. */
  readonly clipped: readonly LearnedParameter[];
  /** The sum of squares of all gradients as they were, called `squaredNormName`; null where the norm isn't asked for. */
  readonly squaredNorm: Value<ScalarShape> | null;
}

/** Adds the nodes to the builder's part. */
export const clipGradients = (
  builder: GraphBuilder,
  parameters: readonly LearnedParameter[],
  clipping: Clipping | null,
  squaredNormName: string,
): ClippedGradients => {
  if (clipping === null || parameters.length === 0) return { clipped: parameters, squaredNorm: null };
  const { by, largest } = clipping;
  const nameOf = ({ weight }: LearnedParameter): string => `${weight.name}.clippedGradient`;
  if (by === "value") {
    const clipped = parameters.map((parameter) => ({
      ...parameter,
      gradient: builder.add("clamp", nameOf(parameter), { x: parameter.gradient }, { largest }).y,
    }));
    return { clipped, squaredNorm: null };
  }
  const gradients = Object.fromEntries(parameters.map(({ weight, gradient }) => [weight.name, gradient] as const));
  const squaredNorm = builder.add("sumOfSquares", squaredNormName, gradients, {}).y;
  const factor = builder.add("clipFactor", `${squaredNormName}.clipFactor`, { squaredNorm }, { largest }).y;
  const clipped = parameters.map((parameter) => ({
    ...parameter,
    gradient: builder.add("scaleBy", nameOf(parameter), { x: parameter.gradient, factor }, {}).y,
  }));
  return { clipped, squaredNorm };
};
