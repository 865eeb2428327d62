import { expect, test } from "vitest";
import { allocateSlots, type Batch } from "../data/batch.ts";
import { createBatchFeed } from "./batch-feed.ts";

const preprocessing = { size: [2, 2], channels: 1, mean: [0], deviation: [1] } as const;
const [slot] = allocateSlots({ preprocessing, batch: 1, slots: 1 });
const recipe = { mixing: null, seed: 0 };

const batchOf = (step: number): Batch => ({
  ...{ images: slot!.images, labels: slot!.labels, count: 1, indices: Int32Array.of(step), broken: [] },
  ...{ epoch: 0, step, release: () => {} },
});

/** What is asked of the loader while batches are computed, and afterwards. */
const asked = async (takesTurns: boolean): Promise<readonly number[]> => {
  let count = 0;
  const loader = { stepsPerEpoch: 3, takesTurns, next: async () => batchOf(count++) };
  const feed = createBatchFeed({ loader, perEpoch: 3, start: 0, remaining: 2, recipe });
  const counts: number[] = [];
  for (let step = 0; step < 2; step++) {
    const { indices } = await feed.take();
    expect([...indices]).toEqual([step]);
    counts.push(count);
    feed.prefetch();
    counts.push(count);
  }
  return counts;
};

test("the next batch is asked for while one is computed, but after it where the loader takes turns with the step", async () => {
  expect(await asked(false)).toEqual([1, 2, 2, 2]);
  expect(await asked(true)).toEqual([1, 1, 2, 2]);
});
