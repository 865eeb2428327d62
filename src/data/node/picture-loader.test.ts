// Picture files through the loaders: the same bytes whatever the workers, evaluation as predicting, broken images.
import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Augmentation, noAugmentation } from "../augmentation.ts";
import { usualColourJitter } from "../colour-jitter.ts";
import { paperLighting } from "../lighting.ts";
import { photographPreprocessing } from "../photographs.ts";
import type { BrokenImage } from "../prepare.ts";
import { prepareImage } from "../prepare-image.ts";
import { heScaleCrop, inceptionCrop } from "../random-crop.ts";
import { filesSource } from "../source.ts";
import { readImageFile } from "./image-file.ts";
import { inEveryFormat, jpeg, writeFiles } from "./image-folder.test.fixture.ts";
import { openEvaluationLoader, openTrainingLoader, type TrainingLoaderOptions } from "./loader.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

let images: Readonly<Record<string, Buffer>> = {};
beforeAll(async () => {
  images = { ...(await inEveryFormat()), "large.jpg": await jpeg(700, 500, 3), "tall.jpg": await jpeg(20, 300, 4) };
});

const preprocessing = photographPreprocessing([3, 24, 32]);
const augmentation: Augmentation = { ...noAugmentation, crop: inceptionCrop, flip: true };

/** The files as a source, of classes 0, 1, 2, 0, … */
const sourceOf = async (files: Readonly<Record<string, Uint8Array>> = images) => {
  const folder = await writeFiles(await temporaryDirectory(), files);
  const paths = Object.keys(files);
  return filesSource(
    folder,
    paths,
    paths.map((_, i) => i % 3),
  );
};

/** The first batches, as one hash each, with what was told of broken images. */
const firstBatches = async (
  count: number,
  options: Omit<TrainingLoaderOptions, "preprocessing" | "seed" | "batch"> & { seed?: number },
) => {
  const broken: BrokenImage[] = [];
  const loader = openTrainingLoader({
    preprocessing,
    seed: 5,
    batch: 5,
    ...options,
    onBroken: (one) => broken.push(one),
  });
  try {
    const hashes: string[] = [];
    for (let k = 0; k < count; k++) {
      const { epoch, step, indices, labels, images: pixels, release } = await loader.next();
      const hash = createHash("sha256").update(`${epoch} ${step} ${indices.join()} ${labels.data.join()}`);
      hash.update(new Uint8Array(pixels.data.buffer, pixels.data.byteOffset, pixels.data.byteLength));
      hashes.push(hash.digest("hex"));
      release();
    }
    return { hashes, broken };
  } finally {
    await loader.dispose();
  }
};

