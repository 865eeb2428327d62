import { expect, test } from "vitest";
import { classBalance, countClasses, unbalancedSentence } from "./class-balance.ts";

test("unbalancedSentence(balance) gives the counts, the ratio and a remedy from ten to one on", () => {
  const labels = Int32Array.from({ length: 46 }, (_, i) => (i < 42 ? 0 : 1));
  expect(countClasses(labels, 3)).toEqual([42, 4, 0]);
  expect(unbalancedSentence(classBalance(labels, ["cats", "dogs"]))).toBe(
    "the classes are unbalanced: cats has 42 training images, dogs 4 (10.5 : 1); add images of the small ones, and look at the accuracy of each class, not at the mean alone",
  );
  expect(unbalancedSentence(classBalance(labels.subarray(3), ["cats", "dogs"]))).toBeNull();
});

test("classBalance(labels, classes) names the largest and the smallest class", () => {
  expect(classBalance(Int32Array.of(1, 1, 0, 2, 2, 2), ["a", "b", "c"])).toEqual({
    largest: { name: "c", images: 3 },
    smallest: { name: "a", images: 1 },
    ratio: 3,
    isUnbalanced: false,
  });
});
