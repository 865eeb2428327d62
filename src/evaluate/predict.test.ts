import { describe, expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import { predictions } from "./predict.ts";

const logits = tensor("f32", [3, 3], Float32Array.from([0, Math.log(3), 0, 1, 1, 1, Number.NaN, 0, 0]));

describe("predictions(logits, labels, k)", () => {
  test("ranks the classes by probability, equal ones by index, with their names", () => {
    const [first, second] = predictions(logits, ["cat", "dog", "owl"], 2);
    expect(first?.map(({ index, label }) => [index, label])).toEqual([
      [1, "dog"],
      [0, "cat"],
    ]);
    expect(first?.map(({ probability }) => probability)).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.2, 6)]);
    expect(second?.map(({ index }) => index)).toEqual([0, 1]);
  });

  test("gives all classes where there are fewer than k, and none for an image whose logits hold NaN", () => {
    const all = predictions(logits, ["cat", "dog", "owl"], 5);
    expect(all.map(({ length }) => length)).toEqual([3, 3, 0]);
  });

  test("refuses names of another network", () => {
    expect(() => predictions(logits, ["cat", "dog"], 1)).toThrow(
      "the network tells 3 classes apart but there are 2 class names; use the names kept with its weights",
    );
  });
});