describe("openTrainingLoader(picture files)", { timeout: 240_000 }, () => {
  test.each([
    ["random resized crops", augmentation],
    ["crops of a random scale", { ...augmentation, crop: { ...heScaleCrop, shorterSide: [36, 60] } }],
    ["the middle, padded and flipped", { ...augmentation, crop: null, pad: 3 }],
    [
      "a policy, colour jitter and lighting",
      {
        ...augmentation,
        policy: { kind: "rand-augment", operations: 2, magnitude: 9, interpolation: "bilinear", fill: "mean" },
        colour: { ...usualColourJitter, hue: 0.1 },
        lighting: paperLighting,
      },
    ],
  ] as const)("gives the same bytes for any number of workers, started anywhere: %s", async (_, augmented) => {
    const source = await sourceOf();
    const inline = await firstBatches(6, { source, augmentation: augmented, workers: 0 });
    expect(new Set(inline.hashes).size).toBe(6);
    expect(await firstBatches(6, { source, augmentation: augmented, workers: 2 })).toEqual(inline);
    const later = await firstBatches(3, { source, augmentation: augmented, workers: 1, start: { epoch: 1, step: 1 } });
    expect(later.hashes).toEqual(inline.hashes.slice(3));
    const other = await firstBatches(6, { source, augmentation: augmented, workers: 0, seed: 6 });
    expect(other.hashes).not.toEqual(inline.hashes);
  });

  test("puts other images in the places of broken ones, the same for any number of workers, and tells of them", async () => {
    const files = { ...images, "broken.jpg": Buffer.from("no picture") };
    const source = await sourceOf(files);
    await rm(join(source.folder, "b.png"));
    const [gone, broken] = [source.paths.indexOf("b.png"), source.paths.indexOf("broken.jpg")];
    const inline = await firstBatches(12, { source, augmentation, workers: 0 });
    expect(await firstBatches(12, { source, augmentation, workers: 2 })).toEqual(inline);
    const problems = new Map(inline.broken.map(({ image, problem }) => [image, problem]));
    expect([...problems.keys()].sort((a, b) => a - b)).toEqual([gone, broken]);
    expect(problems.get(gone)).toBe("b.png: is not there");
    expect(problems.get(broken)).toMatch(
      /^broken\.jpg: is not a picture that can be read: PNG, JPEG, WebP, AVIF and GIF are \(.+\)$/,
    );
    const loader = openTrainingLoader({ source, preprocessing, augmentation, seed: 5, batch: 5, workers: 0 });
    for (let k = 0; k < 12; k++) {
      const { indices, labels, count, release } = await loader.next();
      expect(count).toBe(5);
      expect(indices).not.toContain(gone);
      expect(indices).not.toContain(broken);
      expect([...labels.data]).toEqual([...indices].map((image) => image % 3));
      release();
    }
    await loader.dispose();
  });

  test("stops where nothing can be read any more", async () => {
    const source = await sourceOf();
    await rm(source.folder, { recursive: true });
    const loader = openTrainingLoader({ source, preprocessing, augmentation, seed: 5, batch: 5, workers: 0 });
    await expect(loader.next()).rejects.toThrow(
      /^31 images in a row can't be decoded, the last: .+: is not there; are the data still there\?$/,
    );
    await loader.dispose();
  });
});

describe("openEvaluationLoader(picture files)", { timeout: 240_000 }, () => {
  test.each([
    ["channels'", {}],
    ["places'", { pixelMean: Array.from({ length: 3 * 24 * 32 }, (_, i) => (i % 101) / 101) }],
  ])("feeds what predicting feeds, bit for bit: %s means", async (_, means) => {
    const source = await sourceOf();
    const bgr = { ...preprocessing, ...means, channelOrder: "BGR" } as const;
    const loader = openEvaluationLoader({ source, preprocessing: bgr, batch: 16, workers: 1 });
    const batch = await loader.next();
    await loader.dispose();
    expect(batch?.count).toBe(12);
    for (const [i, path] of source.paths.entries()) {
      const predicted = prepareImage(await readImageFile(path, 3, source.folder), bgr);
      expect(batch?.images.data.slice(i * predicted.length, (i + 1) * predicted.length)).toEqual(predicted);
    }
  });

  test.each([0, 2])("leaves broken images out and tells of each, with %d workers", async (workers) => {
    const source = await sourceOf();
    await writeFile(join(source.folder, "c.webp"), "no picture");
    const onBroken = vi.fn();
    const loader = openEvaluationLoader({ source, preprocessing, batch: 5, workers, onBroken });
    const seen: number[] = [];
    for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
      expect(batch.count).toBe(batch.indices.length);
      expect([...batch.labels.data].slice(0, batch.count)).toEqual([...batch.indices].map((image) => image % 3));
      expect(batch.images.data.slice(batch.count * 3 * 24 * 32).every((value) => value === 0)).toBe(true);
      seen.push(...batch.indices);
      batch.release();
    }
    await loader.dispose();
    expect(seen).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(onBroken).toHaveBeenCalledTimes(1);
    expect(onBroken).toHaveBeenCalledWith({ image: 2, problem: expect.stringContaining("c.webp: is not a picture") });
  });
});
