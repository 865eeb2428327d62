// The optimiser's arithmetic: as plain nodes, and as updates of states, which engines may do in place.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { Shape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import type { Value } from "../../../src/graph/value.ts";
import { type Case, type Cases, type CaseTable, forEachOf } from "./case.ts";

/** SGD with momentum and weight decay, as train/ has it: momentum ← 0.9 · momentum + gradient + decay · weight. */
const momentumStep = (b: GraphBuilder, dtype: FloatDType, shape: Shape) => {
  const weight = b.state("weight", dtype, shape);
  const momentum = b.state("momentum", dtype, shape);
  const gradient = b.input("gradient", dtype, shape);
  const learningRate = b.input("learningRate", dtype, []);
  b.part("update");
  const coefficients = { momentum: 0.9, gradient: 1, weight: 1e-4 };
  const direction = b.add("weightedSum", "momentum.next", { momentum, gradient, weight }, { coefficients }).y;
  const next = b.add("descend", "weight.next", { weight, direction, learningRate }, {}).y;
  b.update(momentum, direction);
  b.update(weight, next);
};

/** AdamW: two moving averages, the direction, and the decay of the weight itself. */
const adamStep = (b: GraphBuilder, dtype: FloatDType, shape: Shape) => {
  const weight = b.state("weight", dtype, shape);
  const [mean, square] = [b.state("mean", dtype, shape), b.state("square", dtype, shape)];
  const gradient = b.input("gradient", dtype, shape);
  const learningRate = b.input("learningRate", dtype, []);
  const update = b.input("updateNumber", dtype, []);
  b.part("update");
  const squared = b.add("multiply", "squared", { a: gradient, b: gradient }, {}).y;
  const nextMean = b.add(
    "weightedSum",
    "mean.next",
    { mean, gradient },
    { coefficients: { mean: 0.9, gradient: 0.1 } },
  ).y;
  const nextSquare = b.add(
    "weightedSum",
    "square.next",
    { square, squared },
    { coefficients: { square: 0.999, squared: 0.001 } },
  ).y;
  const params = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const adam = b.add("adamDirection", "adam", { mean: nextMean, square: nextSquare, update }, params).y;
  const direction = b.add("weightedSum", "direction", { adam, weight }, { coefficients: { adam: 1, weight: 0.01 } }).y;
  b.update(mean, nextMean);
  b.update(square, nextSquare);
  b.update(weight, b.add("descend", "weight.next", { weight, direction, learningRate }, {}).y);
};

const trustRatioOf =
  (shape: Shape, params: { coefficient: number; weightDecay: number; epsilon: number }): Case =>
  (b, dtype) => {
    const operands = { weight: b.input("weight", dtype, shape), direction: b.input("direction", dtype, shape) };
    return [b.add("trustRatio", "ratio", operands, params).y];
  };

/** One operation on x, of the shapes that parameters have. */
const elementwise = (node: (b: GraphBuilder, x: Value, dtype: FloatDType) => Value): Cases =>
  forEachOf<Shape>({ "a filter": [16, 5, 3, 3], "a bias of 10": [10] }, (shape) => (b, dtype) => [
    node(b, b.input("x", dtype, shape), dtype),
  ]);

export const updateCases: CaseTable<
  | "weightedSum"
  | "descend"
  | "adamDirection"
  | "trustRatio"
  | "clipFactor"
  | "scaleBy"
  | "clamp"
  | "movingAverage"
  | "sumOfSquares"
