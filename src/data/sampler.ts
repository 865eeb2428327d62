// Which images belong to which training step: a seeded permutation of all images for each epoch, cut into batches. Images are
// addressed by (seed, epoch, step, rank) alone, so a training can start anywhere and be shared out over any number of ranks.
import { UsageError } from "../base/errors.ts";
import { permutation, randomPurposes, randomStream } from "../base/philox.ts";

export interface SamplerOptions {
  readonly seed: number;
  /** Images of the training split. */
  readonly images: number;
  /** Images of one step, over all ranks together. */
  readonly batch: number;
  /** This process among `ranks`; default 0 of 1. A rank's share of a step is batch ÷ ranks images. */
  readonly rank?: number;
  readonly ranks?: number;
}

export interface Sampler {
  /** ⌊images ÷ batch⌋: the tail of a permutation that fills no batch is dropped; it differs from epoch to epoch. */
  readonly stepsPerEpoch: number;
  /** Images that an epoch leaves out. */
  readonly droppedPerEpoch: number;
  /** Indices of this rank's images of one step, 0 ≤ step < stepsPerEpoch. */
  trainingBatch(epoch: number, step: number): Int32Array;
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;

/** Throws UsageError when the batch is larger than the data, or not a multiple of the ranks. Keeps one permutation. */
export const createSampler = ({ seed, images, batch, rank = 0, ranks = 1 }: SamplerOptions): Sampler => {
  if (!isCount(batch)) throw new UsageError(`batch ${batch} should be a whole number above 0`);
  if (batch > images) {
    throw new UsageError(
      `a batch of ${batch} is larger than the training split of ${images} images; choose a batch of at most ${images}`,
    );
  }
  if (!isCount(ranks) || !Number.isInteger(rank) || rank < 0 || rank >= ranks) {
    throw new UsageError(`rank ${rank} should be a whole number from 0 to ${ranks - 1}, of ${ranks} ranks`);
  }
  if (batch % ranks !== 0) {
    throw new UsageError(
      `a batch of ${batch} can't be shared out over ${ranks} ranks; choose a multiple, such as ${ranks * Math.ceil(batch / ranks)}`,
    );
  }
  const share = batch / ranks;
  const stepsPerEpoch = Math.floor(images / batch);
  let cached: { epoch: number; order: Int32Array } | null = null;
  return {
    stepsPerEpoch,
    droppedPerEpoch: images - stepsPerEpoch * batch,
    trainingBatch: (epoch, step) => {
      if (!(Number.isInteger(step) && step >= 0 && step < stepsPerEpoch)) {
        throw new UsageError(`step ${step} should be a whole number from 0 to ${stepsPerEpoch - 1}`);
      }
      if (cached?.epoch !== epoch) {
        cached = { epoch, order: permutation(images, randomStream(seed, randomPurposes.sampling, epoch)) };
      }
      const start = step * batch + rank * share;
      return cached.order.slice(start, start + share);
    },
  };
};

/** The images of evaluation batch k: each image once, in order, the last batch shorter. */
export const evaluationBatch = (k: number, batch: number, images: number): Int32Array =>
  Int32Array.from({ length: Math.max(0, Math.min(batch, images - k * batch)) }, (_, i) => k * batch + i);
