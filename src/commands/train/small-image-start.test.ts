import { describe, expect, test } from "vitest";
import type { DataSet } from "../../data/data-set.ts";
import type { PixelShape } from "../../data/source.ts";
import { syntheticSource } from "../../data/synthetic.ts";
import { recipe as recipeOf } from "../../train/parse-recipe.ts";
import { smallImageStart } from "./small-image-start.ts";

const first = recipeOf({
  name: "default",
  batch: 16,
  epochs: 2,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
  seed: 3,
});
const source = syntheticSource({ images: 4, shape: [1, 4, 4], classes: 2, seed: 1 });

/** What is chosen for images of a shape, in classes of these names. */
const startOf = (shape: PixelShape | null, classes: readonly string[]) => {
  const data: DataSet = { name: "", classes, train: source, test: source, validation: null, origin: "", files: [] };
  const start = smallImageStart(first, data, { shape, statistics: null, typicalSide: 32 });
  if (start === null) return null;
  const { recipe } = start;
  expect(recipe).toEqual({ ...first, augmentation: recipe.augmentation });
  return { pad: recipe.augmentation.pad, flip: recipe.augmentation.flip, said: start.say(null) };
};

describe("smallImageStart(first, data, survey)", () => {
  test("shifts and mirrors CIFAR's images as the paper does", () => {
    expect(startOf([3, 32, 32], ["airplane", "automobile"])).toEqual({
      pad: 4,
      flip: true,
      said: "by default  images of 32×32 are shifted by up to 4 pixels and mirrored, one in two; --recipe chooses otherwise",
    });
    expect(startOf([3, 64, 64], ["cat", "dog"])).toMatchObject({ pad: 8, flip: true });
  });

  test("shifts grey images by little, and mirrors clothes", () => {
    expect(startOf([1, 28, 28], ["T-shirt/top", "Trouser"])).toMatchObject({ pad: 1, flip: true });
  });

  test("does not mirror digits, which it says", () => {
    expect(startOf([1, 28, 28], ["0", "1"])).toEqual({
      pad: 1,
      flip: false,
      said: 'by default  images of 28×28 are shifted by up to 1 pixel but not mirrored, for that may change what an image of class "0" is; --recipe chooses otherwise',
    });
  });

  test.each([["b"], ["お"], ["seven"], ["17"], ["turn left"], ["keep_right"], ["Right"]])(
    "does not mirror images of the class %s",
    (name) => {
      expect(startOf([3, 32, 32], ["stop", name])).toMatchObject({ pad: 4, flip: false });
    },
  );

  test.each([["bright"], ["copyright"], ["cleft"], ["ox"], ["stone"]])("mirrors images of the class %s", (name) => {
    expect(startOf([3, 32, 32], [name, "stop"])).toMatchObject({ flip: true });
  });

  test("leaves images without room as they are, and has no part in photographs", () => {
    expect(startOf([1, 4, 4], ["0", "1"])).toMatchObject({
      pad: 0,
      flip: false,
      said: expect.stringContaining("images of 4×4 are not shifted and not mirrored"),
    });
    expect(startOf([1, 4, 4], ["cat", "dog"])?.said).toContain("are not shifted but mirrored, one in two");
    expect(startOf(null, ["cat", "dog"])).toBeNull();
    expect(startOf([3, 224, 224], ["cat", "dog"])).toBeNull();
  });
});
