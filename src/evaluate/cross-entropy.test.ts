import { describe, expect, test } from "vitest";
import { unitRoundoff } from "../base/dtype.ts";
import { tensor } from "../base/tensor.ts";
import { crossEntropies, softmax, softmaxRows } from "./cross-entropy.ts";

describe("softmax(row)", () => {
  test("gives probabilities in the ratio of the exponentials", () => {
    const p = softmax([Math.log(1), Math.log(2), Math.log(5)]);
    // One exponential, one sum of 3 terms and one division: a few roundings of f64.
    for (const [c, share] of [1, 2, 5].entries())
      expect(Math.abs(p[c]! - share / 8)).toBeLessThan(8 * unitRoundoff.f64);
  });

  test("does not overflow, and is the same for shifted logits", () => {
    expect(softmax([1000, 998])).toEqual(softmax([2, 0]));
    expect([...softmax([-1e300, 1e300])]).toEqual([0, 1]);
  });

  test("has no answer where a logit is not a number or +∞", () => {
    expect([...softmax([1, Number.NaN])]).toEqual([Number.NaN, Number.NaN]);
    expect(softmax([1, Number.POSITIVE_INFINITY])[1]).toBeNaN();
  });
});

describe("softmaxRows(logits)", () => {
  test("is the softmax of each row", () => {
    const logits = tensor("f32", [2, 3], Float32Array.of(0, 1, 2, 5, 5, -5));
    expect([...softmaxRows(logits)]).toEqual([...softmax([0, 1, 2]), ...softmax([5, 5, -5])]);
  });
});

describe("crossEntropies(logits, labels)", () => {
  test("is −log of the label's probability, one an image", () => {
    const logits = tensor("f64", [2, 3], Float64Array.of(0, 1, 2, 5, 5, -5));
    const losses = crossEntropies(logits, Int32Array.of(2, 0));
    expect(losses[0]).toBeCloseTo(-Math.log(softmax([0, 1, 2])[2]!), 14);
    expect(losses[1]).toBeCloseTo(-Math.log(softmax([5, 5, -5])[0]!), 14);
  });

  test("is log of the number of classes for equal logits", () => {
    expect(crossEntropies(tensor("f32", [1, 10], new Float32Array(10)), Int32Array.of(3))[0]).toBe(Math.log(10));
  });

  test("stays finite where the probability would be 0", () => {
    expect(crossEntropies(tensor("f64", [1, 2], Float64Array.of(0, 5000)), Int32Array.of(0))[0]).toBe(5000);
  });

  test("shows logits that are not numbers", () => {
    expect(crossEntropies(tensor("f64", [1, 2], Float64Array.of(Number.NaN, 0)), Int32Array.of(1))[0]).toBeNaN();
  });
});
