// The images of a split by its name.
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { DataSet } from "../../data/data-set.ts";
import type { ImageSource } from "../../data/source.ts";

const splitNames = ["test", "train", "validation"] as const;

/** Throws UsageError for a name that is none, where nothing is held out, and where there are no images to train on. */
export const splitOf = (data: DataSet, split: string): ImageSource => {
  const name = splitNames.find((known) => known === split);
  if (name === undefined) {
    const near = nearest(split, splitNames);
    const remedy = near === null ? `known are ${splitNames.join(", ")}` : `did you mean "${near}"?`;
    throw new UsageError(`unknown split "${split}"; ${remedy}`);
  }
  const source = data[name];
  if (source?.labels.length === 0) throw new UsageError(`${data.name} holds no ${name} images, only ones to test on`);
  if (source !== null) return source;
  throw new UsageError(
    "nothing is held out for validation; say how many training images are, as in training, with --validation",
  );
};
