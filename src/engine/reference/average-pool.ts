// The mean of each window, with padding that counts or doesn't, and the way back.
import { elementCount, type ImageShape, type Pair } from "../../base/shape.ts";
import type { AveragePoolParams } from "../../graph/geometry.ts";
import type { Kernel } from "./kernel.ts";

/** A window's pixels inside the image, rows h0 … h1 − 1 and columns w0 … w1 − 1, and what its sum is divided by. */
interface PixelsOfWindow {
  readonly plane: number;
  /** Its place in [N, C, H′, W′]. */
  readonly place: number;
  readonly rows: Pair;
  readonly columns: Pair;
  readonly divisor: number;
}

/** Calls `visit` with each window over x [N, C, H, W], of which there are H′ × W′ in each plane. */
const forEachWindow = (
  [N, C, H, W]: ImageShape,
  [, , H2, W2]: ImageShape,
  { kernel, stride, padding, countPadding }: AveragePoolParams,
  visit: (pixels: PixelsOfWindow) => void,
): void => {
  const [U, V] = kernel;
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < H2; i++) {
      const h = i * stride[0] - padding.top;
      const rows = [Math.max(h, 0), Math.min(h + U, H)] as const;
      for (let j = 0; j < W2; j++) {
        const w = j * stride[1] - padding.left;
        const columns = [Math.max(w, 0), Math.min(w + V, W)] as const;
        const divisor = countPadding ? U * V : (rows[1] - rows[0]) * (columns[1] - columns[0]);
        visit({ plane, place: (plane * H2 + i) * W2 + j, rows, columns, divisor });
      }
    }
  }
};

/** y[n, c, i, j] = Σ x / M over the pixels of window (i, j). */
export const averagePool: Kernel<"averagePool"> = ({ operands, results, params }, elementsOf) => {
  const [, , H, W] = operands.x.shape;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y); // [N, C, H′, W′]
  forEachWindow(operands.x.shape, results.y.shape, params, ({ plane, place, rows, columns, divisor }) => {
    let sum = 0;
    for (let h = rows[0]; h < rows[1]; h++) {
      for (let w = columns[0]; w < columns[1]; w++) sum += x[(plane * H + h) * W + w]!;
    }
    y[place] = sum / divisor;
  });
};

/** dx[n, c, h, w] = Σ dy[n, c, i, j] / M over the windows (i, j) that pixel (h, w) is in. */
export const averagePoolBackward: Kernel<"averagePoolBackward"> = ({ operands, results, params }, elementsOf) => {
  const [, , H, W] = params.inputShape;
  const dy = elementsOf(operands.dy); // [N, C, H′, W′]
  const sum = new Float64Array(elementCount(params.inputShape)); // [N, C, H, W]
  forEachWindow(params.inputShape, operands.dy.shape, params, ({ plane, place, rows, columns, divisor }) => {
    for (let h = rows[0]; h < rows[1]; h++) {
      for (let w = columns[0]; w < columns[1]; w++) sum[(plane * H + h) * W + w]! += dy[place]! / divisor;
    }
  });
  elementsOf(results.dx).set(sum);
};
