// What the operations of update-ops.ts make of their operands.
import { ShapeError } from "../base/errors.ts";
import { alike, expectShape, type ShapeRule, value } from "./shape-checks.ts";
import type { UpdateOps } from "./update-ops.ts";

export const updateShapeRules: { readonly [K in keyof UpdateOps]: ShapeRule<K> } = {
  weightedSum: (name, operands, { coefficients }) => {
    const first = alike(name, operands);
    const [given, wanted] = [Object.keys(coefficients).join(", "), Object.keys(operands).join(", ")];
    if (given !== wanted) throw new Error(`${name}: coefficients for ${given}, but operands ${wanted}`);
    return { y: value(name, first, first.shape) };
  },
  descend: (name, { weight, direction, learningRate }) => {
    expectShape(name, "direction", direction, weight.shape);
    expectShape(name, "learningRate", learningRate, []);
    return { y: value(name, weight, weight.shape) };
  },
  adamDirection: (name, { mean, square, update }) => {
    expectShape(name, "square", square, mean.shape);
    expectShape(name, "update", update, []);
    return { y: value(name, mean, mean.shape) };
  },
  trustRatio: (name, { weight, direction }) => {
    expectShape(name, "direction", direction, weight.shape);
    return { y: value(name, weight, []) };
  },
  clipFactor: (name, { squaredNorm }) => {
    expectShape(name, "squaredNorm", squaredNorm, []);
    return { y: value(name, squaredNorm, []) };
  },
  scaleBy: (name, { x, factor }) => {
    expectShape(name, "factor", factor, []);
    return { y: value(name, x, x.shape) };
  },
  clamp: (name, { x }) => ({ y: value(name, x, x.shape) }),
  movingAverage: (name, { average, value: newest, decay }) => {
    expectShape(name, "value", newest, average.shape);
    expectShape(name, "decay", decay, []);
    return { y: value(name, average, average.shape) };
  },
  sumOfSquares: (name, operands) => {
    const first = Object.values(operands)[0];
    if (first === undefined) throw new ShapeError(name, "operands", "at least one", []);
    return { y: value(name, first, []) };
  },
};
