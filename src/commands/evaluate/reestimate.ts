// `residual evaluate --reestimate-statistics`: batch norm's statistics as an average over training batches, before evaluation.
import type { Precision } from "../../base/dtype.ts";
import { UsageError } from "../../base/errors.ts";
import { tellBrokenOnce } from "../../data/node/broken-images.ts";
import { openTrainingLoader } from "../../data/node/loader.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import type { ImageSource } from "../../data/source.ts";
import type { Engine } from "../../engine/contract.ts";
import { type Reestimation, reestimateStatistics } from "../../train/reestimate-statistics.ts";
import type { CommandEnvironment } from "../environment.ts";
import { newFile } from "../new-file.ts";
import type { TrainedModel } from "../trained-model.ts";
import type { RunOfWeights } from "./run-of-weights.ts";

/** Images of a batch where neither the person nor the run says. */
const defaultBatch = 128;

/** Beside the new tensors: what was averaged. */
export interface StatisticsOfBatches extends Reestimation {
  /** Training images that were used: batch · batches; those that fill no batch are left out. */
  readonly images: number;
  readonly batch: number;
  readonly batches: number;
}

export interface ReestimationOptions {
  /** Estimate batch norm's statistics anew, as an average over batches of the training split, before the evaluation counts. */
  readonly reestimateStatistics?: boolean;
  /** Images of such a batch: it changes the statistics. By default the run's own batch, or 128. */
  readonly statisticsBatch?: number;
  /** A new safetensors file for the model with the new statistics; without it nothing is written. */
  readonly save?: string;
}

/**
 * The absolute path to save to, or null. Throws UsageError for options of a re-estimation that isn't asked for, for a file that
 * isn't safetensors, exists already or can't be written: before anything is computed.
 */
export const fileToSave = async (options: ReestimationOptions, cwd: string): Promise<string | null> => {
  const { reestimateStatistics, statisticsBatch, save } = options;
  const given = save !== undefined ? "--save" : statisticsBatch !== undefined ? "--statistics-batch" : null;
  if (given !== null && reestimateStatistics !== true) {
    throw new UsageError(`${given} is for statistics that are estimated anew; add --reestimate-statistics`);
  }
  if (save === undefined) return null;
  if (save.endsWith(".safetensors")) return newFile(save, cwd);
  throw new UsageError(`--save writes safetensors, so ${save} should end in .safetensors`);
};

/**
 * Images of a batch of statistics: as the person says, else as the weights' run was trained, else 128; never more than there
 * are. Throws UsageError for no number, and for more than there are training images.
 */
export const statisticsBatch = (asked: number | undefined, run: RunOfWeights | null, images: number): number => {
  if (asked === undefined) return Math.min(images, run?.recipe.batch ?? defaultBatch);
  if (Number.isInteger(asked) && asked >= 1 && asked <= images) return asked;
  throw new UsageError(
    `--statistics-batch should be a whole number from 1 to the ${images} training images but is ${asked}`,
  );
};

/**
 * Estimates the statistics of a model anew on training images: not augmented, each at most once, in the order in which a training of
 * seed 0 sees them in its first epoch (shuffled: a batch of one class alone would have that class's statistics). Activations are
 * computed in `precision`, as those that the statistics will normalise are.
 */
export const reestimate = async (
  { spec, tensors, preprocessing }: TrainedModel & { readonly preprocessing: Preprocessing },
  train: ImageSource,
  batch: number,
  engine: Engine,
  { onEvent, signal }: Pick<CommandEnvironment, "signal" | "onEvent">,
  precision: Precision,
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
      precision,
      nextBatch: loader.next,
      onProgress: (done) => onEvent({ event: "statistics", images: done * batch, ofImages: images }),
      ...(signal && { signal }),
    });
    return { ...reestimation, images, batch, batches };
  } finally {
    await loader.dispose();
  }
};
