import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import type { PictureOperation } from "./picture-operation.ts";
import { checkPolicy, drawPolicy, type Policy } from "./policy.ts";

const movement = { interpolation: "bilinear", fill: "black" } as const;
const trivial: Policy = { kind: "trivial-augment", ...movement };
const random: Policy = { kind: "rand-augment", operations: 2, magnitude: 9, ...movement };
const timm: Policy = {
  kind: "rand-augment-timm",
  operations: 2,
  magnitude: 6,
  deviation: 0.5,
  probability: 0.5,
  ...movement,
};
const images = 6000;
const drawnFor = (policy: Policy): readonly (readonly PictureOperation[])[] =>
  Array.from({ length: images }, (_, image) =>
    drawPolicy(policy, { width: 224, height: 224 }, [0, 0, 0], randomStream(3, randomPurposes.policy, 1, image)),
  );
const share = (count: number, of: number): number => count / of;
/** Five deviations of the share of n draws with probability p. */
const slack = (p: number, n: number): number => 5 * Math.sqrt((p * (1 - p)) / n);

describe("drawPolicy(policy, size, fill, stream)", () => {
  test("of TrivialAugment draws each of 14 operations equally often, one for each image", () => {
    const all = drawnFor(trivial);
    expect(all.every((operations) => operations.length <= 1)).toBe(true);
    const counts = new Map<string, number>();
    for (const [operation] of all)
      counts.set(operation?.kind ?? "identity", (counts.get(operation?.kind ?? "identity") ?? 0) + 1);
    expect(share(counts.get("affine") ?? 0, images)).toBeCloseTo(5 / 14, 1);
    counts.delete("affine");
    expect([...counts.keys()].sort()).toEqual([
      "autocontrast",
      "brightness",
      "contrast",
      "equalize",
      "identity",
      "posterize",
      "saturation",
      "sharpness",
      "solarize",
    ]);
    for (const count of counts.values()) {
      expect(Math.abs(share(count, images) - 1 / 14)).toBeLessThan(slack(1 / 14, images));
    }
  });

  test("of TrivialAugment draws every magnitude with both signs", () => {
    const factors = drawnFor(trivial)
      .flat()
      .flatMap((operation) => (operation.kind === "brightness" ? [operation.factor] : []));
    expect(new Set(factors).size).toBe(61); // 31 magnitudes with a sign, but one 0
    expect([Math.min(...factors), Math.max(...factors)]).toEqual([1 - Math.fround(0.99), 1 + Math.fround(0.99)]);
  });

  test("of RandAugment draws so many operations of one magnitude", () => {
    const all = drawnFor(random);
    expect(Math.max(...all.map((operations) => operations.length))).toBe(2);
    const factors = new Set(
      all.flat().flatMap((operation) => (operation.kind === "contrast" ? [operation.factor] : [])),
    );
    // 9 of 30 bins up to 0.9
    expect([...factors].sort().map((factor) => factor.toFixed(6))).toEqual(["0.730000", "1.270000"]);
  });

  test("of timm's RandAugment does half of what it draws, at levels around the magnitude", () => {
    const all = drawnFor(timm);
    const done = all.flat().length;
    expect(Math.abs(share(done, 2 * images) - 0.5)).toBeLessThan(slack(0.5, 2 * images));
    const levels = all
      .flat()
      .flatMap((operation) => (operation.kind === "brightness" ? [(10 * Math.abs(operation.factor - 1)) / 0.9] : []));
    const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
    expect(Math.abs(mean - 6)).toBeLessThan((5 * 0.5) / Math.sqrt(levels.length));
    expect(Math.min(...levels)).toBeGreaterThan(3);
    expect(Math.max(...levels)).toBeLessThan(9);
    expect(new Set(all.flat().map(({ kind }) => kind)).size).toBe(11);
  });
});

describe("checkPolicy(policy)", () => {
  test.each([
    [
      { ...random, operations: 0 },
      "augmentation: policy.operations 0 should be a whole number of at least 1 (usual: 2)",
    ],
    [{ ...random, magnitude: 31 }, "augmentation: policy.magnitude 31 should lie in 0 … 30 (torchvision: 9)"],
    [{ ...random, magnitude: 1.5 }, "augmentation: policy.magnitude 1.5 should be a whole number (torchvision: 9)"],
    [{ ...timm, magnitude: 11 }, "augmentation: policy.magnitude 11 should lie in 0 … 10 (Wightman et al.: 6 and 7)"],
    [{ ...timm, deviation: -1 }, "augmentation: policy.deviation -1 should be a number of at least 0 (usual: 0.5)"],
    [{ ...timm, probability: 2 }, "augmentation: policy.probability 2 should lie in 0 … 1 (usual: 0.5)"],
  ] satisfies [Policy, string][])("refuses %j", (policy, message) => {
    expect(() => checkPolicy(policy)).toThrow(message);
  });
  test("accepts the usual ones", () => {
    for (const policy of [trivial, random, timm]) expect(() => checkPolicy(policy)).not.toThrow();
  });
});
