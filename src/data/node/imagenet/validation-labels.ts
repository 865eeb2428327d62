// The synset of each image in ImageNet's flat val/ folder: from Kaggle's LOC_val_solution.csv, or from the devkit's list of the challenge's
// numbers, one a line in the order of the images, and a table that says which synsets these mean.
import { join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { readLines } from "../containers/class-names.ts";
import { type SynsetTable, synsetPattern } from "./synset-table.ts";

/** "ILSVRC2012_val_00000293.JPEG" */
const imagePattern = /^ILSVRC2012_val_(\d{8})\./i;
export const isValidationImage = (file: string): boolean => imagePattern.test(file);

export interface ValidationLabels {
  readonly file: string;
  readonly synsetOf: (image: string) => string | undefined;
}

const largestBytes = 2 ** 26;

/** "ILSVRC2012_val_00048981,n03995372 85 1 499 272 " */
const fromSolution = async (folder: string): Promise<ValidationLabels | null> => {
  const file = join(folder, "LOC_val_solution.csv");
  const lines = await readLines(file, largestBytes);
  if (lines === null) return null;
  const synsets = new Map<string, string>();
  for (const [i, line] of lines.entries()) {
    if (i === 0 && line.startsWith("ImageId,")) continue;
    const [, image, synset] = /^([^,]+),(n\d{8})(?: |$)/.exec(line) ?? [];
    if (image === undefined || synset === undefined) {
      throw new FormatError(file, `line ${i + 1} should be an image and its synset but is "${line.slice(0, 60)}"`);
    }
    synsets.set(image, synset);
  }
  return { file, synsetOf: (image) => synsets.get(image.slice(0, image.lastIndexOf("."))) };
};

const groundTruthNames = [
  "ILSVRC2012_validation_ground_truth.txt",
  "imagenet_2012_validation_synset_labels.txt",
  "ILSVRC2015_clsloc_validation_ground_truth.txt",
];

/** One line for each image, in the order of their numbers: the challenge's number, or a synset. */
const fromGroundTruth = async (folder: string, tables: readonly SynsetTable[]): Promise<ValidationLabels | null> => {
  for (const name of groundTruthNames) {
    const file = join(folder, name);
    const lines = await readLines(file, largestBytes);
    if (lines === null) continue;
    const table = tables.find(({ byNumber }) => byNumber.size > 0);
    if (table === undefined && !lines.every((line) => synsetPattern.test(line))) {
      throw new UsageError(
        `${file} tells the challenge's numbers of classes, 1 … 1000, which are not in the order of the synsets; put the devkit's meta.mat, or map_clsloc.txt, beside it`,
      );
    }
    const synsets = lines.map((line, i) => {
      const synset = synsetPattern.test(line)
        ? line
        : /^\d+$/.test(line)
          ? table?.byNumber.get(Number(line))
          : undefined;
      if (synset !== undefined) return synset;
      throw new FormatError(
        file,
        `line ${i + 1} is "${line.slice(0, 30)}", which is no class of ${table?.file ?? "the challenge"}`,
      );
    });
    return { file, synsetOf: (image) => synsets[Number(imagePattern.exec(image)?.[1] ?? 0) - 1] };
  }
  return null;
};

/** The labels in the first of these folders that has some, or null. Throws UsageError and FormatError for what can't be understood. */
export const findValidationLabels = async (
  folders: readonly string[],
  tables: readonly SynsetTable[],
): Promise<ValidationLabels | null> => {
  for (const folder of folders) {
    const found = (await fromSolution(folder)) ?? (await fromGroundTruth(folder, tables));
    if (found !== null) return found;
  }
  return null;
};
