import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { recipe as recipeOf } from "../../train/parse-recipe.ts";
import { chooseRecipe } from "./choose-recipe.ts";
import type { SizeWords } from "./size-words.ts";

const fields = {
  name: "base",
  batch: 32,
  epochs: 12,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
} as const;
const base = recipeOf(fields);
const growing = recipeOf({
  ...fields,
  name: "growing",
  imageSize: {
    train: [
      { fromEpoch: 0, size: 128 },
      { fromEpoch: 10, size: 224 },
    ],
    test: { size: 288, shorterSide: 328, interpolation: "bicubic" },
  },
});
const recipes = new Map([base, growing].map((recipe) => [recipe.name, recipe]));
const sizesOf = async (recipe: string, words: SizeWords & { epochs?: number }) =>
  (await chooseRecipe({ recipe, ...words }, recipes, ".")).imageSize;

describe("chooseRecipe with --image-size and --test-size", () => {
  test("takes one size, and sizes by epoch", async () => {
    expect(await sizesOf("base", {})).toBeNull();
    expect(await sizesOf("base", { imageSize: "128" })).toEqual({ train: [{ fromEpoch: 0, size: 128 }], test: null });
    expect((await sizesOf("base", { imageSize: "128, 6:192,10:224" }))?.train).toEqual([
      { fromEpoch: 0, size: 128 },
      { fromEpoch: 6, size: 192 },
      { fromEpoch: 10, size: 224 },
    ]);
  });

  test("takes a test size, beside the recipe's training sizes or in place of its test size", async () => {
    const test = { size: 256, shorterSide: null, interpolation: null };
    expect((await sizesOf("base", { imageSize: "128", testSize: 256 }))?.test).toEqual(test);
    expect(await sizesOf("growing", { testSize: 256 })).toEqual({
      train: growing.imageSize?.train,
      test: { ...test, interpolation: "bicubic" },
    });
    expect((await sizesOf("growing", { imageSize: "96", epochs: 2 }))?.test).toEqual(growing.imageSize?.test);
  });

  test.each([
    [
      "base",
      { testSize: 224 },
      "--test-size 224 needs the size of training images, which the recipe base doesn't say; give --image-size as well",
    ],
    [
      "base",
      { imageSize: "128,192" },
      '--image-size should be a number of pixels, such as 128, or several by epoch, such as 128,6:192,10:224, but is "128,192"',
    ],
    [
      "base",
      { imageSize: "small" },
      '--image-size should be a number of pixels, such as 128, or several by epoch, such as 128,6:192,10:224, but is "small"',
    ],
    [
      "base",
      { imageSize: "2:128" },
      "base: imageSize.train[0].fromEpoch should be 0, for training begins with that size, but is 2",
    ],
    [
      "growing",
      { epochs: 10 },
      "growing: imageSize.train[1].fromEpoch is 10, but the recipe has 10 epochs: leave that size out, or train for at least 11 epochs",
    ],
  ])("refuses of %s %j", async (recipe, words, message) => {
    await expect(sizesOf(recipe, words)).rejects.toThrow(new UsageError(message));
  });
});
