// What gates and scaled shortcuts are made of: products, sigmoids, affine maps, biases of images.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { ImageShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { type Case, type CaseTable, forEachOf, image, imageShapes, vector } from "./case.ts";

const two = (b: GraphBuilder, dtype: FloatDType, first: string, second: string, shape: ImageShape) => ({
  first: image(b, dtype, first, shape),
  second: image(b, dtype, second, shape),
});

/** The operands' layout may be any: they come from a convolution. */
const behindConvolution =
  (channels: number): Case =>
  (b, dtype) => {
    const x = image(b, dtype, "x", [2, 16, 6, 5]);
    const weight = b.input("weight", dtype, [channels, 16, 1, 1]);
    const params = { stride: [1, 1], padding: { top: 0, left: 0, bottom: 0, right: 0 }, groups: 1 } as const;
    const { y } = b.add("conv2d", "gate.conv", { x, weight }, params);
    const biased = b.add("addBias", "gate.bias", { x: y, bias: vector(b, dtype, "bias", channels) }, {}).y;
    const gate = b.add("sigmoid", "gate", { x: biased }, {}).y;
    const complement = b.add("affine", "complement", { x: gate }, { scale: -1, shift: 1 }).y;
    const through = image(b, dtype, "through", y.shape);
    const gated = b.add("multiply", "gated", { a: through, b: complement }, {}).y;
    const dy = b.add("multiply", "dComplement", { a: gated, b: through }, {}).y;
    const dBiased = b.add("sigmoidBackward", "gate.dx", { y: gate, dy }, {}).dx;
    return [gated, dBiased, b.add("sumPerChannel", "gate.dBias", { dy: dBiased }, {}).dBias];
  };

export const gateCases: CaseTable<
  "stochasticDepth" | "multiply" | "sigmoid" | "sigmoidBackward" | "affine" | "addBias" | "sumPerChannel"
> = {
  stochasticDepth: {
    ...forEachOf(imageShapes, (shape) => (b, dtype) => {
      const operands = { x: image(b, dtype, "x", shape), key: b.input("key", "i32", [2]) };
      return [b.add("stochasticDepth", "branch", operands, { rate: 0.4, stream: 1 }).y];
    }),
    "behind a convolution, 6 images": (b, dtype) => {
      const operands = { x: image(b, dtype, "x", [6, 16, 5, 5]), weight: b.input("weight", dtype, [20, 16, 1, 1]) };
      const params = { stride: [1, 1], padding: { top: 0, left: 0, bottom: 0, right: 0 }, groups: 1 } as const;
      const x = b.add("conv2d", "conv", operands, params).y;
      const key = b.input("key", "i32", [2]);
      return [b.add("stochasticDepth", "branch", { x, key }, { rate: 0.5, stream: 0 }).y];
    },
  },
  multiply: {
    ...forEachOf(imageShapes, (shape) => (b, dtype) => {
      const { first, second } = two(b, dtype, "a", "b", shape);
      return [b.add("multiply", "multiply", { a: first, b: second }, {}).y];
    }),
    "a value and itself": (b, dtype) => {
      const x = image(b, dtype, "x", [2, 16, 3, 3]);
      return [b.add("multiply", "multiply", { a: x, b: x }, {}).y];
    },
    features: (b, dtype) => {
      const operands = { a: b.input("a", dtype, [3, 10]), b: b.input("b", dtype, [3, 10]) };
      return [b.add("multiply", "multiply", operands, {}).y];
    },
  },
  sigmoid: {
    ...forEachOf(imageShapes, (shape) => (b, dtype) => [
      b.add("sigmoid", "sigmoid", { x: image(b, dtype, "x", shape) }, {}).y,
    ]),
    "a gate behind a convolution, there and back, 32 channels": behindConvolution(32),
    "a gate behind a convolution, there and back, 5 channels": behindConvolution(5),
  },
  sigmoidBackward: forEachOf(imageShapes, (shape) => (b, dtype) => {
    const { first, second } = two(b, dtype, "y", "dy", shape);
    return [b.add("sigmoidBackward", "sigmoid.dx", { y: first, dy: second }, {}).dx];
  }),
  affine: {
    ...forEachOf(imageShapes, (shape) => (b, dtype) => [
      b.add("affine", "complement", { x: image(b, dtype, "x", shape) }, { scale: -1, shift: 1 }).y,
    ]),
    half: (b, dtype) => [
      b.add("affine", "half", { x: image(b, dtype, "x", [2, 16, 3, 5]) }, { scale: 0.5, shift: 0 }).y,
    ],
    "numbers that no f32 is": (b, dtype) => [
      b.add("affine", "affine", { x: b.input("x", dtype, [3, 7]) }, { scale: 1 / 3, shift: -0.1 }).y,
    ],
  },
  addBias: forEachOf(imageShapes, (shape) => (b, dtype) => {
    const operands = { x: image(b, dtype, "x", shape), bias: vector(b, dtype, "bias", shape[1]) };
    return [b.add("addBias", "biased", operands, {}).y];
  }),
  sumPerChannel: forEachOf(imageShapes, (shape) => (b, dtype) => [
    b.add("sumPerChannel", "bias.backward", { dy: image(b, dtype, "dy", shape) }, {}).dBias,
  ]),
};
