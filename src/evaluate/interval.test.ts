import { describe, expect, test } from "vitest";
import { accuracyOf, meanLoss, wilsonInterval } from "./interval.ts";

describe("wilsonInterval(successes, n)", () => {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("gives Newcombe's interval for %i of %i", (successes, n, low, high) => {
    const interval = wilsonInterval(successes, n);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  test("is the mirror image for failures, and stays inside 0 … 1", () => {
    expect(wilsonInterval(20, 20)[1]).toBe(1);
    expect(wilsonInterval(20, 20)[0]).toBeCloseTo(1 - wilsonInterval(0, 20)[1], 12);
  });

  test("refuses no images and impossible counts", () => {
    for (const [successes, n] of [
      [0, 0],
      [3, 2],
      [-1, 2],
      [Number.NaN, 2],
    ] as const) {
      expect(() => wilsonInterval(successes, n)).toThrow(
        `an interval takes 0 … n successes of n > 0 images but was given ${successes} of ${n}`,
      );
    }
  });
});

describe("accuracyOf(correct, n)", () => {
  test("carries unit, n and interval", () => {
    const accuracy = accuracyOf(9205, 10_000);
    expect(accuracy).toMatchObject({ value: 0.9205, unit: "fraction", n: 10_000 });
    // The ends solve (p − π)² = z²·π(1 − π)/n, which is how Wilson found them.
    for (const end of accuracy.interval) {
      expect((0.9205 - end) ** 2 / ((end * (1 - end)) / 10_000)).toBeCloseTo(1.959964 ** 2, 5);
    }
    expect(accuracy.interval[0]).toBeLessThan(0.9205);
    expect(accuracy.interval[1]).toBeGreaterThan(0.9205);
  });
});

describe("meanLoss(losses)", () => {
  test("is the mean with ± 1.96 standard errors", () => {
    const { value, unit, n, interval } = meanLoss([1, 2, 3, 4]);
    expect({ value, unit, n }).toEqual({ value: 2.5, unit: "nats", n: 4 });
    const standardError = Math.sqrt(5 / 3 / 4);
    expect((interval[1] - interval[0]) / 2 / standardError).toBeCloseTo(1.96, 4);
  });

  test("has an infinite interval for one image, and none for no image", () => {
    expect(meanLoss([2]).interval).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(() => meanLoss([])).toThrow("a mean loss takes at least one image but was given 0");
  });

  test("does not hide a loss that is not a number", () => {
    expect(meanLoss([1, Number.NaN]).value).toBeNaN();
  });
});
