// The operations of a quantised network. Results are real numbers here: as bytes they are rounded to levels when they are stored
// (value-storage.ts), once and for all. Sums of products of bytes are whole numbers below 2⁵³, and so exact in f64.

import { conv2d } from "./conv.ts";
import type { Kernel } from "./kernel.ts";

/** y = x / scale. */
export const quantize: Kernel<"quantize"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = x[i]! / params.scale;
};

/** y = x · scale. */
export const dequantize: Kernel<"dequantize"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = x[i]! * params.scale;
};

/** y[n, o, i, j] = relu((Σ x · weight + bias[o]) · factors[o] + shortcutFactor · shortcut[n, o, i, j]). */
export const quantizedConv2d: Kernel<"quantizedConv2d"> = (node, elementsOf) => {
  const { operands, params, results } = node;
  const [N, O, H2, W2] = results.y.shape;
  const sums = new Float64Array(N * O * H2 * W2); // [N, O, H′, W′]
  conv2d({ ...node, kind: "conv2d" }, (value) => (value.name === results.y.name ? sums : elementsOf(value)));
  const bias = elementsOf(operands.bias); // [O]
  const shortcut = operands.shortcut && elementsOf(operands.shortcut); // [N, O, H′, W′]
  const y = elementsOf(results.y);
  const pixels = H2 * W2;
  for (let plane = 0; plane < N * O; plane++) {
    const o = plane % O;
    const factor = params.factors[o]!;
    for (let i = plane * pixels; i < (plane + 1) * pixels; i++) {
      const sum = (sums[i]! + bias[o]!) * factor + (shortcut ? params.shortcutFactor * shortcut[i]! : 0);
      y[i] = params.relu ? Math.max(sum, 0) : sum;
    }
  }
};
