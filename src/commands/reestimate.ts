// `residual evaluate --reestimate-statistics`: batch norm's statistics as an average over training batches, before evaluation.
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { tellBrokenOnce } from "../data/node/broken-images.ts";
import { openTrainingLoader } from "../data/node/loader.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import type { ImageSource } from "../data/source.ts";
import type { Engine } from "../engine/contract.ts";
import { parseRecipe } from "../train/parse-recipe.ts";
import { type Reestimation, reestimateStatistics } from "../train/reestimate-statistics.ts";
import type { CommandEnvironment } from "./environment.ts";
import { readRunRecord } from "./run-directory/run-record.ts";
import type { TrainedModel } from "./trained-model.ts";

/** Images of a batch where neither the person nor the run says. */
const defaultBatch = 128;

/** Beside the new tensors: what was averaged. */
export interface StatisticsOfBatches extends Reestimation {
  /** Training images that were used: batch · batches; those that fill no batch are left out. */
  readonly images: number;
  readonly batch: number;
  readonly batches: number;
}

/**
 * Images of a batch of statistics: as the person says, else as the run at `weights` was trained, else 128; never more than there
 * are. Throws UsageError for no number, and for more than there are training images.
 */
export const statisticsBatch = async (
  asked: number | undefined,
  weights: string,
  images: number,
  cwd: string,
): Promise<number> => {
  if (asked === undefined) return Math.min(images, (await batchOfRun(resolve(cwd, weights))) ?? defaultBatch);
  if (Number.isInteger(asked) && asked >= 1 && asked <= images) return asked;
  throw new UsageError(
    `--statistics-batch should be a whole number from 1 to the ${images} training images but is ${asked}`,
  );
};

const batchOfRun = async (path: string): Promise<number | null> => {
  const isRun = (await stat(join(path, "run.json")).catch(() => null)) !== null;
  return isRun ? parseRecipe((await readRunRecord(path)).recipe, `${path}: recipe`).batch : null;
};

/**
 * Estimates the statistics of a model anew on training images: not augmented, each at most once, in the order in which a training of
 * seed 0 sees them in its first epoch (shuffled: a batch of one class alone would have that class's statistics).
 */
export const reestimate = async (
  { spec, tensors, preprocessing }: TrainedModel & { readonly preprocessing: Preprocessing },
  train: ImageSource,
  batch: number,
  engine: Engine,
  { onEvent, signal }: Pick<CommandEnvironment, "signal" | "onEvent">,
): Promise<StatisticsOfBatches> => {
  const loader = openTrainingLoader({
    source: train,
    preprocessing,
    augmentation: null,
    batch,
    seed: 0,
    onBroken: tellBrokenOnce("training", onEvent),
    ...(signal && { signal }),
  });
  const batches = loader.stepsPerEpoch;
  const images = batch * batches;
  try {
    const input = [preprocessing.channels, ...preprocessing.size] as const;
    const reestimation = await reestimateStatistics({
      engine,
      spec: { ...spec, input },
      tensors,
      batch,
      batches,
      nextBatch: loader.next,
      onProgress: (done) => onEvent({ event: "statistics", images: done * batch, ofImages: images }),
      ...(signal && { signal }),
    });
    return { ...reestimation, images, batch, batches };
  } finally {
    await loader.dispose();
  }
};
