// What a shortcut without parameters is made of (He et al. 2015, option A): fewer pixels, more channels; and the ways back.
import type { Kernel } from "./kernel.ts";

/** y[n, c, i, j] = x[n, c, i·s, j·s]. */
export const subsample: Kernel<"subsample"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const [, , H2, W2] = results.y.shape; // H′ = ⌈H / s⌉, W′ alike
  const [sh, sw] = params.stride;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y); // [N, C, H′, W′]
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < H2; i++) {
      const row = (plane * H + i * sh) * W; // x[n, c, i·s, :]
      for (let j = 0; j < W2; j++) y[(plane * H2 + i) * W2 + j] = x[row + j * sw]!;
    }
  }
};

/** dx[n, c, i·s, j·s] = dy[n, c, i, j], zero elsewhere. */
export const subsampleBackward: Kernel<"subsampleBackward"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = params.inputShape;
  const [, , H2, W2] = operands.dy.shape; // H′, W′
  const [sh, sw] = params.stride;
  const dy = elementsOf(operands.dy); // [N, C, H′, W′]
  const dx = elementsOf(results.dx).fill(0); // [N, C, H, W]
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < H2; i++) {
      const row = (plane * H + i * sh) * W; // dx[n, c, i·s, :]
      for (let j = 0; j < W2; j++) dx[row + j * sw] = dy[(plane * H2 + i) * W2 + j]!;
    }
  }
};

/** y[n, before + c, :, :] = x[n, c, :, :], zero in the channels before and after. */
export const padChannels: Kernel<"padChannels"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const C2 = results.y.shape[1]; // before + C + after
  const P = H * W;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y).fill(0); // [N, C2, H, W]
  for (let n = 0; n < N; n++) y.set(x.subarray(n * C * P, (n + 1) * C * P), (n * C2 + params.before) * P);
};

/** y[n, c, :, :] = x[n, start + c, :, :] for c < count. */
export const sliceChannels: Kernel<"sliceChannels"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const { start, count } = params;
  const P = H * W;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y); // [N, count, H, W]
  for (let n = 0; n < N; n++) {
    const first = (n * C + start) * P; // x[n, start, 0, 0]
    y.set(x.subarray(first, first + count * P), n * count * P);
  }
};

/** y[n, c, i, j] = x[n, c, i, j] for i < min(H, H′), j < min(W, W′), zero elsewhere. */
export const copyCorner: Kernel<"extendMap" | "cropMap"> = ({ operands, results }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const [, , H2, W2] = results.y.shape; // H′, W′
  const x = elementsOf(operands.x); // [N, C, H, W]
  const y = elementsOf(results.y).fill(0); // [N, C, H′, W′]
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < Math.min(H, H2); i++) {
      const row = (plane * H + i) * W; // x[n, c, i, :]
      y.set(x.subarray(row, row + Math.min(W, W2)), (plane * H2 + i) * W2);
    }
  }
};
