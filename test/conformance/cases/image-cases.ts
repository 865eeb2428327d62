// What else happens to images: pooling, shortcuts without parameters, addition, rectification.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { ImageShape, Pair } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { type PoolParams, padding } from "../../../src/graph/geometry.ts";
import { type CaseTable, forEachOf, image, imageShapes as shapes } from "./case.ts";

const pools: Readonly<Record<string, PoolParams & { readonly x: ImageShape }>> = {
  "3×3, stride 2, padding 1, the stem": { x: [2, 64, 8, 8], kernel: [3, 3], stride: [2, 2], padding: padding(1) },
  "3×3, stride 2, padding 1, odd size": { x: [1, 16, 9, 7], kernel: [3, 3], stride: [2, 2], padding: padding(1) },
  "2×2, stride 2": { x: [2, 16, 6, 6], kernel: [2, 2], stride: [2, 2], padding: padding(0) },
  "3×3, stride 1, 5 channels": { x: [2, 5, 5, 6], kernel: [3, 3], stride: [1, 1], padding: padding(1) },
};
const pool = (b: GraphBuilder, dtype: FloatDType, { x, ...params }: PoolParams & { readonly x: ImageShape }) =>
  b.add("maxPool", "pool", { x: image(b, dtype, "x", x) }, params);

const subsamplings: Readonly<Record<string, { readonly x: ImageShape; readonly stride: Pair }>> = {
  "stride 2": { x: [2, 16, 8, 8], stride: [2, 2] },
  "stride 2, odd size": { x: [1, 20, 7, 5], stride: [2, 2] },
  "strides 3 and 1": { x: [2, 3, 7, 4], stride: [3, 1] },
};

const paddings: Readonly<Record<string, { readonly x: ImageShape; readonly before: number; readonly after: number }>> =
  {
    "16 to 32": { x: [2, 16, 4, 4], before: 8, after: 8 },
    "32 to 64": { x: [1, 32, 7, 7], before: 16, after: 16 },
    "5 to 12, uneven": { x: [2, 5, 3, 5], before: 4, after: 3 },
    "after only": { x: [2, 16, 3, 3], before: 0, after: 16 },
  };

const extensions: Readonly<Record<string, { readonly x: ImageShape; readonly below: number; readonly right: number }>> =
  {
    "3×3 to 4×4": { x: [2, 32, 3, 3], below: 1, right: 1 },
    "below only, 5 channels": { x: [1, 5, 4, 3], below: 2, right: 0 },
    "to the right only": { x: [2, 16, 2, 5], below: 0, right: 3 },
  };

export const imageCases: CaseTable<
  | "relu"
  | "reluBackward"
  | "add"
  | "maxPool"
  | "maxPoolBackward"
  | "globalAveragePool"
  | "globalAveragePoolBackward"
  | "subsample"
  | "subsampleBackward"
  | "flatten"
  | "unflatten"
  | "padChannels"
  | "sliceChannels"
  | "extendMap"
  | "cropMap"
> = {
  relu: forEachOf(shapes, (shape) => (b, dtype) => [b.add("relu", "relu", { x: image(b, dtype, "x", shape) }, {}).y]),
  reluBackward: forEachOf(shapes, (shape) => (b, dtype) => {
    const { y } = b.add("relu", "relu", { x: image(b, dtype, "x", shape) }, {});
    return [b.add("reluBackward", "relu.dx", { y, dy: image(b, dtype, "dy", shape) }, {}).dx];
  }),
  add: {
    ...forEachOf(shapes, (shape) => (b, dtype) => {
      const operands = { a: image(b, dtype, "a", shape), b: image(b, dtype, "b", shape) };
      return [b.add("add", "add", operands, {}).y];
    }),
    "a value and itself": (b, dtype) => {
      const x = image(b, dtype, "x", [2, 16, 3, 3]);
      return [b.add("add", "add", { a: x, b: x }, {}).y];
    },
    features: (b, dtype) => {
      const operands = { a: b.input("a", dtype, [3, 10]), b: b.input("b", dtype, [3, 10]) };
      return [b.add("add", "add", operands, {}).y];
    },
  },
  maxPool: {
    ...forEachOf(pools, (geometry) => (b, dtype) => [pool(b, dtype, geometry).y]),
    "the winners": (b, dtype) => [pool(b, dtype, pools["3×3, stride 1, 5 channels"]!).argmax],
  },
  maxPoolBackward: forEachOf(pools, (geometry) => (b, dtype) => {
    const { y, argmax } = pool(b, dtype, geometry);
    const { x, ...params } = geometry;
    const dy = image(b, dtype, "dy", y.shape);
    return [b.add("maxPoolBackward", "pool.dx", { argmax, dy }, { ...params, inputShape: x }).dx];
  }),
  globalAveragePool: forEachOf(shapes, (shape) => (b, dtype) => [
    b.add("globalAveragePool", "pool", { x: image(b, dtype, "x", shape) }, {}).y,
  ]),
  globalAveragePoolBackward: forEachOf(shapes, ([n, c, h, w]) => (b, dtype) => [
    b.add("globalAveragePoolBackward", "pool.dx", { dy: b.input("dy", dtype, [n, c]) }, { size: [h, w] }).dx,
  ]),
  subsample: forEachOf(subsamplings, ({ x, stride }) => (b, dtype) => [
    b.add("subsample", "subsample", { x: image(b, dtype, "x", x) }, { stride }).y,
  ]),
  subsampleBackward: forEachOf(subsamplings, ({ x, stride }) => (b, dtype) => {
    const [n, c, h, w] = x;
    const dy = image(b, dtype, "dy", [n, c, Math.ceil(h / stride[0]), Math.ceil(w / stride[1])]);
    return [b.add("subsampleBackward", "subsample.dx", { dy }, { stride, inputShape: x }).dx];
  }),
  flatten: forEachOf(shapes, (shape) => (b, dtype) => [
    b.add("flatten", "flatten", { x: image(b, dtype, "x", shape) }, {}).y,
  ]),
  unflatten: forEachOf(shapes, (shape) => (b, dtype) => {
    const [n, c, h, w] = shape;
    const dy = b.input("dy", dtype, [n, c * h * w]);
    return [b.add("unflatten", "flatten.dx", { dy }, { inputShape: shape }).dx];
  }),
  padChannels: forEachOf(paddings, ({ x, before, after }) => (b, dtype) => [
    b.add("padChannels", "pad", { x: image(b, dtype, "x", x) }, { before, after }).y,
  ]),
  sliceChannels: forEachOf(paddings, ({ x: [n, c, h, w], before, after }) => (b, dtype) => {
    const x = image(b, dtype, "x", [n, before + c + after, h, w]);
    return [b.add("sliceChannels", "slice", { x }, { start: before, count: c }).y];
  }),
  extendMap: forEachOf(extensions, ({ x, ...amounts }) => (b, dtype) => [
    b.add("extendMap", "extend", { x: image(b, dtype, "x", x) }, amounts).y,
  ]),
  cropMap: forEachOf(extensions, ({ x: [n, c, h, w], below, right }) => (b, dtype) => {
    const x = image(b, dtype, "x", [n, c, h + below, w + right]);
    return [b.add("cropMap", "crop", { x }, { size: [h, w] }).y];
  }),
};
