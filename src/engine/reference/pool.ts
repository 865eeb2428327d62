// Pooling: the largest of each window, the mean of each channel, and the ways back.
import { elementCount } from "../../base/shape.ts";
import type { Kernel } from "./kernel.ts";

/**
 * y = the largest element of each window, argmax = its place u·V + v in the window; of equal ones the first. NaN wins over every
 * number. A window that lies in the padding altogether has no winner: y = −∞, argmax = −1.
 */
export const maxPool: Kernel<"maxPool"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const [, , H2, W2] = results.y.shape; // H′, W′
  const [U, V] = params.kernel;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y); // [N, C, H′, W′]
  const argmax = elementsOf(results.argmax); // [N, C, H′, W′]
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < H2; i++) {
      for (let j = 0; j < W2; j++) {
        let largest = Number.NEGATIVE_INFINITY;
        let winner = -1;
        for (let u = 0; u < U; u++) {
          const h = i * params.stride[0] + u - params.padding.top;
          if (h < 0 || h >= H) continue;
          for (let v = 0; v < V; v++) {
            const w = j * params.stride[1] + v - params.padding.left;
            if (w < 0 || w >= W) continue;
            const element = x[(plane * H + h) * W + w]!;
            if (winner !== -1 && !(element > largest) && !Number.isNaN(element)) continue;
            largest = element;
            winner = u * V + v;
          }
        }
        const place = (plane * H2 + i) * W2 + j; // y[n, c, i, j]
        y[place] = largest;
        argmax[place] = winner;
      }
    }
  }
};

/** dx[n, c, i·s + u − top, j·s + v − left] += dy[n, c, i, j], with (u, v) the winner of window (i, j). */
export const maxPoolBackward: Kernel<"maxPoolBackward"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = params.inputShape;
  const [, , H2, W2] = operands.dy.shape; // H′, W′
  const V = params.kernel[1];
  const argmax = elementsOf(operands.argmax); // [N, C, H′, W′]
  const dy = elementsOf(operands.dy); // [N, C, H′, W′]
  const sum = new Float64Array(elementCount(params.inputShape)); // [N, C, H, W]
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < H2; i++) {
      for (let j = 0; j < W2; j++) {
        const place = (plane * H2 + i) * W2 + j;
        const winner = argmax[place]!;
        if (winner < 0) continue;
        const h = i * params.stride[0] + Math.floor(winner / V) - params.padding.top;
        const w = j * params.stride[1] + (winner % V) - params.padding.left;
        sum[(plane * H + h) * W + w]! += dy[place]!;
      }
    }
  }
  elementsOf(results.dx).set(sum);
};

/** y[n, c] = Σ_{i,j} x[n, c, i, j] / (H·W). */
export const globalAveragePool: Kernel<"globalAveragePool"> = ({ operands, results }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y); // [N, C]
  for (let plane = 0; plane < N * C; plane++) {
    let sum = 0;
    for (let p = 0; p < H * W; p++) sum += x[plane * H * W + p]!;
    y[plane] = sum / (H * W);
  }
};

/** dx[n, c, i, j] = dy[n, c] / (H·W). */
export const globalAveragePoolBackward: Kernel<"globalAveragePoolBackward"> = (
  { operands, results, params },
  elementsOf,
) => {
  const P = params.size[0] * params.size[1];
  const dy = elementsOf(operands.dy); // [N, C]
  const dx = elementsOf(results.dx); // [N, C, H, W]
  for (let plane = 0; plane < dy.length; plane++) dx.fill(dy[plane]! / P, plane * P, (plane + 1) * P);
};
