import { describe, expect, test } from "vitest";
import { photographPreprocessing } from "../data/photographs.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { countMacs } from "../spec/counts.ts";
import { resnet } from "../spec/named-networks.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { type RecipeFields, recipe } from "./parse-recipe.ts";
import type { ImageSize } from "./recipe.ts";
import {
  equalStepsLeft,
  isOneSize,
  largestStage,
  sizeStages,
  smallestStage,
  stageAt,
  testPreprocessing,
} from "./size-stages.ts";

const spec = resnet(18, { classes: 3 });
const own = photographPreprocessing([3, 224, 224]);
const crop = {
  kind: "random-resized",
  areaFraction: [0.08, 1],
  aspect: [0.75, 4 / 3],
  interpolation: "bilinear",
} as const;
const recipeOf = (imageSize: RecipeFields["imageSize"], augmentation: RecipeFields["augmentation"] = { crop }) =>
  recipe({
    name: "r",
    batch: 8,
    epochs: 10,
    optimizer: { kind: "sgd" },
    schedule: { kind: "constant", learningRate: 0.1 },
    augmentation,
    ...(imageSize !== undefined && { imageSize }),
  });
const growing = {
  train: [
    { fromEpoch: 0, size: 128 },
    { fromEpoch: 6, size: 256 },
    { fromEpoch: 8, size: 192 },
  ],
};
const stagesOf = (imageSize: RecipeFields["imageSize"]) => sizeStages(recipeOf(imageSize), spec, own);

describe("testPreprocessing(own, imageSize)", () => {
  const testAt = (test: ImageSize["test"], given: Preprocessing = own) =>
    testPreprocessing(given, { train: [{ fromEpoch: 0, size: 160 }], test });

  test("is the network's own without sizes", () => {
    expect(testPreprocessing(own, null)).toBe(own);
  });

  test("has the last training size where the recipe says none, and keeps the part of the picture that is cut", () => {
    const { size, fit } = testAt(null);
    expect(size).toEqual([160, 160]);
    expect(fit).toEqual({ kind: "crop", shorterSide: 183, interpolation: "bilinear" }); // 160 · 256 / 224 = 182.9
  });

  test("has the size, shorter side and interpolation that the recipe says", () => {
    expect(testAt({ size: 224, shorterSide: 235, interpolation: "bicubic" })).toEqual({
      ...own,
      size: [224, 224],
      fit: { kind: "crop", shorterSide: 235, interpolation: "bicubic" },
    });
  });

  test("stretches where the weights' own preprocessing does", () => {
    const { fit: _, ...stretching } = own;
    expect(testAt({ size: 96, shorterSide: null, interpolation: null }, stretching).fit).toBeUndefined();
    const bicubic = testAt({ size: 96, shorterSide: null, interpolation: "bicubic" }, stretching);
    expect(bicubic.fit).toEqual({ kind: "stretch", interpolation: "bicubic" });
  });

  test("refuses the mean of each pixel, which is of one size", () => {
    const given: Preprocessing = { size: [2, 2], channels: 1, mean: [0], deviation: [1], pixelMean: [0, 0, 0, 0] };
    expect(() => testAt(null, given)).toThrow(
      "preprocessing: the mean of each pixel is of images of 2×2 alone, not of 160×160; take the means of channels",
    );
  });
});

describe("sizeStages(recipe, spec, preprocessing)", () => {
  test("is one stage of the network's own size without sizes", () => {
    const stages = sizeStages(recipeOf(undefined), spec, own);
    expect(stages).toEqual([{ fromEpoch: 0, toEpoch: 10, spec, preprocessing: own, macs: countMacs(spec) }]);
    expect(isOneSize(stages)).toBe(true);
  });

  test("has the network and the preprocessing of each size, and the epochs in which it is trained", () => {
    const stages = stagesOf(growing);
    expect(stages.map(({ fromEpoch, toEpoch }) => [fromEpoch, toEpoch])).toEqual([
      [0, 6],
      [6, 8],
      [8, 10],
    ]);
    expect(stages.map((stage) => stage.spec.input)).toEqual([
      [3, 128, 128],
      [3, 256, 256],
      [3, 192, 192],
    ]);
    expect(stages.map(({ preprocessing }) => preprocessing.size[0])).toEqual([128, 256, 192]);
    expect([0, 5, 6, 7, 8, 9, 10].map((epoch) => stageAt(stages, epoch).spec.input[1])).toEqual([
      128, 128, 256, 256, 192, 192, 192,
    ]);
    expect([smallestStage(stages).fromEpoch, largestStage(stages).fromEpoch]).toEqual([0, 6]);
  });

  test("refuses sizes that the stem and the stages shrink to nothing, of training and of tests", () => {
    expect(() => stagesOf({ train: [...growing.train, { fromEpoch: 9, size: 4 }] })).toThrow(
      /^r: imageSize\.train\[3\]: input 4×4 is too small: .* below one pixel; give it at least \d+×\d+, or take a network for small images, as resnet20$/,
    );
    const sizes = { train: growing.train, test: { size: 4 } };
    const tested = testPreprocessing(own, recipeOf(sizes).imageSize);
    expect(() => sizeStages(recipeOf(sizes), spec, tested)).toThrow(/^r: imageSize\.test: input 4×4 is too small: /);
  });

  test("refuses crops of a random scale that are smaller than a size", () => {
    const scale = { kind: "random-scale", shorterSide: [160, 320], interpolation: "bilinear" } as const;
    expect(() => sizeStages(recipeOf(growing, { crop: scale }), spec, own)).toThrow(
      "augmentation: shorterSide [160, 320] of the crop should rise, in whole pixels, from at least 256 for crops of 256×256 (He et al.: [256, 480] for 224)",
    );
  });

  test("refuses networks whose parameters hang on the size", () => {
    const dense = parseSpec(
      {
        name: "mlp",
        input: [3, 8, 8],
        classes: 2,
        stem: null,
        stages: [{ blocks: 1, width: 4, stride: 1 }],
        block: "dense",
        shortcut: "B",
      },
      "mlp",
    );
    expect(() => sizeStages(recipeOf(growing), dense, own)).toThrow(
      "r: imageSize is for networks whose parameters take maps of any size, but the first layer of mlp takes the image as a list; leave imageSize out",
    );
  });
});

describe("equalStepsLeft(stages, present, at)", () => {
  test("counts steps of other sizes by their multiply-accumulates, and those of one size as they are", () => {
    const stages = stagesOf(growing);
    const [small, large, middle] = stages;
    if (small === undefined || large === undefined || middle === undefined) throw new Error("three stages");
    const at = { step: 25, stepsPerEpoch: 5 }; // one epoch of the small ones is left
    const left = 5 + 10 * (large.macs / small.macs) + 10 * (middle.macs / small.macs);
    expect(equalStepsLeft(stages, small, at)).toBeCloseTo(left, 9);
    expect(equalStepsLeft(stages, middle, { step: 48, stepsPerEpoch: 5 })).toBe(2);
    const whole = sizeStages(recipeOf(undefined), spec, own);
    expect(equalStepsLeft(whole, stageAt(whole, 0), at)).toBe(25);
  });
});
