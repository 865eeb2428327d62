// The optimiser's arithmetic, running statistics, norms.
import type { Kernel } from "./kernel.ts";

/** y = Σ_i coefficients[i] · operand[i]. */
export const weightedSum: Kernel<"weightedSum"> = ({ operands, results, params }, elementsOf) => {
  const terms = Object.entries(operands).map(([operand, value]) => ({
    elements: elementsOf(value),
    coefficient: params.coefficients[operand]!,
  }));
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (const { elements, coefficient } of terms) sum += coefficient * elements[i]!;
    y[i] = sum;
  }
};

/** y = weight − learningRate · direction. */
export const descend: Kernel<"descend"> = ({ operands, results }, elementsOf) => {
  const weight = elementsOf(operands.weight);
  const direction = elementsOf(operands.direction);
  const learningRate = elementsOf(operands.learningRate)[0]!;
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = weight[i]! - learningRate * direction[i]!;
};

/** y = Σ of the squares of all elements of all operands. */
export const sumOfSquares: Kernel<"sumOfSquares"> = ({ operands, results }, elementsOf) => {
  let sum = 0;
  for (const value of Object.values(operands)) {
    const elements = elementsOf(value);
    for (let i = 0; i < elements.length; i++) sum += elements[i]! ** 2;
  }
  elementsOf(results.y)[0] = sum;
};
