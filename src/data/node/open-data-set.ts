// From what a person writes to a data set: the name of one we know, or a path whose contents are recognised. Each named set and
// each kind of directory is one row; `origin` of the result says what was recognised.
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { DataSet } from "../data-set.ts";
import { cifar10, cifar100, cifar100Coarse } from "./cifar/cifar-archive.ts";
import { cifarFolder } from "./cifar/cifar-folder.ts";
import { namedContainers } from "./containers/container-files.ts";
import type { DataSetOptions } from "./data-set-options.ts";
import { expandBraces, hasBraces } from "./expand-braces.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { idxDirectory } from "./idx-directory.ts";
import { imageNetFolder } from "./imagenet/imagenet-folder.ts";
import { openShards, shardFolder } from "./shards/shard-data-set.ts";

/** Data sets that are known by name. */
export const namedDataSets: ReadonlyMap<string, (options: DataSetOptions) => Promise<DataSet>> = new Map([
  ["fashion-mnist", fashionMnist],
  ["cifar10", cifar10],
  ["cifar100", cifar100],
  ["cifar100-coarse", cifar100Coarse],
]);

interface DirectoryFormat {
  /** As errors list it. */
  readonly description: string;
  /** Reads the directory, or answers null when it is of another format. */
  readonly open: (directory: string, options: DataSetOptions) => Promise<DataSet | null>;
}

/** What a directory can hold, in the order in which they are tried. Decoders and large libraries are loaded where they are needed. */
const directoryFormats: readonly DirectoryFormat[] = [
  { description: "IDX files (train-images-idx3-ubyte.gz and so on)", open: idxDirectory },
  { description: "CIFAR's binary files (data_batch_1.bin, test_batch.bin; train.bin, test.bin)", open: cifarFolder },
  { description: "tar shards of a WebDataset (train-000000.tar and so on)", open: shardFolder },
  {
    description: "Parquet files with images (train-00000-of-00001.parquet and so on)",
    open: async (directory, options) => {
      const { parquetFolder } = await import("./parquet/parquet-data-set.ts");
      return parquetFolder(directory, options);
    },
  },
  { description: "ImageNet (train/n01440764/ and so on, val/ with its list of labels)", open: imageNetFolder },
  {
    description:
      "a folder for each class of images (cats/1.jpg, dogs/2.png and so on), or train/ and val/ with such folders",
    open: async (directory, options) => {
      const { openImageFolder } = await import("./image-folder/open-image-folder.ts");
      return openImageFolder(directory, options);
    },
  },
];

/** Files that a person may name alone, or several by a pattern (train-{000000..000011}.tar), by their extension. */
const fileFormats: ReadonlyMap<string, (named: string, options: DataSetOptions) => Promise<DataSet>> = new Map([
  [".tar", async (named, options) => openShards(named, await namedContainers(expandBraces(named)), options)],
  [
    ".parquet",
    async (named, options) => {
      const { openParquet } = await import("./parquet/parquet-data-set.ts");
      return openParquet(named, await namedContainers(expandBraces(named)), options);
    },
  ],
]);

/**
 * Opens a data set by name or path; a name wins over a directory of that name (write ./name for the directory). A path is a directory, a tar
 * shard or Parquet file, or several of them with braces.
 * Throws UsageError for what is neither, with the nearest name, and for a directory that holds no data set we read.
 */
export const openDataSet = async (nameOrPath: string, options: DataSetOptions = {}): Promise<DataSet> => {
  const named = namedDataSets.get(nameOrPath);
  if (named !== undefined) return named(options);
  const found = await stat(nameOrPath).catch(() => null);
  const names = [...namedDataSets.keys()];
  const openFiles = fileFormats.get(extname(nameOrPath).toLowerCase());
  if (openFiles !== undefined && (found?.isFile() === true || (found === null && hasBraces(nameOrPath)))) {
    return openFiles(nameOrPath, options);
  }
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
