// Accuracy by labels that were assessed anew: several classes may be right for an image, or none, or nobody knows. ReaL's labels
// (Beyer et al. 2020) and the agreement of annotators both come down to a set of accepted classes for each image.
import { accuracyOf, type Metric } from "./interval.ts";
import type { Labels } from "./logits.ts";

/** Of one image: the classes that count as right, ascending (none: every answer is wrong); null where the image is left out. */
export type Accepted = readonly number[] | null;

/** Of one image: what each annotator accepts. Null where nobody was asked. */
export type Votes = readonly (readonly number[])[] | null;

export interface Reassessment {
  /** Right where the prediction is accepted; over the images that aren't left out. Null where all are. */
  readonly accuracy: Metric | null;
  /** By the data set's own labels, over the same images. */
  readonly plain: Metric | null;
  readonly assessed: number;
  readonly leftOut: number;
  /** Wrong by the data set's label, right now: the prediction is accepted. */
  readonly becameRight: number;
  /** Right by the data set's label, wrong now: that label was rejected. */
  readonly becameWrong: number;
  /** Of those assessed: images of which the data set's own label is not accepted, and with more than one accepted class. */
  readonly labelsRejected: number;
  readonly severalAccepted: number;
}

/** The classes that at least `k` of an image's annotators accept. */
export const agreedBy = (votes: Votes, k: number): Accepted => {
  if (votes === null) return null;
  const counts = new Map<number, number>();
  for (const accepted of votes) for (const label of new Set(accepted)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].flatMap(([label, count]) => (count >= k ? [label] : [])).sort((a, b) => a - b);
};

/** Predictions (−1: no answer), labels and accepted classes, image by image. */
export const reassess = (predicted: Int32Array, labels: Labels, accepted: readonly Accepted[]): Reassessment => {
  if (predicted.length !== labels.length || accepted.length !== labels.length) {
    throw new RangeError(
      `a reassessment takes as many predictions and accepted labels as labels, but there are ${predicted.length}, ${accepted.length} and ${labels.length}`,
    );
  }
  let [right, plainRight, leftOut, becameRight, becameWrong, labelsRejected, severalAccepted] = [0, 0, 0, 0, 0, 0, 0];
  for (const [n, classes] of accepted.entries()) {
    if (classes === null) {
      leftOut++;
      continue;
    }
    const label = labels[n]!;
    const [was, is] = [predicted[n] === label, classes.includes(predicted[n]!)];
    if (was) plainRight++;
    if (is) right++;
    if (!was && is) becameRight++;
    if (was && !is) becameWrong++;
    if (!classes.includes(label)) labelsRejected++;
    if (classes.length > 1) severalAccepted++;
  }
  const assessed = labels.length - leftOut;
  return {
    accuracy: assessed === 0 ? null : accuracyOf(right, assessed),
    plain: assessed === 0 ? null : accuracyOf(plainRight, assessed),
    assessed,
    leftOut,
    becameRight,
    becameWrong,
    labelsRejected,
    severalAccepted,
  };
};
