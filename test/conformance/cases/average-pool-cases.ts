// Means of windows: ResNet-D's shortcut with and without padding below and right (torch's ceil_mode), and padding that counts.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { ImageShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { type AveragePoolParams, coveringPadding, padding } from "../../../src/graph/geometry.ts";
import { type CaseTable, forEachOf, image } from "./case.ts";

interface Geometry extends AveragePoolParams {
  readonly x: ImageShape;
}
const twoByTwo = { kernel: [2, 2], stride: [2, 2], countPadding: false } as const;
const threeByThree = { kernel: [3, 3], padding: padding(1) } as const;

const geometries: Readonly<Record<string, Geometry>> = {
  "2×2, stride 2": { x: [2, 64, 8, 8], ...twoByTwo, padding: padding(0) },
  "2×2, stride 2, odd size, covering": {
    x: [2, 16, 7, 5],
    ...twoByTwo,
    padding: coveringPadding([7, 5], [2, 2], [2, 2]),
  },
  "2×2, stride 2, 20 channels, covering, padding counts": {
    x: [1, 20, 5, 7],
    ...twoByTwo,
    padding: coveringPadding([5, 7], [2, 2], [2, 2]),
    countPadding: true,
  },
  "3×3, stride 2, padding counts": { x: [2, 16, 9, 7], ...threeByThree, stride: [2, 2], countPadding: true },
  "3×3, stride 1, padding does not count, 5 channels": {
    x: [2, 5, 5, 6],
    ...threeByThree,
    stride: [1, 1],
    countPadding: false,
  },
  "2×3, strides 3 and 1, uneven padding": {
    x: [3, 1, 8, 5],
    kernel: [2, 3],
    stride: [3, 1],
    padding: { top: 1, left: 2, bottom: 0, right: 1 },
    countPadding: false,
  },
  "2×2 on 1×1, covering": {
    x: [4, 16, 1, 1],
    ...twoByTwo,
    padding: { top: 0, left: 0, bottom: 1, right: 1 },
  },
};

const pool = (b: GraphBuilder, dtype: FloatDType, { x, ...params }: Geometry) =>
  b.add("averagePool", "pool", { x: image(b, dtype, "x", x) }, params).y;

export const averagePoolCases: CaseTable<"averagePool" | "averagePoolBackward"> = {
  averagePool: forEachOf(geometries, (geometry) => (b, dtype) => [pool(b, dtype, geometry)]),
  averagePoolBackward: forEachOf(geometries, (geometry) => (b, dtype) => {
    const { x, ...params } = geometry;
    const dy = image(b, dtype, "dy", pool(b, dtype, geometry).shape);
    return [b.add("averagePoolBackward", "pool.dx", { dy }, { ...params, inputShape: x }).dx];
  }),
};
