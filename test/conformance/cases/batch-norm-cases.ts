// Batch normalisation. Backward takes the statistics of the forward pass, as every training graph does.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { ImageShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { type Case, type CaseTable, image, vector } from "./case.ts";

const shapes: Readonly<Record<string, ImageShape>> = {
  "16 channels": [2, 16, 8, 8],
  "64 channels, 7×7": [2, 64, 7, 7],
  "1 image": [1, 32, 5, 5],
  "20 channels, odd size": [3, 20, 5, 7],
  "3 channels": [2, 3, 9, 4],
  "1 channel": [4, 1, 6, 6],
  "1 pixel": [8, 16, 1, 1],
};

const casesOf = (make: (shape: ImageShape) => Case): Readonly<Record<string, Case>> =>
  Object.fromEntries(Object.entries(shapes).map(([title, shape]) => [title, make(shape)]));

const epsilon = 1e-5;

const train = (b: GraphBuilder, dtype: FloatDType, shape: ImageShape) => {
  const operands = {
    x: image(b, dtype, "x", shape),
    scale: vector(b, dtype, "scale", shape[1]),
    shift: vector(b, dtype, "shift", shape[1]),
  };
  return { ...operands, ...b.add("batchNormTrain", "bn", operands, { epsilon }) };
};

export const batchNormCases: CaseTable<"batchNormTrain" | "batchNormInference" | "batchNormBackward"> = {
  batchNormTrain: casesOf((shape) => (b, dtype) => {
    const { y, mean, variance } = train(b, dtype, shape);
    return [y, mean, variance];
  }),
  batchNormInference: casesOf((shape) => (b, dtype) => {
    const of = (name: string) => vector(b, dtype, name, shape[1]);
    const vectors = { scale: of("scale"), shift: of("shift"), mean: of("mean"), variance: of("variance") };
    return [b.add("batchNormInference", "bn", { x: image(b, dtype, "x", shape), ...vectors }, { epsilon }).y];
  }),
  batchNormBackward: casesOf((shape) => (b, dtype) => {
    const { x, scale, mean, variance } = train(b, dtype, shape);
    const operands = { x, dy: image(b, dtype, "dy", shape), scale, mean, variance };
    const { dx, dScale, dShift } = b.add("batchNormBackward", "bn.backward", operands, { epsilon });
    return [dx, dScale, dShift];
  }),
};
