// Which classes are taken for which: counts of (actual, predicted), and the accuracy of each class.
import { UsageError } from "../base/errors.ts";
import { accuracyOf, type Metric } from "./interval.ts";
import type { Labels } from "./logits.ts";

/**
 * counts      [classes, classes]   row: the actual class; column: the predicted one
 * unanswered  [classes]            images of each actual class for which the network gave no answer (NaN among its logits)
 * Every image is in exactly one of them.
 */
export interface ConfusionMatrix {
  readonly classes: number;
  readonly counts: Int32Array;
  readonly unanswered: Int32Array;
}

/**
 * Counts predictions (see `predictedClasses`; −1 is no answer) by label. Throws UsageError when a class is outside
 * 0 … classes − 1, RangeError when there are not as many predictions as labels.
 */
export const confusionMatrix = (predicted: Int32Array, labels: Labels, classes: number): ConfusionMatrix => {
  if (predicted.length !== labels.length) {
    throw new RangeError(
      `a confusion matrix takes a prediction for each of the ${labels.length} labels but was given ${predicted.length}`,
    );
  }
  const counts = new Int32Array(classes * classes);
  const unanswered = new Int32Array(classes);
  for (let n = 0; n < labels.length; n++) {
    const actual = labels[n]!;
    const answer = predicted[n]!;
    if (actual < 0 || actual >= classes || answer < -1 || answer >= classes) {
      throw new UsageError(
        `confusion matrix: image ${n} has label ${actual} and prediction ${answer}, but there are classes 0 … ${classes - 1}`,
      );
    }
    if (answer === -1) unanswered[actual]!++;
    else counts[actual * classes + answer]!++;
  }
  return { classes, counts, unanswered };
};

/** The images of an actual class, answered or not. */
export const imagesOfClass = (confusion: ConfusionMatrix, actual: number): number => {
  let images = confusion.unanswered[actual]!;
  for (let c = 0; c < confusion.classes; c++) images += confusion.counts[actual * confusion.classes + c]!;
  return images;
};

/** The accuracy of each actual class (its recall); null for a class without images. */
export const perClassAccuracy = (confusion: ConfusionMatrix): readonly (Metric | null)[] =>
  Array.from({ length: confusion.classes }, (_, actual) => {
    const n = imagesOfClass(confusion, actual);
    return n === 0 ? null : accuracyOf(confusion.counts[actual * confusion.classes + actual]!, n);
  });
