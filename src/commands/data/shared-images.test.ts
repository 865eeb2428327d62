import { describe, expect, test } from "vitest";
import type { DataSet } from "../../data/data-set.ts";
import { memorySource } from "../../data/source.ts";
import { syntheticSource } from "../../data/synthetic.ts";
import { sharedImages, sharedImagesSentences } from "./shared-images.ts";

const train = syntheticSource({ images: 50, shape: [1, 6, 6], classes: 3, seed: 1 });
const others = syntheticSource({ images: 20, shape: [1, 6, 6], classes: 3, seed: 2 });
/** The others, with training images 4 and 49 in the places 0 and 7. */
const held = memorySource(
  [1, 6, 6],
  Uint8Array.from(others.pixels, (value, i) => {
    const [image, pixel] = [Math.floor(i / 36), i % 36];
    return image === 0 ? train.pixels[4 * 36 + pixel]! : image === 7 ? train.pixels[49 * 36 + pixel]! : value;
  }),
  others.labels,
);

describe("sharedImages(train, held)", () => {
  test("gives each held-out image that is trained on, with its twin", () => {
    expect(sharedImages(train, held)).toEqual([
      [0, 4],
      [7, 49],
    ]);
    expect(sharedImages(train, others)).toEqual([]);
  });

  test("finds none among images of another shape", () => {
    expect(sharedImages(train, memorySource([1, 4, 9], held.pixels, held.labels))).toEqual([]);
  });
});

test("sharedImagesSentences(data) names the split, how many, and examples", () => {
  const data: DataSet = {
    name: "",
    classes: ["a", "b", "c"],
    train,
    test: held,
    validation: others,
    origin: "",
    files: [],
  };
  expect(sharedImagesSentences(data)).toEqual([
    "2 test images are training images as well, byte for byte (test image 0 = training image 4, test image 7 = training image 49); test accuracy is flattered by them",
  ]);
});
