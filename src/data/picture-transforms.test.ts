import { describe, expect, test } from "vitest";
import { noAugmentation } from "./augmentation.ts";
import { usualColourJitter } from "./colour-jitter.ts";
import { paperLighting } from "./lighting.ts";
import { changesPictures, createPictureTransform, lightingOf } from "./picture-transforms.ts";
import type { Policy } from "./policy.ts";
import type { Preprocessing } from "./preprocessing.ts";
import type { Picture } from "./resample.ts";

const bytes = Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => (i * 37 + (i >> 3) * 11) % 256);
const picture: Picture = { width: 12, height: 10, channels: 3, bytes };
const preprocessing: Preprocessing = { size: [10, 12], channels: 3, mean: [0.2, 0.4, 0.8], deviation: [1, 1, 1] };
const policy: Policy = { kind: "rand-augment", operations: 2, magnitude: 20, interpolation: "nearest", fill: "mean" };

describe("createPictureTransform(augmentation, preprocessing, seed)", () => {
  test("gives an image the same in the same epoch, and another in others", () => {
    const transform = createPictureTransform(
      { ...noAugmentation, policy, colour: usualColourJitter },
      preprocessing,
      5,
    );
    const again = createPictureTransform({ ...noAugmentation, policy, colour: usualColourJitter }, preprocessing, 5);
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 12; epoch++) {
      const transformed = transform(picture, epoch, 3);
      expect(again(picture, epoch, 3)).toEqual(transformed);
      seen.add(transformed.bytes.join());
    }
    expect(seen.size).toBe(12);
  });

  test("jitters alike with and without lighting and flips, which draw from streams of their own", () => {
    const [alone, beside] = [
      createPictureTransform({ ...noAugmentation, colour: usualColourJitter }, preprocessing, 5),
      createPictureTransform(
        { ...noAugmentation, colour: usualColourJitter, lighting: paperLighting, flip: true },
        preprocessing,
        5,
      ),
    ];
    expect(beside(picture, 2, 9)).toEqual(alone(picture, 2, 9));
  });

  test("fills with the mean in the order of pictures, red first, for networks that take blue first too", () => {
    const moving: Policy = { ...policy, operations: 40, magnitude: 30 };
    const corner = (order: "RGB" | "BGR") =>
      Array.from({ length: 40 }, (_, image) => {
        const { bytes: moved } = createPictureTransform(
          { ...noAugmentation, policy: { ...moving, operations: 1 } },
          { ...preprocessing, channelOrder: order },
          1,
        )(picture, 0, image);
        return [...moved.subarray(0, 3)].join();
      });
    expect(corner("RGB")).toContain("51,102,204");
    expect(corner("BGR")).toContain("204,102,51");
  });

  test("is the picture itself where nothing is to be done", () => {
    expect(changesPictures(noAugmentation)).toBe(false);
    expect(createPictureTransform(noAugmentation, preprocessing, 1)(picture, 0, 0)).toBe(picture);
  });
});

test("lightingOf gives the shift in the network's order", () => {
  const rgb = lightingOf(paperLighting, preprocessing, 1, 0, 4);
  const bgr = lightingOf(paperLighting, { ...preprocessing, channelOrder: "BGR" }, 1, 0, 4);
  expect(rgb).toHaveLength(3);
  expect(new Set(rgb).size).toBe(3);
  expect(bgr).toEqual(rgb.toReversed());
});
