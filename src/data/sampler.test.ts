import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSampler, evaluationBatch } from "./sampler.ts";

const epochOf = (sampler: ReturnType<typeof createSampler>, epoch: number): number[] =>
  Array.from({ length: sampler.stepsPerEpoch }, (_, step) => [...sampler.trainingBatch(epoch, step)]).flat();

describe("createSampler({ seed, images, batch, rank, ranks })", () => {
  test("shows no image twice in an epoch and drops less than a batch", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        fc.nat(9),
        (images, wanted, epoch) => {
          const batch = Math.min(wanted, images);
          const sampler = createSampler({ seed: 1, images, batch });
          const seen = epochOf(sampler, epoch);
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen.every((image) => image >= 0 && image < images)).toBe(true);
          expect(images - seen.length).toBe(sampler.droppedPerEpoch);
          expect(sampler.droppedPerEpoch).toBeLessThan(batch);
        },
      ),
    );
  });
  test("gives the same images for the same (seed, epoch, step), in whatever order they are asked for", () => {
    const forward = createSampler({ seed: 4, images: 50, batch: 8 });
    const inOrder = [0, 1, 2].map((epoch) => epochOf(forward, epoch));
    const backward = createSampler({ seed: 4, images: 50, batch: 8 });
    expect([2, 1, 0].map((epoch) => epochOf(backward, epoch)).reverse()).toEqual(inOrder);
    expect(inOrder[0]).not.toEqual(inOrder[1]);
    expect(epochOf(createSampler({ seed: 5, images: 50, batch: 8 }), 0)).not.toEqual(inOrder[0]);
  });
  test("shares a step out over ranks without changing its images", () => {
    const whole = createSampler({ seed: 2, images: 100, batch: 12 });
    const ranks = [0, 1, 2].map((rank) => createSampler({ seed: 2, images: 100, batch: 12, rank, ranks: 3 }));
    for (let step = 0; step < whole.stepsPerEpoch; step++) {
      expect(ranks.flatMap((sampler) => [...sampler.trainingBatch(1, step)])).toEqual([
        ...whole.trainingBatch(1, step),
      ]);
    }
  });
  test.each([
    [
      { images: 10, batch: 11 },
      "a batch of 11 is larger than the training split of 10 images; choose a batch of at most 10",
    ],
    [{ images: 10, batch: 0 }, "batch 0 should be a whole number above 0"],
    [{ images: 10, batch: 2.5 }, "batch 2.5 should be a whole number above 0"],
    [{ images: 10, batch: 4, rank: 2, ranks: 2 }, "rank 2 should be a whole number from 0 to 1, of 2 ranks"],
    [
      { images: 10, batch: 5, rank: 0, ranks: 2 },
      "a batch of 5 can't be shared out over 2 ranks; choose a multiple, such as 6",
    ],
  ])("refuses %j", (options, message) => {
    expect(() => createSampler({ seed: 1, ...options })).toThrow(message);
  });
  test("refuses a step beyond the epoch", () => {
    expect(() => createSampler({ seed: 1, images: 10, batch: 4 }).trainingBatch(0, 2)).toThrow(
      "step 2 should be a whole number from 0 to 1",
    );
  });
});

describe("evaluationBatch(k, batch, images)", () => {
  test("covers every image exactly once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }), (images, batch) => {
        const batches = Array.from({ length: Math.ceil(images / batch) }, (_, k) => evaluationBatch(k, batch, images));
        expect(batches.flatMap((indices) => [...indices])).toEqual(Array.from({ length: images }, (_, i) => i));
        expect(batches.slice(0, -1).every((indices) => indices.length === batch)).toBe(true);
      }),
    );
  });
});
