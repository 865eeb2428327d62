// How validation goes from epoch to epoch: its best, how long ago that was, and the plateaus it has reached. Choices look at it alone,
// never at the test split. Its numbers are counters of the checkpoint, so that a resumed training goes on counting.
import { UsageError } from "../base/errors.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import type { Recipe } from "./recipe.ts";

export interface ValidationCourse {
  /** The highest accuracy so far; −1 before the first. */
  bestAccuracy: number;
  /** Epochs since then whose validation was not better; `atRate` since the last plateau, when that is later. */
  epochsSinceBest: number;
  epochsAtRate: number;
  /** How often the rate was lowered for it. */
  plateaus: number;
}

export const startingCourse = (counters: Readonly<Record<string, number>> = {}): ValidationCourse => ({
  bestAccuracy: counters.bestAccuracy ?? -1,
  epochsSinceBest: counters.epochsSinceBest ?? 0,
  epochsAtRate: counters.epochsAtRate ?? 0,
  plateaus: counters.plateaus ?? 0,
});

/** What of a recipe watches the validation, in words; null where nothing does. */
const watcherOf = ({ earlyStopping, schedule }: Recipe): string | null =>
  earlyStopping !== null ? "earlyStopping" : schedule.kind === "plateau" ? "a plateau schedule" : null;

/** Notes an epoch's validation, if there was one and the recipe watches it. Equal to the best is not better. */
export const noteValidation = (course: ValidationCourse, recipe: Recipe, evaluation: Evaluation | null): void => {
  const { schedule } = recipe;
  if (evaluation === null || watcherOf(recipe) === null) return;
  if (evaluation.top1.value > course.bestAccuracy) {
    course.bestAccuracy = evaluation.top1.value;
    course.epochsSinceBest = 0;
    course.epochsAtRate = 0;
    return;
  }
  course.epochsSinceBest++;
  course.epochsAtRate++;
  if (schedule.kind === "plateau" && course.epochsAtRate >= schedule.patienceEpochs) {
    course.plateaus++;
    course.epochsAtRate = 0;
  }
};

/** Whether the recipe ends the training here. */
export const stopsEarly = ({ epochsSinceBest }: ValidationCourse, { earlyStopping }: Recipe): boolean =>
  earlyStopping !== null && epochsSinceBest >= earlyStopping.patienceEpochs;

/** Throws UsageError where a recipe watches a validation that there is none of. */
export const checkWatched = (recipe: Recipe, validates: boolean): void => {
  const watcher = watcherOf(recipe);
  if (watcher === null || validates) return;
  throw new UsageError(
    `${watcher} watches the validation, but no images are held out; hold some out (validationImages, --validation), or give a validation split`,
  );
};
