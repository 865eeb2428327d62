import { expect, test } from "vitest";
import { filesSource, memorySource } from "../source.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";

test("fitPreprocessing(train) is the split's size, mean and deviation", async () => {
  const train = memorySource([1, 1, 2], Uint8Array.of(0, 255, 255, 0), [0, 1]);
  expect(await fitPreprocessing(train)).toEqual({ size: [1, 2], channels: 1, mean: [0.5], deviation: [0.5] });
});

test('fitPreprocessing(train, input, "pixel") has the mean of each pixel as well', async () => {
  const train = memorySource([1, 1, 2], Uint8Array.of(0, 255, 255, 255), [0, 1]);
  const { pixelMean, deviation } = await fitPreprocessing(train, null, "pixel");
  expect(pixelMean).toEqual([0.5, 1]);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(3) / 4, 12);
});

test("fitPreprocessing refuses the mean of each pixel of pictures in files", async () => {
  const train = filesSource("/pictures", ["a.jpg"], [0]);
  await expect(fitPreprocessing(train, [3, 32, 32], "pixel")).rejects.toThrow(
    'the mean of each pixel is known of images in memory that have one shape (IDX, CIFAR); for pictures in files set subtractedMean to "channel"',
  );
});
