// The mistakes that say most about a network or its data: wrong answers given with confidence.
import { softmax } from "./cross-entropy.ts";
import { type Labels, type Logits, sizesOf } from "./logits.ts";
import { predictedClasses } from "./top-k.ts";

/** A wrong answer. `image` is the row of the logits; probabilities are the softmax of its logits. */
export interface ConfidentMistake {
  readonly image: number;
  readonly predicted: number;
  readonly actual: number;
  readonly predictedProbability: number;
  readonly actualProbability: number;
}

/**
 * The `count` wrong answers with the largest probability of the class predicted, surest first; images of equal
 * probability in their order. Fewer where there are fewer mistakes. Images without an answer (NaN logits), or with a
 * probability that is not a number, are no confident mistakes.
 */
export const mostConfidentlyWrong = (logits: Logits, labels: Labels, count: number): readonly ConfidentMistake[] => {
  const { classes } = sizesOf(logits, labels);
  const mistakes: ConfidentMistake[] = [];
  for (const [image, predicted] of predictedClasses(logits).entries()) {
    const actual = labels[image]!;
    if (predicted === -1 || predicted === actual) continue;
    const probabilities = softmax(logits.data.subarray(image * classes, (image + 1) * classes));
    const predictedProbability = probabilities[predicted]!;
    if (Number.isNaN(predictedProbability)) continue;
    mistakes.push({ image, predicted, actual, predictedProbability, actualProbability: probabilities[actual]! });
  }
  return mistakes
    .sort((a, b) => b.predictedProbability - a.predictedProbability || a.image - b.image)
    .slice(0, Math.max(0, count));
};
