import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { checkLighting, drawLighting, paperLighting } from "./lighting.ts";

describe("drawLighting(lighting, stream)", () => {
  test("shifts colours along the components with the paper's deviation", () => {
    const images = 4000;
    let [greySum, greySquares] = [0, 0];
    for (let image = 0; image < images; image++) {
      const [red, green, blue] = drawLighting(paperLighting, randomStream(1, randomPurposes.lighting, 0, image));
      // Along the first eigenvector: α · 0.2175, with α of deviation 0.1 (the vectors are orthonormal to their 4 digits).
      const along = -0.5675 * red - 0.5808 * green - 0.5836 * blue;
      greySum += along;
      greySquares += along ** 2;
    }
    const deviation = 0.02175;
    expect(Math.abs(greySum / images)).toBeLessThan((5 * deviation) / Math.sqrt(images));
    // The variance of n normal squares has a relative deviation of √(2 / n); the vectors' digits leave 1e-3.
    expect(Math.abs(greySquares / images / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / images) + 1e-3);
  });
});

describe("checkLighting(lighting, channels)", () => {
  test("refuses deviations that are none, and grey images", () => {
    expect(() => checkLighting({ deviation: 0 }, 3)).toThrow(
      "augmentation: lighting.deviation 0 should be a number above 0 (Krizhevsky et al.: 0.1)",
    );
    expect(() => checkLighting(paperLighting, 1)).toThrow(
      "augmentation: lighting moves along colours but the images have 1 channel; leave it out",
    );
    expect(() => checkLighting(paperLighting, 3)).not.toThrow();
  });
});
