// ImageNet (ILSVRC 2012, Russakovsky et al. 2015) as people have it on disk: train/ with a folder for each synset, and val/ flat with its labels
// elsewhere, or sorted into folders of synsets. The label of a class is its place among the sorted synsets, as in all published weights.
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../../../base/errors.ts";
import { type DataSet, holdOutValidation, type LeftOutFile } from "../../data-set.ts";
import { filesSource, type ImageSource } from "../../source.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import { classNamesOf, findSynsetTables, synsetPattern } from "./synset-table.ts";
import { findValidationLabels, isValidationImage } from "./validation-labels.ts";

/** Folders read at once. */
const atOnce = 8;

const imagePattern = /\.(jpe?g|png|webp|gif)$/i;

/** Where train/ and val/ lie below the folder that a person names: there, or as Kaggle's archive has them. */
const imageRoots = ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC"];
/** Where the lists lie: there, beside the images, or in the devkit. */
const listFolders = [
  "",
  "data",
  "devkit/data",
  "ILSVRC2012_devkit_t12/data",
  "ILSVRC2012_devkit_t12",
  "ILSVRC/devkit/data",
  "ILSVRC/ImageSets/CLS-LOC",
  "val",
];

const namesIn = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith(".")).sort();
};

interface Found {
  /** Absolute; paths are relative to it. */
  readonly root: string;
  readonly synsets: readonly string[];
  readonly validation: string;
  /** The names in the validation folder: images, or synsets. */
  readonly validationNames: readonly string[];
  readonly isFlat: boolean;
}

/** The two folders, or null where they aren't ImageNet's. */
const findFolders = async (directory: string): Promise<Found | null> => {
  for (const below of imageRoots) {
    const root = join(resolve(directory), below);
    const synsets = await namesIn(join(root, "train"));
    if (synsets.length < 2 || !synsets.every((name) => synsetPattern.test(name))) continue;
    for (const validation of ["val", "validation"]) {
      const validationNames = await namesIn(join(root, validation));
      const images = validationNames.filter(isValidationImage);
      if (images.length > 0) return { root, synsets, validation, validationNames: images, isFlat: true };
      const folders = validationNames.filter((name) => synsetPattern.test(name));
      if (folders.length > 0) return { root, synsets, validation, validationNames: folders, isFlat: false };
    }
  }
  return null;
};

interface Listed {
  readonly paths: readonly string[];
  readonly labels: readonly number[];
}

/** The images in folders of synsets: by synset, then by name. */
const listSynsets = async (
  root: string,
  folder: string,
  synsets: readonly string[],
  labelOf: ReadonlyMap<string, number>,
): Promise<Listed> => {
  const lists = await mapConcurrently(synsets, atOnce, async (synset) => {
    const names = await namesIn(join(root, folder, synset));
    return names.filter((name) => imagePattern.test(name)).map((name) => `${folder}/${synset}/${name}`);
  });
  const labels = lists.flatMap((list, i) => list.map(() => labelOf.get(synsets[i] ?? "") ?? 0));
  return { paths: lists.flat(), labels };
};

/** The flat folder's images, by name; those of synsets that are not trained on are left out and counted. */
const listFlat = async (
  directory: string,
  { root, validation, validationNames }: Found,
  folders: readonly string[],
  tables: Awaited<ReturnType<typeof findSynsetTables>>,
  labelOf: ReadonlyMap<string, number>,
): Promise<Listed & { readonly from: string; readonly others: number; readonly leftOut: readonly LeftOutFile[] }> => {
  const found = await findValidationLabels(folders, tables);
  if (found === null) {
    throw new UsageError(
      `${directory}: the ${validationNames.length} images in ${join(root, validation)} lie in no folders of synsets, and nothing says what they are of; add LOC_val_solution.csv, or the devkit's ILSVRC2012_validation_ground_truth.txt with its meta.mat`,
    );
  }
  const [paths, labels, leftOut]: [string[], number[], LeftOutFile[]] = [[], [], []];
  let others = 0;
  for (const name of validationNames) {
    const synset = found.synsetOf(name);
    const label = labelOf.get(synset ?? "");
    const file = `${validation}/${name}`;
    if (synset === undefined) leftOut.push({ file, problem: `has no label in ${basename(found.file)}` });
    else if (label === undefined) others++;
    else {
      paths.push(file);
      labels.push(label);
    }
  }
  return { paths, labels, from: basename(found.file), others, leftOut };
};

const checksumOf = (sources: readonly Listed[]): string => {
  const hash = createHash("sha256");
  for (const { paths, labels } of sources) {
    for (const [i, path] of paths.entries())
      hash.update(`${path} ${labels[i]}
`);
  }
  return hash.digest("hex");
};

/**
 * Opens ImageNet's layout; null where it isn't one, and where val/ has folders of synsets and no list names the classes, which is a
 * folder of class folders like any other. val/ is the test split. Files are listed, not opened: broken ones show when they are
 * read. Throws UsageError where the labels of a flat val/ can't be found, FormatError where a list is damaged.
 */
export const imageNetFolder = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const found = await findFolders(directory);
  if (found === null) return null;
  const { root, synsets, validation, isFlat } = found;
  const bases = [...new Set([resolve(directory), root])];
  const folders = bases.flatMap((base) => listFolders.map((folder) => join(base, folder)));
  const present = [];
  for (const folder of folders) if ((await stat(folder).catch(() => null)) !== null) present.push(folder);
  const tables = await findSynsetTables(present);
  const { classes, from } = classNamesOf(synsets, tables);
  if (!isFlat && from === null && root === resolve(directory)) return null;
  const labelOf = new Map(synsets.map((synset, label) => [synset, label]));
  const train = await listSynsets(root, "train", synsets, labelOf);
  options.signal?.throwIfAborted();
  const flat = isFlat ? await listFlat(directory, found, present, tables, labelOf) : null;
  const known = found.validationNames.filter((synset) => labelOf.has(synset));
  const test = flat ?? (await listSynsets(root, validation, known, labelOf));
  const others = flat?.others ?? 0;
  if (others > 0) {
    const message = `${others} images of ${validation}/ are of synsets that train/ hasn't; they are not used`;
    options.onEvent?.({ event: "notice", message });
  }
  for (const { file, problem } of flat?.leftOut.slice(0, 10) ?? []) {
    options.onEvent?.({ event: "warning", message: `${file} ${problem}; it is left out` });
  }
  const source = ({ paths, labels }: Listed): ImageSource => filesSource(root, paths, labels);
  const labelled = flat === null ? `${validation}/ in folders` : `labels of ${validation}/ from ${flat.from}`;
  const whole: DataSet = {
    name: basename(resolve(directory)),
    classes,
    train: source(train),
    test: source(test),
    validation: null,
    origin: `ImageNet's layout: ${synsets.length} synsets, ${train.paths.length} train + ${test.paths.length} test images (${labelled}${from === null ? "" : `, names from ${from}`}), in ${directory}`,
    files: [{ path: root, sha256: checksumOf([train, test]) }],
    leftOut: flat?.leftOut ?? [],
    labelsAreFixed: true,
  };
  return holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0);
};
