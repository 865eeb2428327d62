// What preprocessing the images of a training split ask for: in memory, small pictures of one size, photographs.
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { photographPreprocessing } from "../photographs.ts";
import { filesSource, memorySource } from "../source.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";
import { jpeg, writeFiles } from "./image-folder.test.fixture.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

/** A PNG of so many pixels of one row, by the bytes of its channels. */
const png = (width: number, channels: 1 | 3, bytes: readonly number[]): Promise<Buffer> =>
  sharp(Uint8Array.from(bytes), { raw: { width, height: 1, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();

const sourceOf = async (files: Record<string, Uint8Array | string>) => {
  const folder = await writeFiles(await temporaryDirectory(), files);
  const names = Object.keys(files);
  return filesSource(folder, names, new Int32Array(names.length));
};

describe("fitPreprocessing(train, input)", () => {
  test("is the size, mean and deviation of images in memory", async () => {
    const train = memorySource([1, 1, 2], Uint8Array.of(0, 255, 255, 0), [0, 1]);
    expect(await fitPreprocessing(train)).toEqual({ size: [1, 2], channels: 1, mean: [0.5], deviation: [0.5] });
  });

  test("is that of small pictures of one size as well; those that can't be read count in nothing", async () => {
    const grey = { "a.png": await png(2, 1, [0, 255]), "b.png": await png(2, 1, [255, 0]), "broken.png": "no picture" };
    const train = await sourceOf(grey);
    const own = { size: [1, 2], channels: 1, mean: [0.5], deviation: [0.5] };
    expect(await fitPreprocessing(train)).toEqual(own);
    expect(await fitPreprocessing(train, [1, 1, 2])).toEqual(own);
    const forColours = { size: [1, 2], channels: 3, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] };
    expect(await fitPreprocessing(train, [3, 1, 2])).toEqual(forColours);
    const mixed = await sourceOf({ ...grey, "c.png": await png(2, 3, [255, 0, 0, 255, 0, 0]) });
    const { channels, mean } = await fitPreprocessing(mixed);
    expect([channels, mean]).toEqual([3, [4 / 6, 2 / 6, 2 / 6]]);
  });

  test("is that of photographs where a network takes another size, or the pictures have several or are larger", async () => {
    const small = await sourceOf({ "a.png": await png(2, 3, [0, 0, 0, 9, 9, 9]) });
    expect(await fitPreprocessing(small, [3, 8, 8])).toEqual(photographPreprocessing([3, 8, 8]));
    const several = await sourceOf({ "a.jpg": await jpeg(20, 20, 1), "b.jpg": await jpeg(20, 21, 2) });
    expect(await fitPreprocessing(several, [3, 20, 20])).toEqual(photographPreprocessing([3, 20, 20]));
    const large = await sourceOf({ "a.jpg": await jpeg(65, 65, 1) });
    expect(await fitPreprocessing(large, [3, 65, 65])).toEqual(photographPreprocessing([3, 65, 65]));
    await expect(fitPreprocessing(large)).rejects.toThrow(
      new UsageError("pictures of several sizes need to know the network's input; give it"),
    );
  });
});

test('fitPreprocessing(train, input, "pixel") has the mean of each pixel as well', async () => {
  const train = memorySource([1, 1, 2], Uint8Array.of(0, 255, 255, 255), [0, 1]);
  const { pixelMean, deviation } = await fitPreprocessing(train, null, "pixel");
  expect(pixelMean).toEqual([0.5, 1]);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(3) / 4, 12);
});

test("fitPreprocessing refuses the mean of each pixel of pictures in files", async () => {
  const train = await sourceOf({ "a.jpg": await jpeg(70, 70, 1) });
  await expect(fitPreprocessing(train, [3, 70, 70], "pixel")).rejects.toThrow(
    'the mean of each pixel is known of images in memory that have one shape (IDX, CIFAR); for pictures in files set subtractedMean to "channel"',
  );
});
