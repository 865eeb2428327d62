// A folder of class folders as a data set: which files are pictures, which classes there are, what is trained on and what is held
// out; and the sentences that a person should read about it.
import { basename, resolve } from "node:path";
import { UsageError } from "../../../base/errors.ts";
import type { LeftOutFile } from "../../data-set.ts";
import { type DataSet, holdOutValidation } from "../../data-set.ts";
import { naturalOrder } from "../../natural-order.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { largestOf } from "../decoding-memory.ts";
import { printable } from "../printable.ts";
import { checksumOfFiles } from "./folder-checksum.ts";
import { type ClassFiles, type FolderLayout, findLayout, type SplitName } from "./folder-layout.ts";
import { noticesOf } from "./folder-notices.ts";
import { digestLikelyTwins } from "./likely-twins.ts";
import { type ProbedFile, probeFiles } from "./probe-files.ts";
import { checkTrained, splitImages } from "./split-images.ts";

/** A picture that is used. */
export interface FolderImage {
  readonly file: string;
  readonly split: SplitName | null;
  readonly class: string;
  /** Relative to the class folder. */
  readonly pathInClass: string;
  readonly probed: ProbedFile;
}

/** Null where no file of the folder is a picture, or says that it is one. */
const probeLayout = async (directory: string, { classFolders }: FolderLayout, options: DataSetOptions) => {
  const owners = classFolders.flatMap((owner) => owner.files.map((file) => ({ file, owner })));
  const files = await probeFiles(
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
    else {
      const pathInClass = file.slice(owner.folder.length + 1);
      images.push({ file, split: owner.split, class: owner.name, pathInClass, probed });
    }
  }
  return { images, leftOut, others };
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

/** Throws UsageError where images are to be held out though the folder has a validation split. */
const checkValidation = (directory: string, images: readonly FolderImage[], validation: number): void => {
  if (validation === 0) return;
  const own = images.find(({ split }) => split === "validation")?.file.split("/")[0] ?? "val";
  throw new UsageError(
    `${directory}: ${own}/ is the validation split, so ${validation} training images can't be held out as well; leave out --validation (where a recipe holds them out, give --validation 0)`,
  );
};

/**
 * Opens a folder of class folders (`cats/1.jpg`, `dogs/a/2.png`, …), or of `train/` and `val/` or `test/` with class folders in each;
 * null where it holds no images in folders. Pictures are PNG, JPEG, WebP, AVIF and GIF (the first frame), known by their contents; classes
 * are the folders' names in natural order. Where there is `test/` it is the test split, and `val/` the validation split; `val/` alone
 * is the test split. Without either, about 20 % of each class are held out as test by the images' names alone, so that an image stays
 * on its side when others are added (see held-out-by-name.ts). Of what is left, `options.validation` images are held out by
 * `options.seed`, unless `val/` is the validation split. Where `options.onlyTested`, `val/` or `test/` may come without `train/`.
 *
 * Links are followed, hidden files and other files are ignored and counted, pictures that can't be read are left out and listed in
 * `leftOut`; notices and warnings go to `onEvent`. Throws UsageError where there are fewer than two classes, a class without images
 * to train on, no image to test on, or images to be held out for validation beside `val/`.
 */
export const openImageFolder = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const folder = resolve(directory);
  const layout = await findLayout(folder, options.onlyTested);
  const { classFolders, splitFolders, ignoredFolders, strayFiles, hidden } = layout;
  const { images, leftOut: broken, others } = await probeLayout(folder, layout, options);
  if (images.length === 0 && broken.length === 0) return null;
  const leftOut = [...layout.leftOut, ...broken];
  const isTrained = images.some(({ split }) => split === null || split === "train");
  const trained = isTrained ? images.filter(({ split }) => split === null || split === "train") : images;
  const classes = [...new Set(trained.map((image) => image.class))].sort(naturalOrder);
  checkClasses(directory, classes, images, leftOut);
  const { isByName, ...splits } = splitImages(directory, folder, classes, images);
  for (const notice of noticesOf({
    images: await digestLikelyTwins(folder, images, options.signal),
    leftOut,
    classes,
    emptyClasses: emptyClasses(classFolders, images),
    others,
    strayFiles,
    hidden,
    splitFolders,
    ignoredFolders,
    splits,
  })) {
    options.onEvent?.(notice);
  }
  const held = isByName
    ? `${splits.test.labels.length} of them held out as test, by their names`
    : splitFolders.map((name) => `${name}/`).join(", ");
  const largestPicture = largestOf(
    images.flatMap(({ probed: { probe } }) => (probe.kind === "picture" ? [probe.size] : [])),
  );
  const whole: DataSet = {
    name: basename(folder),
    classes,
    ...splits,
    origin: `folder of ${classes.length} classes, ${images.length} images (${held}), in ${directory}`,
    files: [{ path: folder, sha256: checksumOfFiles(images) }],
    leftOut,
    ...(largestPicture !== null && { largestPicture }),
  };
  const { validation = 0, seed = 0 } = options;
  if (whole.validation !== null) {
    checkValidation(directory, images, validation);
    return whole;
  }
  const data = holdOutValidation(whole, validation, seed);
  if (isTrained) checkTrained(directory, data);
  return data;
};
