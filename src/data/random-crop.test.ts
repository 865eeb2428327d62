import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { checkRandomCrop, drawRandomCrop, heScaleCrop, inceptionCrop, type RandomCrop } from "./random-crop.ts";

const size = [224, 224] as const;
const draw = (crop: RandomCrop, width: number, height: number, image: number) =>
  drawRandomCrop(crop, { width, height }, size, randomStream(3, randomPurposes.crop, 0, image));

describe("drawRandomCrop(crop, picture, size, stream)", () => {
  test("takes parts of 8 % to all of the area, of proportions from 3/4 to 4/3, anywhere", () => {
    const images = 4000;
    const [fractions, edges] = [[] as number[], { left: 0, right: 0 }];
    for (let image = 0; image < images; image++) {
      const { part, resized, kept } = draw(inceptionCrop, 500, 375, image);
      expect([resized, kept]).toEqual([
        { width: 224, height: 224 },
        { left: 0, top: 0, width: 224, height: 224 },
      ]);
      // Rounding moves a side by at most ½.
      expect((part.width - 0.5) / (part.height + 0.5)).toBeLessThanOrEqual(4 / 3);
      expect((part.width + 0.5) / (part.height - 0.5)).toBeGreaterThanOrEqual(3 / 4);
      fractions.push((part.width * part.height) / (500 * 375));
      edges.left += part.left;
      edges.right += 500 - part.left - part.width;
    }
    expect(Math.min(...fractions)).toBeGreaterThan(0.079);
    expect(Math.max(...fractions)).toBeLessThanOrEqual(1);
    // torchvision 0.14's RandomResizedCrop.get_params on 500×375: mean 0.4348 with a deviation of 0.2159 (20,000 draws). As many pixels
    // are left out on the left as on the right: a difference is at most 500, so its mean over n deviates by at most 500 / √n.
    const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / images;
    expect(Math.abs(mean - 0.4348)).toBeLessThan(5 * 0.2159 * Math.sqrt(1 / images + 1 / 20_000));
    expect(Math.abs(edges.left - edges.right) / images).toBeLessThan((5 * 500) / Math.sqrt(images));
  });

  test("takes the middle where no part fits, as far as the proportions allow", () => {
    const whole = { ...inceptionCrop, areaFraction: [1, 1] } as const;
    expect(draw(whole, 1000, 100, 0).part).toEqual({ left: 433, top: 0, width: 133, height: 100 });
    expect(draw(whole, 100, 1000, 0).part).toEqual({ left: 0, top: 433, width: 100, height: 133 });
  });

  test("scales the shorter side to each length from 256 to 480, and crops anywhere", () => {
    const lengths = new Set<number>();
    for (let image = 0; image < 3000; image++) {
      const { part, resized, kept } = draw(heScaleCrop, 500, 375, image);
      expect(part).toEqual({ left: 0, top: 0, width: 500, height: 375 });
      lengths.add(resized.height);
      expect(resized.width).toBe(Math.floor((resized.height * 500) / 375));
      expect([kept.width, kept.height]).toEqual([224, 224]);
    }
    expect([lengths.size, Math.min(...lengths), Math.max(...lengths)]).toEqual([225, 256, 480]);
  });

  test("stays within the picture, whatever its size", () => {
    const sides = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(
        sides,
        sides,
        fc.nat(),
        fc.constantFrom<RandomCrop>(inceptionCrop, heScaleCrop),
        (w, h, image, crop) => {
          const { part, resized, kept } = draw(crop, w, h, image);
          for (const [inner, width, height] of [
            [part, w, h],
            [kept, resized.width, resized.height],
          ] as const) {
            expect(Math.min(inner.left, inner.top, inner.width - 1, inner.height - 1)).toBeGreaterThanOrEqual(0);
            expect(inner.left + inner.width).toBeLessThanOrEqual(width);
            expect(inner.top + inner.height).toBeLessThanOrEqual(height);
          }
        },
      ),
    );
  });
});

describe("checkRandomCrop(crop, size)", () => {
  test.each<[RandomCrop, string]>([
    [
      { ...inceptionCrop, areaFraction: [0, 1] },
      "augmentation: areaFraction [0, 1] of the crop should rise within 0 … 1 (Szegedy et al.: [0.08, 1])",
    ],
    [
      { ...inceptionCrop, aspect: [2, 1] },
      "augmentation: aspect [2, 1] of the crop should rise from above 0 (Szegedy et al.: [0.75, 1.33])",
    ],
    [
      { ...heScaleCrop, shorterSide: [200, 480] },
      "augmentation: shorterSide [200, 480] of the crop should rise, in whole pixels, from at least 224 for crops of 224×224 (He et al.: [256, 480] for 224)",
    ],
  ])("refuses %j", (crop, message) => {
    expect(() => checkRandomCrop(crop, size)).toThrow(message);
  });
});
