// What is done about a batch whose loss is not finite, or far above what it was: the recipe's policy, judged by the loss alone before
// anything of the batch has reached weights or running statistics. So a resumed training decides as the unbroken one did.
import type { Recipe } from "./recipe.ts";

/** What is wrong with a batch's loss; `threshold` is what it should have been below (null: finite). */
export interface BadLoss {
  readonly reason: "non-finite" | "spike";
  readonly loss: number;
  readonly threshold: number | null;
}

/** What the policy remembers; counters of the checkpoint. */
export interface LossCourse {
  /** Steps whose update was left out: of the training, since the last that wasn't, and of the epoch under way. */
  skippedSteps: number;
  skippedInARow: number;
  epochSkipped: number;
  /** Losses of the last batches that were good, oldest first; empty where the recipe watches no spikes. */
  recentLosses: readonly number[];
}

const recentName = (i: number): string => `recentLoss${i}`;

/** From a checkpoint's counters, or at the beginning. */
export const startingLossCourse = (counters: Readonly<Record<string, number>> = {}): LossCourse => {
  const recentLosses: number[] = [];
  for (let loss = counters[recentName(0)]; loss !== undefined; loss = counters[recentName(recentLosses.length)]) {
    recentLosses.push(loss);
  }
  const { skippedSteps = 0, skippedInARow = 0, epochSkipped = 0 } = counters;
  return { skippedSteps, skippedInARow, epochSkipped, recentLosses };
};

/** As a checkpoint keeps them: numbers by name. */
export const lossCourseAtRest = ({ recentLosses, ...counts }: LossCourse): Readonly<Record<string, number>> => ({
  ...counts,
  ...Object.fromEntries(recentLosses.map((loss, i) => [recentName(i), loss])),
});

/** Of an even number of values the mean of the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
};

/** Null for a good loss, which is remembered. Spikes are judged once as many losses as the recipe's window are known. */
export const judgeLoss = (loss: number, course: LossCourse, { onSpike }: Pick<Recipe, "onSpike">): BadLoss | null => {
  if (!Number.isFinite(loss)) return { reason: "non-finite", loss, threshold: null };
  if (onSpike === null) return null;
  const { recentLosses } = course;
  const threshold = recentLosses.length === onSpike.window ? onSpike.factor * median(recentLosses) : null;
  if (threshold !== null && loss > threshold) return { reason: "spike", loss, threshold };
  course.recentLosses = [...recentLosses, loss].slice(-onSpike.window);
  return null;
};

/** So many steps in a row may be skipped for this reason; 0 stops at the first. */
export const mostSkipped = (
  { reason }: Pick<BadLoss, "reason">,
  { onNonFinite, onSpike }: Pick<Recipe, "onNonFinite" | "onSpike">,
): number => {
  const policy = reason === "non-finite" ? onNonFinite : (onSpike?.action ?? "stop");
  return policy === "stop" ? 0 : policy.skip;
};

/** Training stopped because a batch's loss rose far above the recent ones; the weights are those before it. */
export class LossSpikeError extends Error {
  override readonly name = "LossSpikeError";
  readonly step: number;
  constructor(
    { loss, threshold }: Pick<BadLoss, "loss" | "threshold">,
    { step, epoch, skippedInARow }: { readonly step: number; readonly epoch: number; readonly skippedInARow: number },
  ) {
    const skipped = skippedInARow === 0 ? "" : ` after ${skippedInARow} skipped in a row`;
    super(
      `the loss is ${loss.toPrecision(4)} at step ${step} (epoch ${epoch}), above the ${threshold?.toPrecision(4)} that onSpike allows${skipped}; ` +
        "training stopped, and the last checkpoint is kept; lower the learning rate, clip gradients, or raise onSpike.factor",
    );
    this.step = step;
  }
}
