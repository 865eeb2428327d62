// Whether the right class is among the k that a network ranks highest.
// One total order stands behind top-k, prediction and confusion matrix, so that they never contradict one another:
// larger logits first; among equal ones the lower class index first (as argmax does in NumPy and PyTorch's on the CPU).
// Ties are not rare in bf16 and int8. Under this order a network whose logits are all equal scores chance on balanced classes.
import { accuracyOf, type Metric } from "./interval.ts";
import { type Labels, type Logits, sizesOf } from "./logits.ts";

/**
 * The place of each image's label in the network's ranking [N]: 0 is the prediction itself.
 * A row with a logit that is not a number ranks nothing: its label is placed last (place = classes), wrong for every k.
 */
export const labelPlaces = (logits: Logits, labels: Labels): Int32Array => {
  const { images, classes } = sizesOf(logits, labels);
  const places = new Int32Array(images);
  for (let n = 0; n < images; n++) {
    const label = labels[n]!;
    const ofLabel = logits.data[n * classes + label]!;
    let place = 0;
    for (let c = 0; c < classes; c++) {
      const other = logits.data[n * classes + c]!;
      if (Number.isNaN(other)) {
        place = classes;
        break;
      }
      if (other > ofLabel || (other === ofLabel && c < label)) place++;
    }
    places[n] = place;
  }
  return places;
};

/** The fraction of images whose label is among the k highest; 1 where k is the number of classes and no logit is NaN. */
export const topK = (logits: Logits, labels: Labels, k: number): Metric => {
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`top-k takes a whole k of at least 1 but was given ${k}`);
  const places = labelPlaces(logits, labels);
  const classes = logits.shape[1] ?? 0;
  let correct = 0;
  for (const place of places) if (place < Math.min(k, classes)) correct++;
  return accuracyOf(correct, places.length);
};

/** The predicted class of each row [N]: the first in the order above; −1 (no answer) where a logit is not a number. */
export const predictedClasses = (logits: Logits): Int32Array => {
  const { images, classes } = sizesOf(logits);
  const predicted = new Int32Array(images);
  for (let n = 0; n < images; n++) {
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const value = logits.data[n * classes + c]!;
      if (Number.isNaN(value)) {
        best = -1;
        break;
      }
      if (value > logits.data[n * classes + best]!) best = c;
    }
    predicted[n] = best;
  }
  return predicted;
};
