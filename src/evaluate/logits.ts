// What an evaluation starts from: a table of logits, one row an image, and the classes that the images really have.
import type { FloatDType } from "../base/dtype.ts";
import { ShapeError, UsageError } from "../base/errors.ts";
import type { HostTensor } from "../base/tensor.ts";

/** Logits [N, classes]: the network's output before softmax. */
export type Logits = HostTensor<FloatDType>;

/** Class indices 0 … classes − 1, one an image [N]. */
export type Labels = Int32Array;

/**
 * The sizes of logits, alone or with labels that belong to them. Throws ShapeError when the logits are no table with at least one
 * class or the labels are not one a row, UsageError when a label is no class.
 */
export const sizesOf = (logits: Logits, labels?: Labels): { readonly images: number; readonly classes: number } => {
  const [images, classes] = logits.shape;
  if (logits.shape.length !== 2 || images === undefined || classes === undefined || classes < 1) {
    throw new ShapeError("evaluate", "logits", "[images, classes]", logits.shape);
  }
  if (labels === undefined) return { images, classes };
  if (labels.length !== images) throw new ShapeError("evaluate", "labels", `[${images}]`, [labels.length]);
  for (let n = 0; n < images; n++) {
    const label = labels[n]!;
    if (label < 0 || label >= classes) {
      throw new UsageError(
        `evaluate: image ${n} has label ${label}, but the network tells classes 0 … ${classes - 1} apart; ` +
          "is it the network of this data set?",
      );
    }
  }
  return { images, classes };
};
