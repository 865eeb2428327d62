import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import {
  type Augmentation,
  checkAugmentation,
  drawAugmentation,
  noAugmentation,
  paperErasing,
} from "./augmentation.ts";

const stream = (epoch: number, image: number) => randomStream(3, randomPurposes.augmentation, epoch, image);
const padAndFlip: Augmentation = { ...noAugmentation, pad: 4, flip: true };

describe("drawAugmentation(augmentation, height, width, stream)", () => {
  test("draws the 9 × 9 crops of 4 padded pixels and both mirrorings equally often", () => {
    const images = 20_000;
    const counts = new Map<string, number>();
    let flips = 0;
    for (let image = 0; image < images; image++) {
      const { shiftY, shiftX, flip } = drawAugmentation(padAndFlip, 32, 32, stream(0, image));
      counts.set(`${shiftY},${shiftX}`, (counts.get(`${shiftY},${shiftX}`) ?? 0) + 1);
      flips += flip ? 1 : 0;
    }
    expect(counts.size).toBe(81);
    // χ² with 80 degrees of freedom: mean 80, deviation √160 ≈ 12.6; five deviations above the mean.
    const expected = images / 81;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(80 + 5 * Math.sqrt(160));
    expect(Math.abs(flips / images - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / images));
  });

  test("draws anew in each epoch", () => {
    const drawn = Array.from({ length: 8 }, (_, epoch) => drawAugmentation(padAndFlip, 32, 32, stream(epoch, 5)));
    expect(new Set(drawn.map((draw) => JSON.stringify(draw))).size).toBeGreaterThan(4);
  });

  test("crops alike with and without flipping", () => {
    for (let image = 0; image < 50; image++) {
      const withFlip = drawAugmentation(padAndFlip, 32, 32, stream(1, image));
      const without = drawAugmentation({ ...padAndFlip, flip: false }, 32, 32, stream(1, image));
      expect(without).toEqual({ ...withFlip, flip: false });
    }
  });

  test("erases rectangles that lie inside the image and have the paper's areas, in half of the images", () => {
    const images = 4000;
    let erasedImages = 0;
    for (let image = 0; image < images; image++) {
      const { erased } = drawAugmentation({ ...padAndFlip, erase: paperErasing }, 28, 28, stream(0, image));
      if (erased === null) continue;
      erasedImages += 1;
      const { top, left, height, width } = erased;
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(top + height).toBeLessThanOrEqual(28);
      expect(left + width).toBeLessThanOrEqual(28);
      // Rounding a side moves it by at most ½, so the area by at most (h + w) / 2 + ¼.
      const slack = (height + width) / 2 + 0.25;
      expect(height * width).toBeGreaterThanOrEqual(0.02 * 784 - slack);
      expect(height * width).toBeLessThanOrEqual(0.4 * 784 + slack);
    }
    expect(Math.abs(erasedImages / images - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / images));
  });

  test("draws aspects uniformly as the paper, or their logarithms as torchvision", () => {
    const tall = (aspectDraw: "uniform" | "logarithmic") => {
      const erase = { ...paperErasing, probability: 1, areaFraction: [0.01, 0.02], aspectDraw } as const;
      const images = 2000;
      let count = 0;
      for (let image = 0; image < images; image++) {
        const { erased } = drawAugmentation({ ...padAndFlip, erase }, 400, 400, stream(0, image));
        if (erased !== null && erased.height > erased.width) count += 1;
      }
      return count / images;
    };
    // Of 0.3 … 3.33, (3.33 − 1) / 3.03 = 0.77 lie above 1, half of the logarithms; five deviations of 2000 draws, and rounded sides.
    expect(Math.abs(tall("uniform") - 0.77)).toBeLessThan(0.05 + 0.02);
    expect(Math.abs(tall("logarithmic") - 0.5)).toBeLessThan(0.056 + 0.02);
  });

  test("ends even where no rectangle fits", () => {
    const impossible = { ...paperErasing, probability: 1, areaFraction: [1, 1], aspect: [50, 50] } as const;
    expect(drawAugmentation({ ...padAndFlip, erase: impossible }, 8, 8, stream(0, 0)).erased).toBeNull();
  });

  test("stays within its bounds for any valid setting", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(),
        (height, width, image) => {
          const pad = Math.min(height, width) - 1;
          const drawn = drawAugmentation({ pad, flip: true, erase: paperErasing }, height, width, stream(0, image));
          expect(Math.abs(drawn.shiftY)).toBeLessThanOrEqual(pad);
          expect(Math.abs(drawn.shiftX)).toBeLessThanOrEqual(pad);
        },
      ),
    );
  });
});

describe("checkAugmentation(augmentation, shape)", () => {
  test.each([
    [
      { ...padAndFlip, pad: 28 },
      "augmentation: pad 28 should be a whole number from 0 to 27 for images of 28×28 (the paper's is 4 for 32×32)",
    ],
    [
      { ...padAndFlip, erase: { ...paperErasing, probability: 2 } },
      "augmentation: the probability of erasing is 2 but should lie in 0 … 1",
    ],
    [
      { ...padAndFlip, erase: { ...paperErasing, areaFraction: [0.5, 0.1] } },
      "augmentation: areaFraction [0.5, 0.1] of erasing should rise within 0 … 1 (the paper's is [0.02, 0.4])",
    ],
    [
      { ...padAndFlip, erase: { ...paperErasing, aspect: [0, 2] } },
      "augmentation: aspect [0, 2] of erasing should rise from above 0 (the paper's is [0.3, 3.33])",
    ],
  ] satisfies [Augmentation, string][])("refuses %j", (augmentation, message) => {
    expect(() => checkAugmentation(augmentation, [1, 28, 28])).toThrow(message);
  });
  test("accepts the paper's settings", () => {
    expect(() => checkAugmentation({ ...padAndFlip, erase: paperErasing }, [3, 32, 32])).not.toThrow();
  });
});
