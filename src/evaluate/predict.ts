// From logits to what a person reads: the likeliest classes of each image, with their names and probabilities.
import { UsageError } from "../base/errors.ts";
import { softmax } from "./cross-entropy.ts";
import { type Logits, sizesOf } from "./logits.ts";

export interface Prediction {
  /** The class, 0 … classes − 1. */
  readonly index: number;
  readonly label: string;
  /** Softmax of the logits, 0 … 1. How sure the network is, not how often it is right. */
  readonly probability: number;
}

/**
 * The k likeliest classes of each image (all, where there are fewer), likeliest first; of equal ones the lower index first. An
 * image with a logit that is not a number has no prediction. Throws UsageError when the names are not one for each class.
 */
export const predictions = (
  logits: Logits,
  labels: readonly string[],
  k: number,
): readonly (readonly Prediction[])[] => {
  const { images, classes } = sizesOf(logits);
  if (labels.length !== classes) {
    throw new UsageError(
      `the network tells ${classes} classes apart but there are ${labels.length} class names; use the names kept with its weights`,
    );
  }
  return Array.from({ length: images }, (_, n) => {
    const probabilities = softmax(logits.data.subarray(n * classes, (n + 1) * classes));
    if (probabilities.some(Number.isNaN)) return [];
    return labels
      .map((label, index) => ({ index, label, probability: probabilities[index]! }))
      .sort((a, b) => b.probability - a.probability || a.index - b.index)
      .slice(0, k);
  });
};
