// Convolutions: those of ResNets, on small images, and the awkward: channels that no vector divides, odd sizes, uneven padding.
import type { FilterShape, ImageShape } from "../../../src/base/shape.ts";
import { type ConvParams, padding, windowPositions } from "../../../src/graph/geometry.ts";
import { type Case, type CaseTable, filter, image } from "./case.ts";

export interface Geometry extends ConvParams {
  readonly x: ImageShape;
  readonly weight: FilterShape;
}
const square = (x: ImageShape, weight: FilterShape, stride: number, pad: number, groups = 1): Geometry => ({
  x,
  weight,
  stride: [stride, stride],
  padding: padding(pad),
  groups,
});

export const geometries: Readonly<Record<string, Geometry>> = {
  "3×3, 16 to 16": square([2, 16, 8, 8], [16, 16, 3, 3], 1, 1),
  "3×3, stride 2, 16 to 32": square([2, 16, 8, 8], [32, 16, 3, 3], 2, 1),
  "3×3, stride 2, odd size": square([2, 16, 7, 9], [24, 16, 3, 3], 2, 1),
  "3×3, 64 to 64, 1 image": square([1, 64, 7, 7], [64, 64, 3, 3], 1, 1),
  "3×3, 3 to 16, the stem of small networks": square([2, 3, 12, 12], [16, 3, 3, 3], 1, 1),
  "3×3, 1 to 16, grey images": square([2, 1, 14, 14], [16, 1, 3, 3], 1, 1),
  "7×7, stride 2, 3 to 64, the stem of large networks": square([1, 3, 21, 20], [64, 3, 7, 7], 2, 3),
  "1×1, 64 to 256": square([2, 64, 5, 5], [256, 64, 1, 1], 1, 0),
  "1×1, stride 2, projection": square([2, 32, 8, 8], [64, 32, 1, 1], 2, 0),
  "1×1, stride 2, odd size": square([3, 32, 7, 5], [64, 32, 1, 1], 2, 0),
  "1×1, stride 2, 8 to 16": square([3, 8, 10, 10], [16, 8, 1, 1], 2, 0),
  "1×1, stride 2, 8 to 8": square([3, 8, 12, 12], [8, 8, 1, 1], 2, 0),
  "3×3, 5 to 7, no multiple of anything": square([3, 5, 6, 5], [7, 5, 3, 3], 1, 1),
  "3×3, 20 to 36": square([1, 20, 6, 6], [36, 20, 3, 3], 1, 1),
  "3×3, 32 groups of 4": square([1, 128, 6, 6], [128, 4, 3, 3], 1, 1, 32),
  "3×3, 8 groups of 8, stride 2, odd size": square([2, 64, 7, 9], [64, 8, 3, 3], 2, 1, 8),
  "3×3, 8 groups of 4 to 8": square([1, 32, 5, 6], [64, 4, 3, 3], 1, 1, 8),
  "3×3, 2 groups, stride 2": square([2, 16, 7, 7], [32, 8, 3, 3], 2, 1, 2),
  "3×3, a batch of 16": square([16, 16, 7, 7], [32, 16, 3, 3], 1, 1),
  "3×3, stride 2, a batch of 32, odd size": square([32, 16, 7, 9], [16, 16, 3, 3], 2, 1),
  "3×3, stride 2, a batch of 16, even size": square([16, 32, 8, 6], [16, 32, 3, 3], 2, 1),
  "1×1, a batch of 16": square([16, 16, 5, 3], [48, 16, 1, 1], 1, 0),
  "1×1, stride 2, a batch of 32, odd size": square([32, 16, 5, 7], [32, 16, 1, 1], 2, 0),
  "1×1, more than 14 rows": square([2, 32, 16, 17], [48, 32, 1, 1], 1, 0),
  "3×3 on 1×1": square([4, 16, 1, 1], [16, 16, 3, 3], 1, 1),
  "3×3 on 1×1, a batch of 16": square([16, 16, 1, 1], [32, 16, 3, 3], 1, 1),
  "3×3 on 2×2, stride 2, a batch of 16": square([16, 16, 2, 2], [32, 16, 3, 3], 2, 1),
  "5×5 on 2×2, a batch of 16": square([16, 16, 2, 2], [16, 16, 5, 5], 1, 2),
  "3×2, strides 2 and 1, uneven padding": {
    x: [2, 8, 7, 6],
    weight: [8, 8, 3, 2],
    stride: [2, 1],
    padding: { top: 0, left: 1, bottom: 1, right: 0 },
    groups: 1,
  },
};

export const casesOf = (make: (geometry: Geometry) => Case): Readonly<Record<string, Case>> =>
  Object.fromEntries(Object.entries(geometries).map(([title, geometry]) => [title, make(geometry)]));

export const paramsOf = ({ stride, padding, groups }: Geometry): ConvParams => ({ stride, padding, groups });
export const resultShape = ({ x, weight, ...params }: Geometry): ImageShape => {
  const [height, width] = windowPositions([x[2], x[3]], [weight[2], weight[3]], params);
  return [x[0], weight[0], height, width];
};

export const convCases: CaseTable<"conv2d" | "conv2dBackwardData" | "conv2dBackwardWeight"> = {
  conv2d: casesOf((geometry) => (b, dtype) => {
    const operands = { x: image(b, dtype, "x", geometry.x), weight: filter(b, dtype, "weight", geometry.weight) };
    return [b.add("conv2d", "conv", operands, paramsOf(geometry)).y];
  }),
  conv2dBackwardData: casesOf((geometry) => (b, dtype) => {
    const dy = image(b, dtype, "dy", resultShape(geometry));
    const operands = { dy, weight: filter(b, dtype, "weight", geometry.weight) };
    return [b.add("conv2dBackwardData", "conv.dx", operands, { ...paramsOf(geometry), inputShape: geometry.x }).dx];
  }),
  conv2dBackwardWeight: casesOf((geometry) => (b, dtype) => {
    const operands = { x: image(b, dtype, "x", geometry.x), dy: image(b, dtype, "dy", resultShape(geometry)) };
    const params = { ...paramsOf(geometry), filterShape: geometry.weight };
    return [b.add("conv2dBackwardWeight", "conv.dWeight", operands, params).dWeight];
  }),
};
