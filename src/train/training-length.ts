// How long a training is, once the data are known: steps, and what each epoch leaves out.
import { UsageError } from "../base/errors.ts";
import { createSampler } from "../data/sampler.ts";
import type { Recipe } from "./recipe.ts";
import { warmupSteps } from "./schedule.ts";
import { formatSpan } from "./span.ts";

export interface TrainingLength {
  /** A step is an update of the weights, of `accumulate` batches. */
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Images that fill no update; others in each epoch. */
  readonly droppedPerEpoch: number;
}

/** Throws UsageError when a batch is larger than the data, or a warm-up takes all of the training. */
export const trainingLength = (recipe: Recipe, images: number): TrainingLength => {
  const { epochs, batch, accumulate, schedule, seed } = recipe;
  const stepsPerEpoch = Math.floor(createSampler({ seed, images, batch }).stepsPerEpoch / accumulate);
  const droppedPerEpoch = images - stepsPerEpoch * batch * accumulate;
  if (stepsPerEpoch === 0) {
    throw new UsageError(
      `an update of ${accumulate} batches of ${batch} takes ${accumulate * batch} images but the training split has ${images}; ` +
        "accumulate fewer, or take a smaller batch",
    );
  }
  const totalSteps = epochs * stepsPerEpoch;
  if (schedule.warmup !== null && warmupSteps(schedule, stepsPerEpoch) >= totalSteps) {
    throw new UsageError(
      `a warm-up of ${formatSpan(schedule.warmup.span)} takes the whole training of ${formatSpan({ epochs })} ` +
        `(${formatSpan({ steps: totalSteps })}); shorten it, or train for longer`,
    );
  }
  return { stepsPerEpoch, totalSteps, droppedPerEpoch };
};
