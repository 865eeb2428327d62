import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noAugmentation, paperErasing } from "../augmentation.ts";
import { normalise, preprocessingOf } from "../preprocessing.ts";
import { readMemory } from "../reader.ts";
import { syntheticSource } from "../synthetic.ts";
import { openEvaluationLoader, openTrainingLoader, type TrainingLoaderOptions } from "./loader.ts";

const shape = [3, 9, 7] as const;
const source = syntheticSource({ images: 50, shape, classes: 5, seed: 1 });
const preprocessing = preprocessingOf(shape, { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.25] });
const augmentation = { ...noAugmentation, pad: 2, flip: true, erase: paperErasing };
const options = { source, preprocessing, augmentation, seed: 5, batch: 8 };

/** What the first batches are, as one hash each of position, indices, labels and pixels. */
const firstBatches = async (count: number, change: Partial<TrainingLoaderOptions> = {}): Promise<string[]> => {
  const loader = openTrainingLoader({ ...options, ...change });
  try {
    const hashes: string[] = [];
    for (let k = 0; k < count; k++) {
      const { epoch, step, indices, labels, images, release } = await loader.next();
      const hash = createHash("sha256").update(`${epoch} ${step}`);
      for (const { buffer, byteOffset, byteLength } of [indices, labels.data, images.data]) {
        hash.update(new Uint8Array(buffer, byteOffset, byteLength));
      }
      hashes.push(hash.digest("hex"));
      release();
    }
    return hashes;
  } finally {
    await loader.dispose();
  }
};

describe("openTrainingLoader(options)", () => {
  test("gives the same bytes for any number of workers and slots", async () => {
    const inline = await firstBatches(20, { workers: 0 });
    expect(new Set(inline).size).toBe(20);
    for (const workers of [1, 2, 3]) expect(await firstBatches(20, { workers })).toEqual(inline);
    expect(await firstBatches(20, { workers: 2, slots: 1 })).toEqual(inline);
    expect(await firstBatches(20, { workers: 0, slots: 4 })).toEqual(inline);
    expect(await firstBatches(20, { workers: 0, seed: 6 })).not.toEqual(inline);
  });

  test("started anywhere goes on as the unbroken one did", async () => {
    const unbroken = await firstBatches(24, { workers: 0 });
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.nat(2), async (done, workers) => {
        const start = { epoch: Math.floor(done / 6), step: done % 6 };
        expect(await firstBatches(24 - done, { workers, start })).toEqual(unbroken.slice(done));
      }),
      { numRuns: 6 },
    );
  });

  test("without augmentation gives the images of the permutation, normalised, in shared memory", async () => {
    const loader = openTrainingLoader({ ...options, augmentation: null, workers: 1 });
    expect([loader.stepsPerEpoch, loader.droppedPerEpoch]).toEqual([6, 2]);
    const seen = new Set<number>();
    for (let step = 0; step < 6; step++) {
      const batch = await loader.next();
      expect([batch.epoch, batch.step, batch.count, batch.images.shape]).toEqual([0, step, 8, [8, 3, 9, 7]]);
      expect(batch.images.data.buffer).toBeInstanceOf(SharedArrayBuffer);
      batch.indices.forEach((image, i) => {
        seen.add(image);
        const pixels = readMemory(source).pixels(image);
        if (pixels instanceof Promise) throw new Error("a source in memory answers at once");
        expect(batch.images.data.slice(i * 189, (i + 1) * 189)).toEqual(normalise(pixels, preprocessing));
        expect(batch.labels.data[i]).toBe(source.labels[image]);
      });
      batch.release();
    }
    expect(seen.size).toBe(48);
    expect((await loader.next()).epoch).toBe(1);
    await loader.dispose();
  });

  test("shares each step out over ranks", async () => {
    const indicesOf = async (rank: number, ranks: number) => {
      const loader = openTrainingLoader({ ...options, workers: 0, rank, ranks });
      const { indices, images } = await loader.next();
      await loader.dispose();
      expect(images.shape[0]).toBe(8 / ranks);
      return [...indices];
    };
    expect([...(await indicesOf(0, 2)), ...(await indicesOf(1, 2))]).toEqual(await indicesOf(0, 1));
  });

  test("names the worker, and what it was doing, when preparing a batch fails", async () => {
    // Labels for 50 images, but the reader of the worker gets pixels of 49.
    const lying = { ...source, pixels: source.pixels.subarray(189) };
    const loader = openTrainingLoader({ ...options, source: lying, workers: 1 });
    await expect(loader.next()).rejects.toThrow(
      "data worker 1 of 1 failed: source in memory: 50 images [3, 9, 7] take 9450 bytes but there are 9261",
    );
    await expect(loader.next()).rejects.toThrow("data worker 1 of 1 failed");
    await loader.dispose();
  });

  test("stops with the signal's reason", async () => {
    const controller = new AbortController();
    const loader = openTrainingLoader({ ...options, workers: 1, slots: 1, signal: controller.signal });
    await loader.next();
    const waiting = loader.next(); // the only slot is out
    controller.abort(new Error("Ctrl-C"));
    await expect(waiting).rejects.toThrow("Ctrl-C");
    await loader.dispose();
  });

  test.each([
    [{ batch: 51 }, "a batch of 51 is larger than the training split of 50 images; choose a batch of at most 50"],
    [{ workers: -1 }, "data workers -1 should be a whole number, 0 or more"],
    [{ slots: 0 }, "slots 0 should be a whole number, 1 or more"],
    [
      { start: { epoch: 0, step: -1 } },
      "a training starts at whole numbers of epoch and step, not at epoch 0, step -1",
    ],
    [{ augmentation: { ...augmentation, pad: 7 } }, "augmentation: pad 7 should be a whole number from 0 to 6"],
    [
      { preprocessing: { ...preprocessing, size: [8, 8] as const } },
      "an image is [3, 9, 7] but the network's preprocessing takes [3, 8, 8]; resize it first",
    ],
  ])("refuses %j before it starts a thread", (change, message) => {
    expect(() => openTrainingLoader({ ...options, ...change })).toThrow(message);
  });
});

describe("openEvaluationLoader(options)", () => {
  test.each([0, 1, 2])("shows each image exactly once, with %d workers", async (workers) => {
    const loader = openEvaluationLoader({ source, preprocessing, batch: 16, workers });
    const seen: number[] = [];
    let last = null;
    for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
      expect(batch.images.shape).toEqual([16, 3, 9, 7]);
      expect([...batch.labels.data.subarray(0, batch.count)]).toEqual([...batch.indices].map((i) => source.labels[i]));
      seen.push(...batch.indices);
      last = { count: batch.count, padding: batch.images.data.slice(2 * 189), labels: batch.labels.data.slice(2) };
      batch.release();
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(last?.count).toBe(2);
    expect(last?.padding.every((value) => value === 0)).toBe(true);
    expect(last?.labels.every((value) => value === 0)).toBe(true);
    expect(await loader.next()).toBeNull();
    await loader.dispose();
  });

  test("pads the only batch when it is larger than the source", async () => {
    const loader = openEvaluationLoader({ source, preprocessing, batch: 64, workers: 0 });
    expect((await loader.next())?.count).toBe(50);
    expect(await loader.next()).toBeNull();
    await loader.dispose();
  });
});
