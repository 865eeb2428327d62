import { describe, expect, test } from "vitest";
import { checkPreprocessing, normalise, preprocessingOf } from "./preprocessing.ts";

const preprocessing = preprocessingOf([2, 1, 2], { mean: [0.5, 0.2], deviation: [0.25, 0] });

describe("preprocessingOf(shape, statistics)", () => {
  test("doesn't divide a constant channel by 0", () => {
    expect(preprocessing).toEqual({ size: [1, 2], channels: 2, mean: [0.5, 0.2], deviation: [0.25, 1] });
  });
});

describe("normalise(pixels, preprocessing)", () => {
  test("is (pixel / 255 − mean) / deviation by channel, rounded to f32", () => {
    const bytes = Uint8Array.of(9, 0, 255, 51, 102);
    const y = normalise({ bytes, offset: 1, shape: [2, 1, 2] }, preprocessing);
    expect([...y]).toEqual([-2, 2, 0, Math.fround(0.4 - 0.2)]);
  });
  test("subtracts the mean of each place where there is one", () => {
    const centred = { ...preprocessing, deviation: [0.5, 1], pixelMean: [0, 0.5, 0.25, 0.125] };
    const bytes = Uint8Array.of(0, 255, 0, 255);
    expect([...normalise({ bytes, offset: 0, shape: [2, 1, 2] }, centred)]).toEqual([0, 1, -0.25, 0.875]);
  });
  test("refuses an image of another size", () => {
    expect(() => normalise({ bytes: new Uint8Array(8), offset: 0, shape: [2, 2, 2] }, preprocessing)).toThrow(
      "an image is [2, 2, 2] but the network's preprocessing takes [2, 1, 2]; resize it first",
    );
  });
});

describe("checkPreprocessing(preprocessing)", () => {
  test.each([
    [{ size: [0, 2] as const }, "preprocessing: size [0, 2] and channels 2 should be whole numbers above 0"],
    [{ channelOrder: "BGR" as const }, "preprocessing: the channel order BGR takes 3 channels but there are 2"],
    [
      { fit: { kind: "crop", shorterSide: 0, interpolation: "bilinear" } as const },
      "preprocessing: fit.shorterSide 0 should be a whole number of at least 1",
    ],
    [
      { pixelMean: [0, 1, 2] },
      "preprocessing: pixelMean should have 4 finite numbers, one for each of [2, 1, 2], but has 3",
    ],
    [{ mean: [0] }, "preprocessing: 2 channels need as many means and deviations but there are 1 and 2"],
    [{ deviation: [1, 0] }, "preprocessing: means [0.5, 0.2] should be finite and deviations [1, 0] above 0"],
    [{ mean: [Number.NaN, 0] }, "preprocessing: means [NaN, 0] should be finite and deviations [0.25, 1] above 0"],
  ])("refuses %j", (change, message) => {
    expect(() => checkPreprocessing({ ...preprocessing, ...change })).toThrow(message);
  });
});
