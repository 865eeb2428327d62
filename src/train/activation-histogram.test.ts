import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { ActivationHistogram, leastErrorRange } from "./activation-histogram.ts";

const histogramOf = (elements: ArrayLike<number>): ActivationHistogram => {
  const histogram = new ActivationHistogram();
  histogram.add(Float32Array.from(elements));
  return histogram;
};

/** Σ (value − what is left of it)² for symmetric levels. */
const errorOf = (elements: readonly number[], range: number, levels: number): number => {
  const step = range / levels;
  return elements.reduce((sum, x) => {
    const level = Math.min(levels, Math.round(Math.abs(x) / step));
    return sum + (Math.abs(x) - level * step) ** 2;
  }, 0);
};

describe("ActivationHistogram", () => {
  test("counts absolute values in bins of less than a hundredth of themselves", () => {
    const histogram = histogramOf([1, -1, 3, 0, 0.001, -0]);
    expect(histogram.bins().map(([, count]) => count)).toEqual([1, 2, 1]);
    for (const [i, value] of [0.001, 1, 3].entries()) {
      expect(Math.abs((histogram.bins()[i]?.[0] ?? 0) / value - 1)).toBeLessThan(0.01);
    }
    expect(histogram.largest()).toBeGreaterThanOrEqual(3);
    expect(histogram.largest()).toBeLessThan(3.03);
  });

  test("adds up over several arrays, views included", () => {
    const histogram = histogramOf([1, 2]);
    histogram.add(Float32Array.of(9, 1, 2, 9).subarray(1, 3));
    expect(histogram.bins().map(([, count]) => count)).toEqual([2, 2]);
  });

  test("knows of numbers that are not finite", () => {
    expect(histogramOf([1, 2]).hasNonFinite).toBe(false);
    expect(histogramOf([1, Number.NaN]).hasNonFinite).toBe(true);
    expect(histogramOf([Number.NEGATIVE_INFINITY]).hasNonFinite).toBe(true);
  });

  test("holds every number between nothing and its largest", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (numbers) => {
        const normal = numbers.filter((number) => Math.abs(number) >= 2 ** -126 && Math.abs(number) < 2 ** 127);
        const histogram = histogramOf(normal);
        const counted = histogram.bins().reduce((sum, [, count]) => sum + count, 0);
        expect(counted).toBe(normal.length);
        for (const number of normal) expect(Math.abs(number)).toBeLessThanOrEqual(histogram.largest());
      }),
    );
  });
});

describe("leastErrorRange(histogram, levels)", () => {
  test("keeps the largest value where all are alike, and cuts off one that is far from thousands", () => {
    const uniform = Array.from({ length: 4000 }, (_, i) => i / 4000);
    expect(leastErrorRange(histogramOf(uniform), 127)).toBeGreaterThan(0.98);
    const range = leastErrorRange(histogramOf([...uniform.flatMap((x) => new Array<number>(10).fill(x)), 8]), 15);
    expect(range).toBeLessThan(2);
    expect(range).toBeGreaterThan(0.9);
  });

  test("makes no more error than the largest value, or a percentile, does for normal numbers", () => {
    const { normal } = randomStream(1, randomPurposes.synthetic);
    const elements = Array.from({ length: 20_000 }, () => Math.fround(normal()));
    const sorted = elements.map(Math.abs).sort((a, b) => a - b);
    for (const levels of [7, 127, 255]) {
      const error = errorOf(elements, leastErrorRange(histogramOf(elements), levels), levels);
      for (const quantile of [0.9, 0.99, 0.999, 0.9999, 1]) {
        const other = sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
        // Within 5 %: the histogram takes the error of levels to be uniform.
        expect(error).toBeLessThan(1.05 * errorOf(elements, other, levels));
      }
    }
  });

  test("lies between a crowd and a number far beyond it, where calculus finds the least error", () => {
    // n numbers of ½ to 1, and 4: n·r² / (12·L²) + (4 − r)² is least at r = 4 / (1 + n / (12·L²)), which is 12/7 for n = 16·L².
    const levels = 15;
    const crowd = Array.from({ length: 16 * levels ** 2 }, (_, i) => 0.5 + i / (32 * levels ** 2));
    const range = leastErrorRange(histogramOf([...crowd, 4]), levels);
    expect(Math.abs(range / (12 / 7) - 1)).toBeLessThan(2 ** -6); // ends are 2⁻⁷ apart, and 4 is counted as its bin's middle
  });

  test("is 1 where there is nothing but zeros", () => {
    expect(leastErrorRange(histogramOf([0, 0]), 255)).toBe(1);
  });
});
