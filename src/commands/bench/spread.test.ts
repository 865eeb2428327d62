import { expect, test } from "vitest";
import { median, spreadOf } from "./spread.ts";

test("median(values) is the middle one, or the mean of the two in the middle, in any order", () => {
  expect(median([5, 1, 9])).toBe(5);
  expect(median([10, 1, 2, 4])).toBe(3);
  expect(median([])).toBeNaN();
});

test("spreadOf(values) has median, range and number, and needs one measurement", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, n: 3 });
  expect(() => spreadOf([])).toThrow("a spread is of at least one measurement");
});
