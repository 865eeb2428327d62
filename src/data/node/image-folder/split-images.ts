// What of a folder of images is trained on and what is held out: by its own folders of splits, or by the images' names.
import { UsageError } from "../../../base/errors.ts";
import type { DataSet } from "../../data-set.ts";
import { filesSource, type ImageSource, selectImages } from "../../source.ts";
import { printable } from "../printable.ts";
import type { SplitName } from "./folder-layout.ts";
import { heldOutByName } from "./held-out-by-name.ts";
import type { FolderImage } from "./open-image-folder.ts";

export interface FolderSplits extends Pick<DataSet, "train" | "test" | "validation"> {
  /** Whether the images' names decided what is held out as test. */
  readonly isByName: boolean;
}

/** The images that are held out as test where a folder has no splits. */
const testImages = (images: readonly FolderImage[]): ReadonlySet<FolderImage> => {
  const classes = new Map<string, FolderImage[]>();
  for (const image of images) {
    const members = classes.get(image.class);
    if (members === undefined) classes.set(image.class, [image]);
    else members.push(image);
  }
  const held = new Set<FolderImage>();
  for (const members of classes.values()) {
    // With the class's name: images numbered alike in all classes would else be held out alike.
    const isHeldOut = heldOutByName(members.map((image) => `${image.class}/${image.pathInClass}`));
    members.forEach((image, i) => {
      if (isHeldOut[i] === true) held.add(image);
    });
  }
  return held;
};

/**
 * `classes` are the names by label. `test/` is the test split, and `val/` the validation split; `val/` alone is the test split. Without
 * either, images are held out by their names (see held-out-by-name.ts). Throws UsageError where that leaves no image to test on.
 */
export const splitImages = (
  directory: string,
  folder: string,
  classes: readonly string[],
  images: readonly FolderImage[],
): FolderSplits => {
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const source = (of: readonly FolderImage[]): ImageSource =>
    filesSource(
      folder,
      of.map(({ file }) => file),
      of.map((image) => labelOf.get(image.class) ?? 0),
    );
  const of = (split: SplitName): readonly FolderImage[] => images.filter((image) => image.split === split);
  const [trained, validation, test] = [of("train"), of("validation"), of("test")];
  if (test.length > 0 || validation.length > 0) {
    const train = trained.length > 0 ? source(trained) : selectImages(source(images), []);
    return test.length > 0
      ? { train, test: source(test), validation: validation.length > 0 ? source(validation) : null, isByName: false }
      : { train, test: source(validation), validation: null, isByName: false };
  }
  const held = testImages(images);
  if (held.size === 0) {
    throw new UsageError(
      `${directory}: no image can be held out as test, for each class has one alone; add images, or put those to test on into test/ beside train/`,
    );
  }
  const [kept, tested] = [images.filter((image) => !held.has(image)), images.filter((image) => held.has(image))];
  return { train: source(kept), test: source(tested), validation: null, isByName: true };
};

/** Throws UsageError where all images of a class were held out for validation. */
export const checkTrained = (directory: string, { classes, train, validation }: DataSet): void => {
  const trained = new Set(train.labels);
  const label = classes.findIndex((_, i) => !trained.has(i));
  if (label < 0) return;
  throw new UsageError(
    `${directory}: no image of the class "${printable(classes[label] ?? "")}" is left to train on, for validation holds out all of them; add some, or hold fewer than ${validation?.labels.length ?? 0} images out`,
  );
};
