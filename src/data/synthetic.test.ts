import { describe, expect, test } from "vitest";
import { syntheticSource } from "./synthetic.ts";

describe("syntheticSource({ images, shape, classes, seed })", () => {
  const options = { images: 30, shape: [3, 8, 10], classes: 4, seed: 9 } as const;
  const { pixels, labels } = syntheticSource(options);
  const image = (source: Uint8Array, i: number) => source.subarray(i * 240, (i + 1) * 240);
  const distance = (a: number, b: number) =>
    image(pixels, a).reduce((sum, value, e) => sum + Math.abs(value - image(pixels, b)[e]!), 0) / 240;

  test("gives every class its turn", () => {
    expect([...labels.subarray(0, 6)]).toEqual([0, 1, 2, 3, 0, 1]);
  });
  test("makes image i from the seed and i alone", () => {
    expect([...syntheticSource({ ...options, images: 5 }).pixels]).toEqual([...pixels.subarray(0, 5 * 240)]);
    expect([...syntheticSource({ ...options, seed: 8 }).pixels]).not.toEqual([...pixels]);
  });
  test("makes images of a class more alike than images of two classes, and no two the same", () => {
    expect(distance(0, 4)).toBeGreaterThan(0);
    expect(distance(0, 4)).toBeLessThan(distance(0, 1));
    expect(distance(1, 5)).toBeLessThan(distance(1, 2));
  });
  test("refuses sizes that are not counts", () => {
    expect(() => syntheticSource({ ...options, classes: 0 })).toThrow(
      "synthetic images: 30 images of 3×8×10 in 0 classes should all be whole numbers above 0",
    );
  });
});
