// A bias for each channel of an image, and its gradient.
import type { Kernel } from "./kernel.ts";

/** y[n, c, :, :] = x[n, c, :, :] + bias[c]. */
export const addBias: Kernel<"addBias"> = ({ operands, results }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const P = H * W;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const bias = elementsOf(operands.bias); // [C]
  const y = elementsOf(results.y); // [N, C, H, W]
  for (let plane = 0; plane < N * C; plane++) {
    const b = bias[plane % C]!;
    for (let p = 0; p < P; p++) y[plane * P + p] = x[plane * P + p]! + b;
  }
};

/** dBias[c] = Σ_{n,i,j} dy[n, c, i, j]. */
export const sumPerChannel: Kernel<"sumPerChannel"> = ({ operands, results }, elementsOf) => {
  const [N, C, H, W] = operands.dy.shape;
  const P = H * W;
  const dy = elementsOf(operands.dy); // [N, C, H, W]
  const dBias = elementsOf(results.dBias); // [C]
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) {
      for (let p = 0; p < P; p++) sum += dy[(n * C + c) * P + p]!;
    }
    dBias[c] = sum;
  }
};
