import { expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import { allocateSlots, type Batch } from "../data/batch.ts";
import { runBatches } from "./run-batches.ts";

const preprocessing = { size: [2, 2], channels: 1, mean: [0], deviation: [1] } as const;
const [slot] = allocateSlots({ preprocessing, batch: 1, slots: 1 });

/** How many batches had been asked for when each of three was computed, and which images were taken. */
const asked = async (takesTurns: boolean) => {
  const [images, labels] = [slot!.images, slot!.labels];
  let count = 0;
  const next = async (): Promise<Batch | null> => {
    const step = count++;
    const place = { indices: Int32Array.of(step), count: 1, epoch: 0, step };
    return step === 3 ? null : { images, labels, ...place, broken: [], release: () => {} };
  };
  const [counts, taken]: [number[], number[]] = [[], []];
  const logitsOf = async () => {
    await null;
    counts.push(count);
    return tensor("f32", [1, 2], Float32Array.of(0, 1));
  };
  const openBatches = () => ({ takesTurns, next, dispose: async () => {} });
  await runBatches({ openBatches, logitsFor: async () => logitsOf, take: ({ indices }) => taken.push(...indices) });
  return { counts, taken };
};

test("the next batch is asked for while one is computed, but after it where the batches take turns with that", async () => {
  expect(await asked(false)).toEqual({ counts: [2, 3, 4], taken: [0, 1, 2] });
  expect(await asked(true)).toEqual({ counts: [1, 2, 3], taken: [0, 1, 2] });
});
