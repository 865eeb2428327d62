import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stratifiedSplit } from "./stratified-split.ts";

const labelsAndCount = fc
  .array(fc.nat(4), { minLength: 2, maxLength: 200 })
  .chain((labels) => fc.tuple(fc.constant(Int32Array.from(labels)), fc.integer({ min: 1, max: labels.length - 1 })));

describe("stratifiedSplit(labels, count, seed)", () => {
  test("puts every image in exactly one part, `count` of them held out", () => {
    fc.assert(
      fc.property(labelsAndCount, fc.nat(), ([labels, count], seed) => {
        const { kept, heldOut } = stratifiedSplit(labels, count, seed);
        expect(heldOut.length).toBe(count);
        expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual([...labels.keys()]);
      }),
    );
  });
  test("holds out of each class its proportion, within one image", () => {
    fc.assert(
      fc.property(labelsAndCount, fc.nat(), ([labels, count], seed) => {
        const { heldOut } = stratifiedSplit(labels, count, seed);
        for (let label = 0; label <= 4; label++) {
          const size = labels.filter((other) => other === label).length;
          const held = heldOut.filter((image) => labels[image] === label).length;
          expect(Math.abs(held - (size * count) / labels.length)).toBeLessThan(1);
        }
      }),
    );
  });
  test("depends on the seed alone", () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => i % 3);
    expect(stratifiedSplit(labels, 30, 1)).toEqual(stratifiedSplit(labels, 30, 1));
    expect(stratifiedSplit(labels, 30, 1)).not.toEqual(stratifiedSplit(labels, 30, 2));
  });
  test.each([0, 3, 1.5, -1])("refuses to hold out %d of 3", (count) => {
    expect(() => stratifiedSplit(Int32Array.of(0, 1, 1), count, 1)).toThrow(
      `can't hold ${count} of 3 training images out for validation; choose a whole number from 0 to 2`,
    );
  });
});
