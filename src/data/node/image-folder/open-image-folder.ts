// A folder of class folders as a data set: which files are pictures, which classes there are, what is trained on and what is held
// out; and the sentences that a person should read about it.
import { basename, resolve } from "node:path";
import { UsageError } from "../../../base/errors.ts";
import type { LeftOutFile } from "../../data-set.ts";
import { type DataSet, holdOutValidation } from "../../data-set.ts";
import { naturalOrder } from "../../natural-order.ts";
import { filesSource, type ImageSource, selectImages } from "../../source.ts";
import { stratifiedSplit } from "../../stratified-split.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { printable } from "../printable.ts";
import { checksumOfFiles } from "./folder-checksum.ts";
import { type ClassFiles, type FolderLayout, findLayout, type SplitName } from "./folder-layout.ts";
import { noticesOf } from "./folder-notices.ts";
import { type ProbedFile, probeFiles } from "./probe-files.ts";

/** The part of a folder without splits that is held out as test, each class in proportion. */
export const heldOutFraction = 0.2;

/**
 * Decides which images are held out as test. Never the training's seed: a network would be tested on images that it was trained on
 * with another one.
 */
const splitSeed = 0;

/** A picture that is used. */
export interface FolderImage {
  readonly file: string;
  readonly split: SplitName | null;
  readonly class: string;
  readonly probed: ProbedFile;
}

/** Null where no file of the folder is a picture, or says that it is one. */
const probeLayout = async (directory: string, { classFolders }: FolderLayout, options: DataSetOptions) => {
  const owners = classFolders.flatMap((owner) => owner.files.map((file) => ({ file, owner })));
  const { files, contentsWereRead } = await probeFiles(
    directory,
    owners.map(({ file }) => file),
    options,
  );
  const images: FolderImage[] = [];
  const leftOut: LeftOutFile[] = [];
  const others: string[] = [];
  for (const [i, probed] of files.entries()) {
    const { file, owner } = owners[i]!;
    const { probe } = probed;
    if (probe.kind === "other") others.push(file);
    else if (probe.kind === "broken") leftOut.push({ file, problem: probe.problem });
    else images.push({ file, split: owner.split, class: owner.name, probed });
  }
  return { images, leftOut, others, contentsWereRead };
};

const checkClasses = (
  directory: string,
  classes: readonly string[],
  images: readonly FolderImage[],
  leftOut: readonly LeftOutFile[],
): void => {
  if (images.length === 0) {
    const first = leftOut[0];
    const example = first === undefined ? "" : `, for example ${printable(first.file)}: ${first.problem}`;
    throw new UsageError(`${directory}: none of its ${leftOut.length} images can be read${example}`);
  }
  if (classes.length === 1) {
    throw new UsageError(
      `${directory} holds one class of images, "${printable(classes[0] ?? "")}", but a network learns to tell at least two apart; put the images of each class into a folder of its own`,
    );
  }
  const untrained = images.find((image) => !classes.includes(image.class));
  if (untrained !== undefined) {
    throw new UsageError(
      `${directory}: ${printable(untrained.file)} is of the class "${printable(untrained.class)}", of which there is no image to train on; add some or remove the class`,
    );
  }
};

/** Class folders in which no picture was found. */
const emptyClasses = (classFolders: readonly ClassFiles[], images: readonly FolderImage[]): readonly string[] => {
  const filled = new Set(images.map((image) => `${image.split}/${image.class}`));
  return classFolders
    .filter(({ split, name }) => !filled.has(`${split}/${name}`))
    .map(({ split, name }) => (split === null ? name : `${split}/${name}`));
};

const splitsOf = (
  directory: string,
  classes: readonly string[],
  images: readonly FolderImage[],
): Pick<DataSet, "train" | "test" | "validation"> & { readonly isSeeded: boolean } => {
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  const source = (of: readonly FolderImage[]): ImageSource =>
    filesSource(
      directory,
      of.map(({ file }) => file),
      of.map((image) => labelOf.get(image.class) ?? 0),
    );
  const of = (split: SplitName | null): readonly FolderImage[] => images.filter((image) => image.split === split);
  const [validation, test] = [of("validation"), of("test")];
  if (test.length > 0) {
    return {
      train: source(of("train")),
      test: source(test),
      validation: validation.length > 0 ? source(validation) : null,
      isSeeded: false,
    };
  }
  if (validation.length > 0)
    return { train: source(of("train")), test: source(validation), validation: null, isSeeded: false };
  const whole = source(images);
  const count = Math.max(1, Math.round(heldOutFraction * images.length));
  const { kept, heldOut } = stratifiedSplit(whole.labels, count, splitSeed);
  return { train: selectImages(whole, kept), test: selectImages(whole, heldOut), validation: null, isSeeded: true };
};

/**
 * Opens a folder of class folders (`cats/1.jpg`, `dogs/a/2.png`, …), or of `train/` and `val/` or `test/` with class folders in each;
 * null where it holds no images in folders. Pictures are PNG, JPEG, WebP and GIF (the first frame), known by their contents; classes
 * are the folders' names in natural order. Where there is `test/` it is the test split, and `val/` the validation split; `val/` alone
 * is the test split. Without either, 20 % of the images are held out as test, each class in proportion, always the same ones; of what
 * is left, `options.validation` images are held out by `options.seed`.
 *
 * Links are followed, hidden files and other files are ignored and counted, pictures that can't be read are left out and listed in
 * `leftOut`; notices and warnings go to `onEvent`. Throws UsageError where there are fewer than two classes, or a class without images
 * to train on.
 */
export const openImageFolder = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const folder = resolve(directory);
  const layout = await findLayout(folder);
  const { images, leftOut: broken, others, contentsWereRead } = await probeLayout(folder, layout, options);
  if (images.length === 0 && broken.length === 0) return null;
  const leftOut = [...layout.leftOut, ...broken];
  const trained = images.filter(({ split }) => split === null || split === "train");
  const classes = [...new Set(trained.map((image) => image.class))].sort(naturalOrder);
  checkClasses(directory, classes, images, leftOut);
  const { isSeeded, ...splits } = splitsOf(folder, classes, images);
  for (const notice of noticesOf({
    images,
    leftOut,
    classes,
    emptyClasses: emptyClasses(layout.classFolders, images),
    others,
    strayFiles: layout.strayFiles,
    hidden: layout.hidden,
    splits,
  })) {
    options.onEvent?.(notice);
  }
  const held = isSeeded
    ? `${100 * heldOutFraction} % held out as test, each class in proportion`
    : layout.splitFolders.map((name) => `${name}/`).join(", ");
  const whole: DataSet = {
    name: basename(folder),
    classes,
    ...splits,
    origin: `folder of ${classes.length} classes, ${images.length} images (${held}), in ${directory}`,
    files: [{ path: folder, sha256: checksumOfFiles(images, contentsWereRead) }],
    leftOut,
  };
  return whole.validation === null ? holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0) : whole;
};
