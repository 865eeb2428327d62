// What a network said of each image, one row an image: what other tools read from a table.
import type { BrokenImage } from "../data/prepare.ts";
import { crossEntropies, softmax } from "./cross-entropy.ts";
import type { Evaluation } from "./evaluate.ts";
import { predictedClasses } from "./top-k.ts";

export interface LikelyClass {
  readonly label: number;
  readonly probability: number;
}

/** One image. What a broken image or one without an answer (NaN among its logits) lacks is null. */
export interface PredictionRow {
  /** The image's place in the split, from 0. */
  readonly index: number;
  readonly label: number;
  readonly predicted: number | null;
  /** Of the class predicted, and of the label. */
  readonly probability: number | null;
  readonly labelProbability: number | null;
  readonly correct: boolean | null;
  /** Cross-entropy in nats. */
  readonly loss: number | null;
  /** Likeliest first; of equal ones the lower class first. */
  readonly likeliest: readonly LikelyClass[];
  /** Why the image couldn't be decoded; null for all others. */
  readonly problem: string | null;
}

/** The `k` likeliest of a row of probabilities, which hold no NaN. */
export const likeliestOf = (probabilities: Float64Array, k: number): readonly LikelyClass[] => {
  const best: LikelyClass[] = [];
  for (const [label, probability] of probabilities.entries()) {
    if (best.length === k && probability <= (best[k - 1]?.probability ?? 0)) continue;
    const before = best.findIndex((other) => other.probability < probability);
    best.splice(before === -1 ? best.length : before, 0, { label, probability });
    if (best.length > k) best.pop();
  }
  return best;
};

const brokenRow = ({ image, problem }: BrokenImage, label: number): PredictionRow => ({
  index: image,
  label,
  predicted: null,
  probability: null,
  labelProbability: null,
  correct: null,
  loss: null,
  likeliest: [],
  problem,
});

/** A row for each image of the split, in its order; `labels` are those of all its images, broken ones included. */
export const predictionRows = (
  { images, logits, labels: evaluated, broken }: Evaluation,
  labels: Int32Array,
  k = 5,
): readonly PredictionRow[] => {
  const classes = logits.shape[1] ?? 0;
  const predicted = predictedClasses(logits);
  const losses = crossEntropies(logits, evaluated);
  const rows = Array.from(images, (index, row): PredictionRow => {
    const label = evaluated[row]!;
    const answer = predicted[row]!;
    const probabilities = softmax(logits.data.subarray(row * classes, (row + 1) * classes));
    if (answer === -1 || Number.isNaN(probabilities[answer])) {
      return { ...brokenRow({ image: index, problem: "" }, label), correct: false, problem: null };
    }
    return {
      index,
      label,
      predicted: answer,
      probability: probabilities[answer]!,
      labelProbability: probabilities[label]!,
      correct: answer === label,
      loss: losses[row]!,
      likeliest: likeliestOf(probabilities, k),
      problem: null,
    };
  });
  return [...rows, ...broken.map((each) => brokenRow(each, labels[each.image]!))].sort((a, b) => a.index - b.index);
};
