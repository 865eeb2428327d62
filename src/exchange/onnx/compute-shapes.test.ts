import { describe, expect, test } from "vitest";
import { type Computed, shapeOperations } from "./compute-shapes.ts";
import type { WholeNumbers } from "./tensor-elements.ts";

const list = (...values: readonly number[]): WholeNumbers => ({ dims: [values.length], values });
const run = (
  op: string,
  inputs: readonly (Computed | undefined)[],
  attributes: Record<string, readonly number[]> = {},
) => shapeOperations[op]?.(inputs, (name) => attributes[name] ?? null);
const end = 2 ** 63;

describe("shapeOperations", () => {
  const matrix: WholeNumbers = { dims: [3, 2], values: [1, 2, 3, 4, 5, 6] };
  test.each<[string, readonly (Computed | undefined)[], Record<string, readonly number[]>, Computed | undefined]>([
    ["Cast", [list(1, 2)], {}, list(1, 2)],
    ["Squeeze", [list(4)], {}, { dims: [], values: [4] }],
    ["Unsqueeze", [{ dims: [], values: [4] }, list(0)], {}, list(4)],
    ["Shape", [matrix], {}, list(3, 2)],
    ["Gather", [list(7, 8, 9), list(-1)], {}, list(9)],
    ["Gather", [list(7, 8, 9), list(3)], {}, undefined],
    ["Concat", [list(1), list(2, 3)], {}, list(1, 2, 3)],
    ["Concat", [list(1), null], {}, null],
    ["ConstantOfShape", [list(2)], { value: [5] }, list(5, 5)],
    ["ConstantOfShape", [list(1e9)], {}, undefined],
    ["Reshape", [list(1, 2, 3, 4), list(-1, 2)], {}, { dims: [2, 2], values: [1, 2, 3, 4] }],
    ["Reshape", [list(1, 2, 3), list(-1, 2)], {}, undefined],
    ["Transpose", [matrix], { perm: [1, 0] }, { dims: [2, 3], values: [1, 3, 5, 2, 4, 6] }],
    ["Slice", [matrix, list(-1), list(-end), list(0), list(-1)], {}, { dims: [3, 2], values: [5, 6, 3, 4, 1, 2] }],
    ["Slice", [list(1, 2, 3, 4), list(1), list(end)], {}, list(2, 3, 4)],
    ["Slice", [list(1, 2), list(0), list(2), list(1)], {}, undefined],
    ["Slice", [list(1, 2), list(0), list(2), list(0), list(0)], {}, list()],
    ["Mul", [list(3, 4), { dims: [], values: [2] }], {}, list(6, 8)],
    [
      "Sub",
      [
        { dims: [], values: [8] },
        { dims: [], values: [6] },
      ],
      {},
      { dims: [], values: [2] },
    ],
    ["Sub", [null, list(1)], {}, null],
  ])("%s computes what ONNX says: case %#", (op, inputs, attributes, expected) => {
    expect(run(op, inputs, attributes)).toEqual(expected);
  });

  test("compute the amounts of a Pad as PyTorch's exporter writes them: pairs from the last axis back, turned round", () => {
    const amounts = list(0, 0, 0, 0, 2, 3); // width, height, channels: before, after
    const all = run("Concat", [amounts, run("ConstantOfShape", [list(2)])]);
    const pairs = run("Reshape", [all, list(-1, 2)]);
    const turned = run("Transpose", [run("Slice", [pairs, list(-1), list(-end), list(0), list(-1)])], { perm: [1, 0] });
    expect(run("Reshape", [turned, list(-1)])).toEqual(list(0, 2, 0, 0, 0, 3, 0, 0));
  });
});
