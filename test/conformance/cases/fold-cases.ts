// Batch norm folded into filters, in the part `prepare`, as evaluation programs have it.
import type { FilterShape } from "../../../src/base/shape.ts";
import { type Case, type CaseTable, filter, forEachOf, vector } from "./case.ts";

const shapes: Readonly<Record<string, FilterShape>> = {
  "3×3, 16 to 16": [16, 16, 3, 3],
  "1×1, 64 to 20": [20, 64, 1, 1],
  "7×7, 3 to 64": [64, 3, 7, 7],
  "3×3, 8 groups of 4": [32, 4, 3, 3],
  "3×2, 5 to 7": [7, 5, 3, 2],
  "one number": [1, 1, 1, 1],
};

const folding =
  (shape: FilterShape, biased: boolean): Case =>
  (b, dtype) => {
    const of = (name: string) => vector(b, dtype, name, shape[0]);
    const vectors = { scale: of("scale"), shift: of("shift"), mean: of("mean"), variance: of("variance") };
    const operands = { weight: filter(b, dtype, "weight", shape), ...vectors, ...(biased && { bias: of("bias") }) };
    const { weight, bias } = b.add("foldBatchNorm", "folded", operands, { epsilon: 1e-5 });
    return [weight, bias];
  };

export const foldCases: CaseTable<"foldBatchNorm"> = {
  foldBatchNorm: {
    ...forEachOf(shapes, (shape) => folding(shape, false)),
    "a convolution that has a bias": folding([16, 8, 3, 3], true),
  },
};
