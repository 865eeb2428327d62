// Parquet files of images, as the Hugging Face hub stores them (train-00000-of-00002.parquet, …), as a data set: opening reads footers and
// labels, images are read when they are asked for.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { FormatError } from "../../../base/errors.ts";
import type { DataSet, LeftOutFile } from "../../data-set.ts";
import type { ImageSource } from "../../source.ts";
import { arrangeSplits, checkLabels, type NamedImages, withValidation } from "../containers/arrange-splits.ts";
import { numberClasses, readClassNames } from "../containers/class-names.ts";
import { type ContainerFiles, findContainers } from "../containers/container-files.ts";
import { tellSharedPictures } from "../containers/shared-pictures.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { RecentPages, readColumn } from "./column-reader.ts";
import { type ImageColumns, imageColumns } from "./image-columns.ts";
import { openParquetFile, type ParquetFile } from "./parquet-file.ts";

/** Files of more bytes are not read as a whole, so their checksum is of their labels and size. */
const largestReadBytes = 2 ** 30;

/**
 * More rows in all are refused before memory is taken for them: each takes 16 bytes. So are more than the files can hold: a row with an
 * image takes bytes, though a few rows may share one.
 */
const mostRows = 2 ** 26;
const mostUnbackedRows = 2 ** 20;

const checkRows = (directory: string, files: readonly ParquetFile[]): void => {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const most = Math.min(mostRows, mostUnbackedRows + bytes);
  if (rows <= most) return;
  throw new FormatError(
    directory,
    `its ${files.length} Parquet files say that they have ${rows} rows; at most ${most} are read of ${bytes} bytes`,
  );
};

interface LabelledFile {
  readonly file: ParquetFile;
  readonly columns: ImageColumns;
  /** By row; −1 where there is none: the hub's sign for images of unknown class. */
  readonly labels: Int32Array;
}

const readLabels = async (file: ParquetFile, { label }: ImageColumns): Promise<Int32Array> => {
  const labels = new Int32Array(file.rows);
  const reader = readColumn(file, label, new RecentPages(0));
  for (const group of file.groups) {
    let row = group.firstRow;
    for await (const values of reader.groupValues(group)) {
      for (const value of values) {
        const isLabel = typeof value === "number" && value >= 0 && value < 2 ** 31;
        labels[row++] = isLabel ? value : -1;
      }
    }
  }
  return labels;
};

const sourceOf = (
  folder: string,
  column: string,
  of: readonly (LabelledFile & { readonly path: string })[],
): ImageSource<"parquet"> => {
  const count = of.reduce((sum, { labels }) => sum + labels.reduce((n, label) => n + (label >= 0 ? 1 : 0), 0), 0);
  const array = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));
  const [labels, fileOf, rows] = [array(), array(), array()];
  let image = 0;
  for (const [file, { labels: all }] of of.entries()) {
    for (const [row, label] of all.entries()) {
      if (label < 0) continue;
      labels[image] = label;
      fileOf[image] = file;
      rows[image] = row;
      image++;
    }
  }
  return { kind: "parquet", folder, files: of.map(({ path }) => path), column, fileOf, rows, labels };
};

const checksumOf = async ({ file, labels }: LabelledFile, readsContents: boolean): Promise<string> => {
  const hash = createHash("sha256");
  if (!readsContents) return hash.update(`${file.bytes} `).update(labels).digest("hex");
  for await (const chunk of createReadStream(file.path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return hash.digest("hex");
};

const unlabelled = (files: readonly (LabelledFile & { readonly path: string })[]): readonly LeftOutFile[] =>
  files.flatMap(({ path, labels }) => {
    const missing = labels.reduce((sum, label) => sum + (label < 0 ? 1 : 0), 0);
    return missing === 0 ? [] : [{ file: path, problem: `${missing} of its ${labels.length} rows have no label` }];
  });

/** Reads the Parquet files of a data set. `directory` is how the person named it. Throws UsageError and FormatError. */
export const openParquet = async (
  directory: string,
  { folder, splits, ignored }: ContainerFiles,
  options: DataSetOptions = {},
): Promise<DataSet> => {
  const paths = [...splits.values()].flat();
  const found: (Omit<LabelledFile, "labels"> & { readonly path: string })[] = [];
  for (const path of paths) {
    options.signal?.throwIfAborted();
    const file = await openParquetFile(join(folder, path), path);
    const columns = imageColumns(file);
    const first = found[0]?.columns ?? columns;
    if (columns.image.path.join(".") !== first.image.path.join(".")) {
      throw new FormatError(
        path,
        `has its images in ${columns.image.path.join(".")}, other files in ${first.image.path.join(".")}`,
      );
    }
    found.push({ path, file, columns });
  }
  checkRows(
    directory,
    found.map(({ file }) => file),
  );
  const opened: (LabelledFile & { readonly path: string })[] = [];
  for (const each of found) {
    options.signal?.throwIfAborted();
    opened.push({ ...each, labels: await readLabels(each.file, each.columns) });
    options.onEvent?.({ event: "probing", folder, files: opened.length, ofFiles: paths.length });
  }
  const of = (names: readonly string[]) => opened.filter(({ path }) => names.includes(path));
  const leftOut = unlabelled(opened);
  for (const { file, problem } of leftOut)
    options.onEvent?.({ event: "warning", message: `${file}: ${problem}; they are left out` });
  if (ignored.length > 0) {
    const message = `${ignored.length} Parquet files that name no split are not read, such as ${ignored[0]}`;
    options.onEvent?.({ event: "notice", message });
  }
  const [one] = opened;
  if (one === undefined) throw new FormatError(directory, "holds no Parquet file");
  const trained = of(splits.get("train") ?? splits.get(null) ?? paths);
  const names = one.columns.classes ?? (await readClassNames([folder]));
  const labels = new Set(trained.flatMap((file) => [...new Set(file.labels)]).filter((label) => label >= 0));
  const { classes } = numberClasses(directory, labels, names);
  const column = one.columns.image.path.join(".");
  const named = (files: readonly string[]): NamedImages => {
    const source = sourceOf(folder, column, of(files));
    const nameOf = (image: number): string => `${source.files[source.fileOf[image] ?? -1]}: row ${source.rows[image]}`;
    checkLabels(source.labels, classes.length, nameOf);
    if (source.labels.length === 0) throw new FormatError(files[0] ?? directory, "holds no image with a label");
    return { source, nameOf };
  };
  const { described, ...sources } = arrangeSplits(
    directory,
    new Map([...splits].map(([split, files]) => [split, named(files)])),
  );
  await tellSharedPictures(directory, sources, options);
  const readsContents = opened.reduce((sum, { file }) => sum + file.bytes, 0) <= largestReadBytes;
  const files = [];
  for (const file of opened) files.push({ path: file.file.path, sha256: await checksumOf(file, readsContents) });
  const whole: DataSet = {
    name: basename(folder),
    classes,
    ...sources,
    origin: `Parquet: ${paths.length} files, ${described}, ${classes.length} classes (${one.columns.label.path.join(".")}), in ${directory}`,
    files,
    leftOut,
    labelsAreFixed: true,
  };
  return withValidation(directory, whole, options);
};

/** Opens a folder of Parquet files, or null where there is none. */
export const parquetFolder = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const containers = await findContainers(directory, ".parquet");
  return containers === null ? null : openParquet(directory, containers, options);
};
