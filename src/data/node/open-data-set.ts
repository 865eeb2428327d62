// From what a person writes to a data set: the name of one we know, or a path whose contents are recognised. Each named set and
// each kind of directory is one row; `origin` of the result says what was recognised.
import { stat } from "node:fs/promises";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { DataSet } from "../data-set.ts";
import type { DataSetOptions } from "./data-set-options.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { idxDirectory } from "./idx-directory.ts";

/** Data sets that are known by name. */
export const namedDataSets: ReadonlyMap<string, (options: DataSetOptions) => Promise<DataSet>> = new Map([
  ["fashion-mnist", fashionMnist],
]);

interface DirectoryFormat {
  /** As errors list it. */
  readonly description: string;
  /** Reads the directory, or answers null when it is of another format. */
  readonly open: (directory: string, options: DataSetOptions) => Promise<DataSet | null>;
}

/** What a directory can hold, in the order in which they are tried. */
const directoryFormats: readonly DirectoryFormat[] = [
  { description: "IDX files (train-images-idx3-ubyte.gz and so on)", open: idxDirectory },
  {
    description:
      "a folder for each class of images (cats/1.jpg, dogs/2.png and so on), or train/ and val/ with such folders",
    open: async (directory, options) => {
      const { openImageFolder } = await import("./image-folder/open-image-folder.ts"); // with the decoder, which others don't need
      return openImageFolder(directory, options);
    },
  },
];

/**
 * Opens a data set by name or path; a name wins over a directory of that name (write ./name for the directory).
 * Throws UsageError for what is neither, with the nearest name, and for a directory that holds no data set we read.
 */
export const openDataSet = async (nameOrPath: string, options: DataSetOptions = {}): Promise<DataSet> => {
  const named = namedDataSets.get(nameOrPath);
  if (named !== undefined) return named(options);
  const found = await stat(nameOrPath).catch(() => null);
  const names = [...namedDataSets.keys()];
  if (found === null) {
    const near = nearest(nameOrPath, names);
    const hint = near === null ? "." : `; did you mean ${near}?`;
    throw new UsageError(
      `"${nameOrPath}" is neither a data set known by name nor an existing directory${hint} Known by name: ${names.join(", ")}`,
    );
  }
  const formats = directoryFormats.map(({ description }) => description).join("; ");
  if (!found.isDirectory()) {
    throw new UsageError(`${nameOrPath} is a file; give the directory of a data set. Recognised are: ${formats}`);
  }
  for (const { open } of directoryFormats) {
    const dataSet = await open(nameOrPath, options);
    if (dataSet !== null) return dataSet;
  }
  throw new UsageError(`${nameOrPath} holds no data set that is recognised. Recognised are: ${formats}`);
};
