// Convolution and its two gradients. All three are sums over the same triples (element of a filter, element of y, element of
// x): forward collects them at y, backward at x or at the filter. So they share one walk, and differ in one line each.
import { elementCount, type FilterShape, type ImageShape } from "../../base/shape.ts";
import { type ConvParams, windowPositions } from "../../graph/geometry.ts";
import type { Kernel } from "./kernel.ts";

/**
 * Positions k in from ≤ k < to of a window for which k·stride + offset lies inside an axis of `size` elements. The others read
 * padding, which is zero and adds nothing.
 */
export const positionsInside = (size: number, positions: number, stride: number, offset: number) => ({
  from: Math.max(0, Math.ceil(-offset / stride)),
  to: Math.min(positions, Math.floor((size - 1 - offset) / stride) + 1),
});

/**
 * One filter element meets a row of y and a row of x: weight[o, c, u, v] at `w`, y[n, o, i, j…] from `y` on, and
 * x[n, c, i·s + u − top, j·s + v − left …] from `x` on in steps of the stride; `count` positions j in all.
 */
type Meeting = (w: number, y: number, x: number, count: number) => void;

const forEachMeeting = (xShape: ImageShape, filter: FilterShape, params: ConvParams, meet: Meeting): void => {
  const [N, C, H, W] = xShape;
  const [O, Cg, U, V] = filter; // Cg = C / groups: the channels that one filter sees
  const [sh, sw] = params.stride;
  const { top, left } = params.padding;
  const [H2, W2] = windowPositions([H, W], [U, V], params); // H′, W′
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const firstChannel = Math.floor((o * params.groups) / O) * Cg;
      for (let c = 0; c < Cg; c++) {
        const plane = (n * C + firstChannel + c) * H; // x[n, c, 0, 0] is at plane · W
        for (let u = 0; u < U; u++) {
          const rows = positionsInside(H, H2, sh, u - top);
          for (let v = 0; v < V; v++) {
            const { from, to } = positionsInside(W, W2, sw, v - left);
            if (to <= from) continue;
            const w = ((o * Cg + c) * U + u) * V + v;
            for (let i = rows.from; i < rows.to; i++) {
              const y = ((n * O + o) * H2 + i) * W2 + from;
              const x = (plane + i * sh + u - top) * W + from * sw + v - left;
              meet(w, y, x, to - from);
            }
          }
        }
      }
    }
  }
};

/** y[n, o, i, j] = Σ_{c,u,v} x[n, c, i·s + u − top, j·s + v − left] · weight[o, c, u, v]. */
export const conv2d: Kernel<"conv2d"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x); // [N, C, H, W]
  const weight = elementsOf(operands.weight); // [O, C / groups, U, V]
  const sum = new Float64Array(elementCount(results.y.shape)); // [N, O, H′, W′]
  const step = params.stride[1];
  forEachMeeting(operands.x.shape, operands.weight.shape, params, (atWeight, atY, atX, count) => {
    const w = weight[atWeight]!;
    for (let j = 0; j < count; j++) sum[atY + j]! += x[atX + j * step]! * w;
  });
  elementsOf(results.y).set(sum);
};

/** dx[n, c, h, w] = Σ dy[n, o, i, j] · weight[o, c, u, v] over all (o, i, j, u, v) that read x[n, c, h, w] in the forward. */
export const conv2dBackwardData: Kernel<"conv2dBackwardData"> = ({ operands, results, params }, elementsOf) => {
  const dy = elementsOf(operands.dy); // [N, O, H′, W′]
  const weight = elementsOf(operands.weight); // [O, C / groups, U, V]
  const sum = new Float64Array(elementCount(results.dx.shape)); // [N, C, H, W]
  const step = params.stride[1];
  forEachMeeting(params.inputShape, operands.weight.shape, params, (atWeight, atY, atX, count) => {
    const w = weight[atWeight]!;
    for (let j = 0; j < count; j++) sum[atX + j * step]! += dy[atY + j]! * w;
  });
  elementsOf(results.dx).set(sum);
};

/** dWeight[o, c, u, v] = Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·s + u − top, j·s + v − left]. */
export const conv2dBackwardWeight: Kernel<"conv2dBackwardWeight"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x); // [N, C, H, W]
  const dy = elementsOf(operands.dy); // [N, O, H′, W′]
  const sum = new Float64Array(elementCount(results.dWeight.shape)); // [O, C / groups, U, V]
  const step = params.stride[1];
  forEachMeeting(operands.x.shape, params.filterShape, params, (atWeight, atY, atX, count) => {
    let dot = 0;
    for (let j = 0; j < count; j++) dot += dy[atY + j]! * x[atX + j * step]!;
    sum[atWeight]! += dot;
  });
  elementsOf(results.dWeight).set(sum);
};