> = {
  adamDirection: {
    "a step of the weights of a convolution": (b, dtype) => {
      adamStep(b, dtype, [16, 3, 3, 3]);
      return [];
    },
    "a plain node": (b, dtype) => {
      const operands = {
        mean: b.input("mean", dtype, [10, 20]),
        square: b.input("square", dtype, [10, 20]),
        update: b.input("updateNumber", dtype, []),
      };
      return [b.add("adamDirection", "adam", operands, { beta1: 0.9, beta2: 0.999, epsilon: 1e-6 }).y];
    },
  },
  trustRatio: {
    "LARS, of a filter": trustRatioOf([16, 5, 3, 3], { coefficient: 1e-3, weightDecay: 1e-4, epsilon: 1e-8 }),
    "LAMB, of a matrix": trustRatioOf([10, 20], { coefficient: 1, weightDecay: 0, epsilon: 0 }),
  },
  clipFactor: {
    "a norm that is too large": (b, dtype) => [
      b.add("clipFactor", "factor", { squaredNorm: b.input("squaredNorm", dtype, []) }, { largest: 0.25 }).y,
    ],
    "a norm that is not": (b, dtype) => [
      b.add("clipFactor", "factor", { squaredNorm: b.input("squaredNorm", dtype, []) }, { largest: 10 }).y,
    ],
  },
  scaleBy: elementwise((b, x, dtype) => b.add("scaleBy", "scaled", { x, factor: b.input("factor", dtype, []) }, {}).y),
  clamp: elementwise((b, x) => b.add("clamp", "clamped", { x }, { largest: 0.7 }).y),
  movingAverage: {
    "of weights, kept in the state": (b, dtype) => {
      const average = b.state("average", dtype, [16, 5, 3, 3]);
      const value = b.input("value", dtype, [16, 5, 3, 3]);
      const decay = b.input("decay", dtype, []);
      b.part("update");
      b.update(average, b.add("movingAverage", "average.next", { average, value, decay }, {}).y);
      return [];
    },
    "a plain node": (b, dtype) => {
      const operands = {
        average: b.input("average", dtype, [7]),
        value: b.input("value", dtype, [7]),
        decay: b.input("decay", dtype, []),
      };
      return [b.add("movingAverage", "next", operands, {}).y];
    },
  },
  weightedSum: {
    "a running mean": (b, dtype) => {
      const running = b.state("running_mean", dtype, [20]);
      const batch = b.input("batch", dtype, [20]);
      b.part("update");
      const coefficients = { running: 0.9, batch: 0.1 };
      b.update(running, b.add("weightedSum", "running_mean.next", { running, batch }, { coefficients }).y);
      return [];
    },
    "three filters, one subtracted": (b, dtype) => {
      const [one, two, three] = ["one", "two", "three"].map((name) => b.input(name, dtype, [16, 5, 3, 3]));
      const coefficients = { one: 0.9, two: 1, three: -0.3 };
      return [b.add("weightedSum", "sum", { one: one!, two: two!, three: three! }, { coefficients }).y];
    },
    "one operand": (b, dtype) => [
      b.add("weightedSum", "sum", { x: b.input("x", dtype, [7]) }, { coefficients: { x: 0.5 } }).y,
    ],
  },
  descend: {
    "momentum, then the weights of a convolution": (b, dtype) => {
      momentumStep(b, dtype, [16, 3, 3, 3]);
      return [];
    },
    "momentum, then a bias of 10": (b, dtype) => {
      momentumStep(b, dtype, [10]);
      return [];
    },
    "a plain node": (b, dtype) => {
      const operands = {
        weight: b.input("weight", dtype, [10, 20]),
        direction: b.input("direction", dtype, [10, 20]),
        learningRate: b.input("learningRate", dtype, []),
      };
      return [b.add("descend", "next", operands, {}).y];
    },
  },
  sumOfSquares: {
    "several tensors": (b, dtype) => {
      const operands = {
        a: b.input("a", dtype, [16, 3, 3, 3]),
        b: b.input("b", dtype, [10]),
        c: b.input("c", dtype, []),
      };
      return [b.add("sumOfSquares", "norm", operands, {}).y];
    },
    "10,000 elements": (b, dtype) => [b.add("sumOfSquares", "norm", { x: b.input("x", dtype, [100, 100]) }, {}).y],
    "measured after the update": (b, dtype) => {
      momentumStep(b, dtype, [8, 4]);
      const weight = { name: "weight", dtype, shape: [8, 4] };
      b.part("measure");
      return [b.add("sumOfSquares", "norm", { weight }, {}).y];
    },
  },
};
