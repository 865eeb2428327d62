// The adaptive optimisers' arithmetic, clipping, moving averages.
import type { TypedArray } from "../../base/dtype.ts";
import type { Kernel } from "./kernel.ts";

/** y = (mean / (1 − β₁ᵗ)) / (√(square / (1 − β₂ᵗ)) + ε), t = update. */
export const adamDirection: Kernel<"adamDirection"> = ({ operands, results, params }, elementsOf) => {
  const mean = elementsOf(operands.mean);
  const square = elementsOf(operands.square);
  const t = elementsOf(operands.update)[0]!;
  const y = elementsOf(results.y);
  const meanCorrection = 1 - params.beta1 ** t;
  const squareCorrection = 1 - params.beta2 ** t;
  for (let i = 0; i < y.length; i++) {
    y[i] = mean[i]! / meanCorrection / (Math.sqrt(square[i]! / squareCorrection) + params.epsilon);
  }
};

const norm = (elements: TypedArray): number => {
  let sum = 0;
  for (let i = 0; i < elements.length; i++) sum += elements[i]! ** 2;
  return Math.sqrt(sum);
};

/** y = coefficient · ‖weight‖ / (‖direction‖ + weightDecay · ‖weight‖ + ε), and 1 where either norm is 0. */
export const trustRatio: Kernel<"trustRatio"> = ({ operands, results, params }, elementsOf) => {
  const weight = norm(elementsOf(operands.weight));
  const direction = norm(elementsOf(operands.direction));
  const { coefficient, weightDecay, epsilon } = params;
  const isZero = weight === 0 || direction === 0;
  elementsOf(results.y)[0] = isZero ? 1 : (coefficient * weight) / (direction + weightDecay * weight + epsilon);
};

/** y = min(1, largest / (√squaredNorm + 1e-6)). */
export const clipFactor: Kernel<"clipFactor"> = ({ operands, results, params: { largest } }, elementsOf) => {
  elementsOf(results.y)[0] = Math.min(1, largest / (Math.sqrt(elementsOf(operands.squaredNorm)[0]!) + 1e-6));
};

/** y = factor · x. */
export const scaleBy: Kernel<"scaleBy"> = ({ operands, results }, elementsOf) => {
  const x = elementsOf(operands.x);
  const factor = elementsOf(operands.factor)[0]!;
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = factor * x[i]!;
};

/** y = x, within ±largest. */
export const clamp: Kernel<"clamp"> = ({ operands, results, params: { largest } }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = Math.min(Math.max(x[i]!, -largest), largest);
};

/** y = decay · average + (1 − decay) · value; 0 · NaN is no part of an average. */
export const movingAverage: Kernel<"movingAverage"> = ({ operands, results }, elementsOf) => {
  const average = elementsOf(operands.average);
  const value = elementsOf(operands.value);
  const decay = elementsOf(operands.decay)[0]!;
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) {
    y[i] = decay === 0 ? value[i]! : decay * average[i]! + (1 - decay) * value[i]!;
  }
};
