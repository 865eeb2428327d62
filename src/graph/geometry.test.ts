import { describe, expect, test } from "vitest";
import { ShapeError } from "../base/errors.ts";
import { GraphBuilder } from "./builder.ts";
import { coveringPadding, padding, windowPositions } from "./geometry.ts";

describe("coveringPadding(size, kernel, stride)", () => {
  test("makes the number of windows round up", () => {
    // torch.nn.AvgPool2d(2, 2, ceil_mode=True) makes 4×3 of 7×6.
    const padding = coveringPadding([7, 6], [2, 2], [2, 2]);
    expect(padding).toEqual({ top: 0, left: 0, bottom: 1, right: 0 });
    expect(windowPositions([7, 6], [2, 2], { stride: [2, 2], padding })).toEqual([4, 3]);
  });
  test("adds nothing where windows end at the edge, or where the next would begin outside", () => {
    expect(coveringPadding([8, 9], [3, 3], [1, 2])).toEqual(padding(0));
    // Stride 3, window 2: rows 0–1, 3–4; the next would begin at row 6 of 6.
    expect(coveringPadding([6, 5], [2, 2], [3, 3])).toEqual(padding(0));
  });
  test("reaches over an image that is smaller than the window", () => {
    expect(coveringPadding([1, 1], [2, 2], [2, 2])).toEqual({ top: 0, left: 0, bottom: 1, right: 1 });
  });
});

describe("averagePool", () => {
  test("refuses windows that could lie in the padding altogether", () => {
    const builder = new GraphBuilder();
    const x = builder.input("x", "f32", [1, 3, 8, 8]);
    const params = { kernel: [2, 2], stride: [2, 2], padding: padding(2), countPadding: false } as const;
    const add = () => builder.add("averagePool", "pool", { x }, params);
    expect(add).toThrow(ShapeError);
    expect(add).toThrow(
      "pool: x should be padded by less than the window's 2×2 pixels (not by 2 above, 2 left, 2 below, 2 right) but is [1, 3, 8, 8]",
    );
  });
});

describe("GraphBuilder.add", () => {
  test("keeps the shape's type through what works element by element", () => {
    const builder = new GraphBuilder();
    const x = builder.input("x", "f32", [2, 3, 4, 4]);
    const gate = builder.add("sigmoid", "gate", { x }, {}).y;
    const gated = builder.add("multiply", "gated", { a: x, b: gate }, {}).y;
    const half = builder.add("affine", "half", { x: gated }, { scale: 0.5, shift: 0 }).y;
    // Compiles only because `half` is known to be an image.
    const pooled = builder.add("globalAveragePool", "pool", { x: half }, {}).y;
    expect(pooled.shape).toEqual([2, 3]);
  });
});
