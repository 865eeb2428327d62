// Convolution and its two gradients, as products of filters with patches: the elements of x that a window sees, in the order of a
// filter's own. So the innermost loops run over whole filters, C / groups · U · V long, however small the maps are.
import { elementCount, type FilterShape, type ImageShape } from "../../base/shape.ts";
import { type ConvParams, windowPositions } from "../../graph/geometry.ts";
import type { Kernel } from "./kernel.ts";

/** In a window, an element that lies in the padding. */
const outside = -1;

/** A window (n, i, j) and the filters of one group that meet it there. */
interface Window {
  /** Of each element (c, u, v) of a filter: x[n, first channel + c, i·s + u − top, j·s + v − left], or outside. Valid during the visit. */
  readonly places: Int32Array;
  /** From weight[firstFilter, 0, 0, 0] on, filter after filter. */
  readonly weight: number;
  /** y[n, firstFilter, i, j]; those of the next filters follow in steps of H′·W′. */
  readonly y: number;
}

const forEachWindow = (
  xShape: ImageShape,
  [O, Cg, U, V]: FilterShape,
  params: ConvParams,
  visit: (seen: Window) => void,
): void => {
  const [N, C, H, W] = xShape;
  const { groups, padding } = params;
  const [H2, W2] = windowPositions([H, W], [U, V], params); // H′, W′
  const places = new Int32Array(Cg * U * V);
  const placeWindow = (plane: number, i: number, j: number): void => {
    let k = 0;
    for (let c = 0; c < Cg; c++) {
      for (let u = 0; u < U; u++) {
        const h = i * params.stride[0] + u - padding.top;
        const row = ((plane + c) * H + h) * W;
        for (let v = 0; v < V; v++) {
          const w = j * params.stride[1] + v - padding.left;
          places[k++] = h < 0 || h >= H || w < 0 || w >= W ? outside : row + w;
        }
      }
    }
  };
  for (let n = 0; n < N; n++) {
    for (let group = 0; group < groups; group++) {
      const firstFilter = (group * O) / groups;
      for (let i = 0; i < H2; i++) {
        for (let j = 0; j < W2; j++) {
          placeWindow(n * C + group * Cg, i, j);
          visit({ places, weight: firstFilter * places.length, y: ((n * O + firstFilter) * H2 + i) * W2 + j });
        }
      }
    }
  }
};

/** The elements at these places; padding reads zeros. */
const gather = (x: ArrayLike<number>, places: Int32Array, patch: Float64Array): void => {
  for (let k = 0; k < patch.length; k++) patch[k] = places[k] === outside ? 0 : x[places[k]!]!;
};

/** y[n, o, i, j] = Σ_{c,u,v} x[n, c, i·s + u − top, j·s + v − left] · weight[o, c, u, v]. */
export const conv2d: Kernel<"conv2d"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x); // [N, C, H, W]
  const weight = Float64Array.from(elementsOf(operands.weight)); // [O, C / groups, U, V]
  const y = elementsOf(results.y); // [N, O, H′, W′]
  const [, O, H2, W2] = results.y.shape;
  const filters = O / params.groups;
  const patch = new Float64Array(weight.length / O);
  forEachWindow(operands.x.shape, operands.weight.shape, params, (seen) => {
    gather(x, seen.places, patch);
    for (let o = 0; o < filters; o++) {
      const filter = seen.weight + o * patch.length;
      let sum = 0;
      for (let k = 0; k < patch.length; k++) sum += patch[k]! * weight[filter + k]!;
      y[seen.y + o * H2 * W2] = sum;
    }
  });
};

/** dx[n, c, h, w] = Σ dy[n, o, i, j] · weight[o, c, u, v] over all (o, i, j, u, v) that read x[n, c, h, w] in the forward. */
export const conv2dBackwardData: Kernel<"conv2dBackwardData"> = ({ operands, results, params }, elementsOf) => {
  const dy = elementsOf(operands.dy); // [N, O, H′, W′]
  const weight = Float64Array.from(elementsOf(operands.weight)); // [O, C / groups, U, V]
  const sum = new Float64Array(elementCount(results.dx.shape)); // [N, C, H, W]
  const [, O, H2, W2] = operands.dy.shape;
  const filters = O / params.groups;
  const patch = new Float64Array(weight.length / O); // of dx
  forEachWindow(params.inputShape, operands.weight.shape, params, (seen) => {
    patch.fill(0);
    for (let o = 0; o < filters; o++) {
      const filter = seen.weight + o * patch.length;
      const gradient = dy[seen.y + o * H2 * W2]!;
      for (let k = 0; k < patch.length; k++) patch[k]! += gradient * weight[filter + k]!;
    }
    for (let k = 0; k < patch.length; k++) if (seen.places[k] !== outside) sum[seen.places[k]!]! += patch[k]!;
  });
  elementsOf(results.dx).set(sum);
};

/** dWeight[o, c, u, v] = Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·s + u − top, j·s + v − left]. */
export const conv2dBackwardWeight: Kernel<"conv2dBackwardWeight"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x); // [N, C, H, W]
  const dy = elementsOf(operands.dy); // [N, O, H′, W′]
  const sum = new Float64Array(elementCount(results.dWeight.shape)); // [O, C / groups, U, V]
  const [, O, H2, W2] = operands.dy.shape;
  const filters = O / params.groups;
  const patch = new Float64Array(sum.length / O);
  forEachWindow(operands.x.shape, params.filterShape, params, (seen) => {
    gather(x, seen.places, patch);
    for (let o = 0; o < filters; o++) {
      const filter = seen.weight + o * patch.length;
      const gradient = dy[seen.y + o * H2 * W2]!;
      for (let k = 0; k < patch.length; k++) sum[filter + k]! += gradient * patch[k]!;
    }
  });
  elementsOf(results.dWeight).set(sum);
};
