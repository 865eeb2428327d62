// Training batches in the groups that updates take, one prepared and mixed ahead. Where batches of an epoch fill no update they are passed over:
// an epoch begins with an update.
import type { TrainingLoader } from "../data/node/loader.ts";
import { type MixedBatch, mixBatch } from "./mix-batch.ts";
import type { Recipe } from "./recipe.ts";

export interface BatchFeed {
  /** The next batch; the one after it is asked for by `prefetch`. */
  take(): Promise<MixedBatch>;
  /** Has the next batch prepared while the caller does something else, unless that needs the cores; nothing after the last. */
  prefetch(): void;
}

export interface BatchFeedOptions {
  readonly loader: Pick<TrainingLoader, "next" | "stepsPerEpoch" | "takesTurns">;
  /** Batches that an epoch's updates take. */
  readonly perEpoch: number;
  /** Of those, where to begin. */
  readonly start: number;
  /** Batches until the training ends. */
  readonly remaining: number;
  readonly recipe: Pick<Recipe, "mixing" | "seed">;
}

export const createBatchFeed = ({ loader, perEpoch, start, remaining, recipe }: BatchFeedOptions): BatchFeed => {
  let position = start;
  let left = remaining;
  let upcoming: Promise<MixedBatch> | null = null;

  const next = async (): Promise<MixedBatch> => {
    left--;
    if (position === perEpoch) {
      for (let passed = perEpoch; passed < loader.stepsPerEpoch; passed++) (await loader.next()).release();
      position = 0;
    }
    position++;
    return mixBatch(await loader.next(), recipe.mixing, recipe.seed);
  };
  const ask = (): Promise<MixedBatch> => {
    const batch = next();
    batch.catch(() => {}); // a failure is told where the batch is awaited
    return batch;
  };
  return {
    take: () => {
      const batch = upcoming ?? ask();
      upcoming = null;
      return batch;
    },
    prefetch: () => {
      if (left > 0 && !loader.takesTurns) upcoming ??= ask();
    },
  };
};
