// A data set: its splits, and the names of its classes.
import { type ImageSource, selectImages } from "./source.ts";
import { stratifiedSplit } from "./stratified-split.ts";

/**
 * A file that a data set was read from. `sha256` (hexadecimal) is of its contents after decompression; of a folder of images it is of
 * a list of them.
 */
export interface DataFile {
  readonly path: string;
  readonly sha256: string;
}

/** A file that should be an image of the data set but isn't used, and why. */
export interface LeftOutFile {
  readonly file: string;
  readonly problem: string;
}

export interface DataSet {
  readonly name: string;
  /** Class names by label. */
  readonly classes: readonly string[];
  readonly train: ImageSource;
  readonly test: ImageSource;
  /** Held out of train, for every choice (best epoch, early stop, settings); null when nothing was held out. */
  readonly validation: ImageSource | null;
  /** What was recognised and where it was found, as one line for people. */
  readonly origin: string;
  readonly files: readonly DataFile[];
  /** Of pictures: the one that takes the most memory to decode, where every header was read when the data set was opened. */
  readonly largestPicture?: { readonly pixels: number; readonly decodingBytes: number };
  /** What was found unusable when the data set was opened. */
  readonly leftOut?: readonly LeftOutFile[];
  /**
   * Labels are numbers that the data themselves fix (CIFAR's, ImageNet's sorted synsets, those in tar shards or Parquet files), not places in
   * the order of folders' names: networks whose class names are other words for the same classes may be used as they are.
   */
  readonly labelsAreFixed?: boolean;
}

/**
 * Holds `count` training images out as a validation split: seeded, each class in proportion. 0 holds out none.
 * Throws UsageError unless 0 ≤ count < the number of training images.
 */
export const holdOutValidation = (dataSet: DataSet, count: number, seed: number): DataSet => {
  if (count === 0) return { ...dataSet, validation: null };
  const { kept, heldOut } = stratifiedSplit(dataSet.train.labels, count, seed);
  return {
    ...dataSet,
    train: selectImages(dataSet.train, kept),
    validation: selectImages(dataSet.train, heldOut),
  };
};
