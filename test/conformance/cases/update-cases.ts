// The optimiser's arithmetic: as plain nodes, and as updates of states, which engines may do in place.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { Shape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import type { CaseTable } from "./case.ts";

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

export const updateCases: CaseTable<"weightedSum" | "descend" | "sumOfSquares"> = {
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
