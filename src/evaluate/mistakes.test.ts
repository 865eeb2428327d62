import { describe, expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import { softmax } from "./cross-entropy.ts";
import { mostConfidentlyWrong } from "./mistakes.ts";

// Image 0 is right; 1 and 3 are wrong and equally sure; 2 is wrong and surer; 4 has no answer; 5 is wrong and unsure.
const rows = [
  [9, 0, 0],
  [0, 3, 0],
  [0, 0, 8],
  [3, 0, 0],
  [Number.NaN, 9, 0],
  [0.2, 0.1, 0],
];
const logits = tensor("f32", [6, 3], Float32Array.from(rows.flat()));
const labels = Int32Array.of(0, 0, 1, 2, 2, 1);

describe("mostConfidentlyWrong(logits, labels, count)", () => {
  test("lists wrong answers, surest first, equal ones in the order of the images", () => {
    expect(mostConfidentlyWrong(logits, labels, 12).map(({ image }) => image)).toEqual([2, 1, 3, 5]);
  });

  test("takes no more than asked", () => {
    expect(mostConfidentlyWrong(logits, labels, 2).map(({ image }) => image)).toEqual([2, 1]);
    expect(mostConfidentlyWrong(logits, labels, 0)).toEqual([]);
  });

  test("says what was predicted, what it was, and both probabilities", () => {
    const p = softmax([0, 0, 8]);
    expect(mostConfidentlyWrong(logits, labels, 1)).toEqual([
      { image: 2, predicted: 2, actual: 1, predictedProbability: p[2], actualProbability: p[1] },
    ]);
  });

  test("leaves out images whose probabilities are not numbers", () => {
    const infinite = tensor("f32", [1, 2], Float32Array.of(Number.POSITIVE_INFINITY, 0));
    expect(mostConfidentlyWrong(infinite, Int32Array.of(1), 1)).toEqual([]);
  });
});
