import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { type ColourJitter, checkColourJitter, drawColourJitter, usualColourJitter } from "./colour-jitter.ts";

const images = 4000;
const drawnFor = (jitter: ColourJitter) =>
  Array.from({ length: images }, (_, image) =>
    drawColourJitter(jitter, randomStream(7, randomPurposes.colourJitter, 0, image)),
  );

describe("drawColourJitter(jitter, stream)", () => {
  test("draws factors and turns uniformly from torchvision's ranges, and every order equally often", () => {
    const all = drawnFor({ brightness: 0.4, contrast: 1.5, saturation: 0.2, hue: 0.1 });
    const ranges = { brightness: [0.6, 1.4], contrast: [0, 2.5], saturation: [0.8, 1.2], hue: [-0.1, 0.1] } as const;
    for (const [kind, [least, most]] of Object.entries(ranges)) {
      const values = all.flat().flatMap((operation) => {
        if (operation.kind !== kind) return [];
        return "factor" in operation ? [operation.factor] : "turn" in operation ? [operation.turn] : [];
      });
      expect(values).toHaveLength(images);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...values)).toBeLessThanOrEqual(most);
      // Mean and deviation of a uniform distribution: middle, range / √12; five deviations of the mean of so many.
      const mean = values.reduce((sum, value) => sum + value, 0) / images;
      expect(Math.abs(mean - (least + most) / 2)).toBeLessThan((5 * (most - least)) / Math.sqrt(12 * images));
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.99 * (most - least));
    }
    const orders = new Map<string, number>();
    for (const operations of all) {
      const order = operations.map(({ kind }) => kind).join();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    // χ² with 23 degrees of freedom: mean 23, deviation √46; five deviations above the mean.
    const even = images / 24;
    const chiSquare = [...orders.values()].reduce((sum, count) => sum + (count - even) ** 2 / even, 0);
    expect(chiSquare).toBeLessThan(23 + 5 * Math.sqrt(46));
  });

  test("leaves out what has no strength, and draws the others as before", () => {
    const [all, some] = [drawnFor({ ...usualColourJitter, hue: 0.1 }), drawnFor({ ...usualColourJitter, contrast: 0 })];
    for (const [i, operations] of some.entries()) {
      expect(operations).toEqual(all[i]!.filter(({ kind }) => kind === "brightness" || kind === "saturation"));
    }
  });
});

describe("checkColourJitter(jitter)", () => {
  test.each([
    [
      { ...usualColourJitter, contrast: -1 },
      "augmentation: colour.contrast -1 should be a number of at least 0 (usual: 0.4)",
    ],
    [
      { ...usualColourJitter, hue: 0.6 },
      "augmentation: colour.hue 0.6 should lie in 0 … 0.5, of the circle of colours",
    ],
    [
      { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
      "augmentation: colour changes nothing; give brightness, contrast, saturation or hue, or null",
    ],
  ])("refuses %j", (jitter, message) => {
    expect(() => checkColourJitter(jitter)).toThrow(message);
  });
});
