import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { histogramStatistics, pixelStatistics } from "./pixel-statistics.ts";
import { readMemory } from "./reader.ts";
import { memorySource } from "./source.ts";

describe("pixelStatistics(reader)", () => {
  test("is the mean and the deviation (by n) of each channel of pixel / 255", async () => {
    // Two images of two channels of two pixels: channel 0 has 0, 255, 0, 255 and channel 1 has 51 everywhere.
    const source = memorySource([2, 1, 2], Uint8Array.of(0, 255, 51, 51, 0, 255, 51, 51), [0, 0]);
    expect(pixelStatistics(readMemory(source))).toEqual({ mean: [0.5, 0.2], deviation: [0.5, 0] });
  });
  test("agrees with the two-pass formula in f64", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (pixels) => {
        const source = memorySource([1, 1, 1], pixels, new Uint8Array(pixels.length));
        const { mean, deviation } = pixelStatistics(readMemory(source));
        const expectedMean = pixels.reduce((sum, v) => sum + v / 255, 0) / pixels.length;
        const variance = pixels.reduce((sum, v) => sum + (v / 255 - expectedMean) ** 2, 0) / pixels.length;
        // Sums of n ≤ 300 terms of at most 1 in f64: error at most n·2⁻⁵³ for the mean. Where the deviation is 0 the error of
        // its square, n·2⁻⁵², shows as a square root.
        const bound = 300 * 2 ** -53;
        expect(Math.abs(mean[0]! - expectedMean)).toBeLessThan(bound);
        expect(Math.abs(deviation[0]! ** 2 - variance)).toBeLessThan(4 * bound);
      }),
    );
  });
});

describe("histogramStatistics(histogram)", () => {
  test("loses nothing where sums of squares exceed 2⁵³", () => {
    // 2⁴⁰ pixels of 254 and as many of 255: mean 254.5 / 255, deviation 0.5 / 255.
    const histogram = new Float64Array(256);
    histogram[254] = histogram[255] = 2 ** 40;
    expect(histogramStatistics(histogram)).toEqual({ mean: 254.5 / 255, deviation: 0.5 / 255 });
  });
});
