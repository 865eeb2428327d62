// Chains of operations, which each engine fuses by its own rules. Every rule of an engine must find its chain in one of these.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { ImageShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import { type Case, type Cases, image, vector } from "./case.ts";
import { chainCases } from "./chain-cases.ts";

const epsilon = 1e-5;
const vectorsOf = (b: GraphBuilder, dtype: FloatDType, name: string, channels: number) => ({
  scale: vector(b, dtype, `${name}.scale`, channels),
  shift: vector(b, dtype, `${name}.shift`, channels),
});

/** y = relu(bn(x)) and its whole gradient. */
const normRelu =
  (shape: ImageShape): Case =>
  (b, dtype) => {
    const x = image(b, dtype, "x", shape);
    const vectors = vectorsOf(b, dtype, "bn", shape[1]);
    const bn = b.add("batchNormTrain", "bn", { x, ...vectors }, { epsilon });
    const { y } = b.add("relu", "relu", { x: bn.y }, {});
    const { dx } = b.add("reluBackward", "relu.dx", { y, dy: image(b, dtype, "dy", shape) }, {});
    const statistics = { mean: bn.mean, variance: bn.variance };
    const operands = { x, dy: { ...dx, shape }, scale: vectors.scale, ...statistics };
    const backward = b.add("batchNormBackward", "bn.backward", operands, { epsilon });
    return [y, bn.mean, bn.variance, backward.dx, backward.dScale, backward.dShift];
  };

/** The end of a block: y = relu(bn(x) + shortcut), and its gradients, which go two ways. */
const blockEnd =
  (shape: ImageShape): Case =>
  (b, dtype) => {
    const x = image(b, dtype, "x", shape);
    const shortcut = image(b, dtype, "shortcut", shape);
    const vectors = vectorsOf(b, dtype, "bn", shape[1]);
    const bn = b.add("batchNormTrain", "bn", { x, ...vectors }, { epsilon });
    const sum = b.add("add", "sum", { a: bn.y, b: shortcut }, {}).y;
    const { y } = b.add("relu", "relu", { x: sum }, {});
    const { dx: dSum } = b.add("reluBackward", "relu.dx", { y, dy: image(b, dtype, "dy", shape) }, {});
    const statistics = { mean: bn.mean, variance: bn.variance };
    const operands = { x, dy: { ...dSum, shape }, scale: vectors.scale, ...statistics };
    const backward = b.add("batchNormBackward", "bn.backward", operands, { epsilon });
    const more = image(b, dtype, "gradientFromElsewhere", shape);
    const dShortcut = b.add("add", "dShortcut", { a: dSum, b: more }, {}).y;
    return [y, backward.dx, backward.dScale, backward.dShift, dShortcut];
  };

export const fusedCases: Cases = {
  ...chainCases,
  "batch norm and relu, there and back, 16 channels": normRelu([2, 16, 8, 8]),
  "batch norm and relu, there and back, 20 channels, odd size": normRelu([3, 20, 5, 7]),
  "the end of a block, there and back, 64 channels": blockEnd([2, 64, 4, 4]),
  "the end of a block, there and back, 5 channels": blockEnd([2, 5, 3, 7]),
  "batch norm and relu in evaluation": (b, dtype) => {
    const of = (name: string) => vector(b, dtype, name, 16);
    const vectors = { scale: of("scale"), shift: of("shift"), mean: of("mean"), variance: of("variance") };
    const { y } = b.add(
      "batchNormInference",
      "bn",
      { x: image(b, dtype, "x", [2, 16, 6, 6]), ...vectors },
      { epsilon },
    );
    return [b.add("relu", "relu", { x: y }, {}).y];
  },
  "addition and relu, 20 channels": (b, dtype) => {
    const operands = { a: image(b, dtype, "a", [3, 20, 5, 7]), b: image(b, dtype, "b", [3, 20, 5, 7]) };
    return [b.add("relu", "relu", { x: b.add("add", "sum", operands, {}).y }, {}).y];
  },
  "a relu's gradient into a batch norm, without the forward relu": (b, dtype) => {
    const shape = [2, 16, 4, 5] as const;
    const x = image(b, dtype, "x", shape);
    const vectors = vectorsOf(b, dtype, "bn", 16);
    const { mean, variance } = b.add("batchNormTrain", "bn", { x, ...vectors }, { epsilon });
    const y = image(b, dtype, "y", shape);
    const { dx: dSum } = b.add("reluBackward", "relu.dx", { y, dy: image(b, dtype, "dy", shape) }, {});
    const operands = { x, dy: { ...dSum, shape }, scale: vectors.scale, mean, variance };
    const { dx, dScale, dShift } = b.add("batchNormBackward", "bn.backward", operands, { epsilon });
    return [dx, dScale, dShift];
  },
};
