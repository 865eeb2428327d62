// Training batches in the groups that updates take, one prepared ahead. Where batches of an epoch fill no update they are passed over:
// an epoch begins with an update.
import type { Batch } from "../data/batch.ts";
import type { TrainingLoader } from "../data/node/loader.ts";

export interface BatchFeed {
  /** The next batch; the one after it is asked for by `prefetch`. */
  take(): Promise<Batch>;
  /** Has the next batch prepared while the caller does something else; nothing after the last. */
  prefetch(): void;
}

export interface BatchFeedOptions {
  readonly loader: Pick<TrainingLoader, "next" | "stepsPerEpoch">;
  /** Batches that an epoch's updates take. */
  readonly perEpoch: number;
  /** Of those, where to begin. */
  readonly start: number;
  /** Batches until the training ends. */
  readonly remaining: number;
}

export const createBatchFeed = ({ loader, perEpoch, start, remaining }: BatchFeedOptions): BatchFeed => {
  let position = start;
  let left = remaining;
  let upcoming: Promise<Batch> | null = null;

  const next = async (): Promise<Batch> => {
    left--;
    if (position === perEpoch) {
      for (let passed = perEpoch; passed < loader.stepsPerEpoch; passed++) (await loader.next()).release();
      position = 0;
    }
    position++;
    return loader.next();
  };
  const ask = (): Promise<Batch> => {
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
      if (left > 0) upcoming ??= ask();
    },
  };
};
