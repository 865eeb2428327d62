// How long a training is, once the data are known: steps, and what each epoch leaves out.
import { UsageError } from "../base/errors.ts";
import { createSampler } from "../data/sampler.ts";
import type { Recipe } from "./recipe.ts";
import { warmupSteps } from "./schedule.ts";
import { formatSpan } from "./span.ts";

export interface TrainingLength {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  /** Images that fill no batch; others in each epoch. */
  readonly droppedPerEpoch: number;
}

/** Throws UsageError when a batch is larger than the data, or a warm-up takes all of the training. */
export const trainingLength = ({ epochs, batch, schedule, seed }: Recipe, images: number): TrainingLength => {
  const { stepsPerEpoch, droppedPerEpoch } = createSampler({ seed, images, batch });
  const totalSteps = epochs * stepsPerEpoch;
  if (schedule.warmup !== null && warmupSteps(schedule, stepsPerEpoch) >= totalSteps) {
    throw new UsageError(
      `a warm-up of ${formatSpan(schedule.warmup.span)} takes the whole training of ${formatSpan({ epochs })} ` +
        `(${formatSpan({ steps: totalSteps })}); shorten it, or train for longer`,
    );
  }
  return { stepsPerEpoch, totalSteps, droppedPerEpoch };
};
