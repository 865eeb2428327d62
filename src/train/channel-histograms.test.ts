import { expect, test } from "vitest";
import { ChannelHistograms } from "./channel-histograms.ts";

test("ChannelHistograms counts values above 0 by channel, in bins whose middles are within a sixteenth of them", () => {
  const histograms = new ChannelHistograms(2);
  histograms.add(Float32Array.of(0, 1, 3, 0.001, 0, 100), 3); // an image of channels 0, 1, 3 and 0.001, 0, 100
  histograms.add(Float32Array.of(1, 1, 1, 0, 0, 0), 3);
  const { elements, values, counts, variances } = histograms.counts();
  expect(elements).toBe(6);
  const found = (c: number) =>
    [...values.keys()].flatMap((bin) => {
      const count = counts[c * values.length + bin] ?? 0;
      return count > 0 ? [[values[bin] ?? 0, count] as const] : [];
    });
  const near = (bins: readonly (readonly [number, number])[], expected: readonly (readonly [number, number])[]) => {
    expect(bins.map(([, count]) => count)).toEqual(expected.map(([, count]) => count));
    for (const [i, [value]] of bins.entries())
      expect(Math.abs(value / (expected[i]?.[0] ?? 0) - 1)).toBeLessThan(1 / 16 + 1e-9);
  };
  near(found(0), [
    [1, 4],
    [3, 1],
  ]);
  near(found(1), [
    [0.001, 1],
    [100, 1],
  ]);
  // Of 0 1 3 1 1 1: mean 7/6, mean square 13/6.
  expect(variances[0]).toBeCloseTo(13 / 6 - (7 / 6) ** 2, 12);
});

test("ChannelHistograms counts what is too large for its bins in the last, and leaves out what is too small", () => {
  const histograms = new ChannelHistograms(1);
  histograms.add(Float32Array.of(1e30, 1e-30), 2);
  const { values, counts } = histograms.counts();
  expect(counts[values.length - 1]).toBe(1);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
});
