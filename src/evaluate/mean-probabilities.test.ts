import { describe, expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import { softmax } from "./cross-entropy.ts";
import { createEnsemble } from "./mean-probabilities.ts";

const row = (...values: readonly number[]) => tensor("f32", [1, values.length], Float32Array.from(values));
const mean = (...rows: readonly ReturnType<typeof row>[]) => {
  const ensemble = createEnsemble(1, 2);
  for (const each of rows) ensemble.add(each);
  return ensemble.mean().data;
};

describe("createEnsemble(images, classes)", () => {
  test("averages probabilities, not logits: the softmax of its answer is their mean", () => {
    const [a, b] = [softmax([3, 0]), softmax([0, 1])];
    const averaged = softmax(mean(row(3, 0), row(0, 1)));
    // The logarithm is stored in f32: its absolute error of 2⁻²⁵ is the probability's relative one.
    expect(Math.abs(averaged[0]! - (a[0]! + b[0]!) / 2)).toBeLessThan(2 ** -24);
  });

  test("rounds no probability to 0, however unlikely, and keeps what is impossible so", () => {
    expect(mean(row(0, -2000), row(0, -2000))[1]).toBe(-2000);
    expect(mean(row(0, Number.NEGATIVE_INFINITY))[1]).toBe(Number.NEGATIVE_INFINITY);
    expect(mean(row(0, Number.NEGATIVE_INFINITY), row(0, 0))[1]).toBeCloseTo(Math.log(0.25), 6);
  });

  test("gives no answer where one network has none", () => {
    expect(mean(row(0, Number.NaN), row(0, 1))[0]).toBeNaN();
  });

  test("refuses a network of other classes", () => {
    expect(() => createEnsemble(1, 3).add(row(0, 1))).toThrow(
      "an ensemble's networks answer the same images with the same classes, but one gives 1×3 logits and another 1×2",
    );
  });
});
