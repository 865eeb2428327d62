// Batch normalisation folded into the convolution before it.
import type { Kernel } from "./kernel.ts";

/** With g = scale / √(variance + ε):  weight′ = weight · g,  bias′ = (bias − mean) · g + shift. */
export const foldBatchNorm: Kernel<"foldBatchNorm"> = ({ operands, results, params }, elementsOf) => {
  const [O, C, U, V] = operands.weight.shape;
  const weight = elementsOf(operands.weight); // [O, C, U, V]
  const bias = operands.bias && elementsOf(operands.bias); // [O], as the other vectors
  const scale = elementsOf(operands.scale);
  const shift = elementsOf(operands.shift);
  const mean = elementsOf(operands.mean);
  const variance = elementsOf(operands.variance);
  const foldedWeight = elementsOf(results.weight); // [O, C, U, V]
  const foldedBias = elementsOf(results.bias); // [O]
  const size = C * U * V;
  for (let o = 0; o < O; o++) {
    const gain = scale[o]! / Math.sqrt(variance[o]! + params.epsilon);
    for (let i = o * size; i < (o + 1) * size; i++) foldedWeight[i] = weight[i]! * gain;
    foldedBias[o] = ((bias?.[o] ?? 0) - mean[o]!) * gain + shift[o]!;
  }
};
