// From the splits that files are named after to the splits of a data set, as for folders of images: test/ is the test split and val/ the
// validation split, val/ alone is the test split, and without either a fifth is held out.
import { FormatError, UsageError } from "../../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../../data-set.ts";
import { type ImageSource, selectImages } from "../../source.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { heldOutByName } from "../image-folder/held-out-by-name.ts";
import type { ContainerSplit } from "./container-files.ts";

/** The images of one split, and by what name each is known, whatever comes and goes around it. */
export interface NamedImages {
  readonly source: ImageSource;
  readonly nameOf: (image: number) => string;
}

/** About 20 % of each class, by the images' names alone. */
const holdOutTest = (directory: string, { source, nameOf }: NamedImages): Pick<DataSet, "train" | "test"> => {
  const members = new Map<number, number[]>();
  source.labels.forEach((label, image) => {
    const others = members.get(label);
    if (others === undefined) members.set(label, [image]);
    else others.push(image);
  });
  const held = new Set<number>();
  for (const images of members.values()) {
    const isHeldOut = heldOutByName(images.map(nameOf));
    images.forEach((image, i) => {
      if (isHeldOut[i] === true) held.add(image);
    });
  }
  if (held.size === 0) {
    throw new UsageError(
      `${directory}: no image can be held out as test, for each class has one alone; add images, or files named after a test split`,
    );
  }
  const all = Array.from(source.labels, (_, image) => image);
  return {
    train: selectImages(
      source,
      all.filter((image) => !held.has(image)),
    ),
    test: selectImages(
      source,
      [...held].sort((a, b) => a - b),
    ),
  };
};

export interface ArrangedSplits extends Pick<DataSet, "train" | "test" | "validation"> {
  /** In words, for the data set's origin. */
  readonly described: string;
}

/** Throws UsageError where there is nothing to train on, or to test on. */
export const arrangeSplits = (
  directory: string,
  splits: ReadonlyMap<ContainerSplit | null, NamedImages>,
): ArrangedSplits => {
  const [train, validation, test] = [splits.get("train"), splits.get("validation"), splits.get("test")];
  const unnamed = splits.get(null);
  const isAlone = validation === undefined && test === undefined;
  const whole = unnamed ?? (isAlone ? train : undefined);
  if (whole !== undefined) {
    const held = holdOutTest(directory, whole);
    const described = `${whole.source.labels.length} images (${held.test.labels.length} of them held out as test, by their names)`;
    return { ...held, validation: null, described };
  }
  if (train === undefined) {
    throw new UsageError(
      `${directory} holds files of ${[...splits.keys()].join(" and ")} but none to train on; add files named after train`,
    );
  }
  const tested = test ?? validation;
  if (tested === undefined) throw new UsageError(`${directory} holds no files to test on`);
  const held = test === undefined ? null : (validation?.source ?? null);
  const counts = [
    `${train.source.labels.length} train`,
    ...(held === null ? [] : [`${held.labels.length} validation`]),
    `${tested.source.labels.length} test${test === undefined ? ", from val" : ""}`,
  ];
  return { train: train.source, test: tested.source, validation: held, described: `${counts.join(" + ")} images` };
};

/** Holds validation images out as `options` say. Throws UsageError where the data have a validation split of their own already. */
export const withValidation = (directory: string, whole: DataSet, options: DataSetOptions): DataSet => {
  const { validation = 0, seed = 0 } = options;
  if (whole.validation === null) return holdOutValidation(whole, validation, seed);
  if (validation === 0) return whole;
  throw new UsageError(
    `${directory} has a validation split, so ${validation} training images can't be held out as well; leave out --validation (where a recipe holds them out, give --validation 0)`,
  );
};

/** Throws FormatError for a label that no class has; `nameOf` names the image. */
export const checkLabels = (labels: Int32Array, classes: number, nameOf: (image: number) => string): void => {
  const wrong = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (wrong === -1) return;
  throw new FormatError(nameOf(wrong), `its label ${labels[wrong]} is not below ${classes}, the number of classes`);
};
