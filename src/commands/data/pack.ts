// `residual data pack <data> --shards <folder>`: any data set as tar shards of a WebDataset, as a function. Printing is the command line's.
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { explainFileError } from "../../base/file-error.ts";
import { isTemporaryName, syncDirectory, writeTextAtomically } from "../../checkpoint/node/atomic-file.ts";
import type { DataSet, LeftOutFile } from "../../data/data-set.ts";
import { packRecordName } from "../../data/node/containers/class-names.ts";
import { printable } from "../../data/node/printable.ts";
import type { ImageSource } from "../../data/source.ts";
import type { CommandEnvironment } from "../environment.ts";
import { newFile } from "../new-file.ts";
import { type WrittenShard, writeShards } from "./write-shards.ts";

export interface PackOptions {
  /** A data set's name or path. */
  readonly data: string;
  /** The folder to be made. Nothing is overwritten. */
  readonly shards: string;
  /** Largest shard, in bytes; default 256 MiB. */
  readonly shardBytes?: number;
}

export interface PackDocument {
  readonly folder: string;
  /** What was packed, for people. */
  readonly origin: string;
  readonly classes: number;
  readonly images: number;
  readonly bytes: number;
  /** `sha256` is null for shards that an earlier, interrupted try has written. */
  readonly shards: readonly WrittenShard[];
  /** Images that can't be read, which no shard has. */
  readonly leftOut: readonly LeftOutFile[];
}

type PackEnvironment = Pick<CommandEnvironment, "host" | "openDataSet" | "onEvent" | "signal">;

/** As WebDataset's shards usually are: large enough to be read at a disk's full speed, small enough to be copied one by one. */
const defaultShardBytes = 2 ** 28;
const leastShardBytes = 2 ** 14;

/** What an unfinished pack is of, as text: one that goes on must be of the same, wherever it lies and however its path is written. */
const planOf = ({ name, classes, files, ...splits }: DataSet, shardBytes: number): string =>
  `${JSON.stringify(
    {
      format: 1,
      name,
      classes,
      images: Object.fromEntries(splitsOf(splits).map(([prefix, { labels }]) => [prefix, labels.length])),
      shardBytes,
      sources: files.map(({ sha256 }) => sha256),
    },
    null,
    2,
  )}\n`;

/** Splits by what their shards are called. A data set whose test images came from val/ and one with test/ alone read back alike. */
const splitsOf = ({
  train,
  validation,
  test,
}: Pick<DataSet, "train" | "test" | "validation">): readonly (readonly [prefix: string, source: ImageSource])[] =>
  validation === null
    ? [
        ["train", train],
        ["val", test],
      ]
    : [
        ["train", train],
        ["val", validation],
        ["test", test],
      ];

/** The folder that is written into until it is whole. Throws UsageError where it holds another pack. */
const openWorkingFolder = async (folder: string, plan: string): Promise<void> => {
  const planFile = join(folder, packRecordName);
  if ((await stat(folder).catch(() => null)) === null) {
    await mkdir(folder);
    await writeTextAtomically(planFile, plan);
    return;
  }
  const before = await readFile(planFile, "utf8").catch(() => null);
  const names = await readdir(folder);
  if (before !== plan && !(before === null && names.every(isTemporaryName))) {
    throw new UsageError(
      `${folder} holds an unfinished pack of other data, or other options; remove it, or choose another folder`,
    );
  }
  // What a kill has left.
  for (const name of names.filter(isTemporaryName)) await rm(join(folder, name), { force: true });
  if (before === null) await writeTextAtomically(planFile, plan);
};

/**
 * Writes `folder`/train-000000.tar, … and val-…, with test-… where there is a validation split besides; classes.txt, one name a line in the
 * order of the labels; and pack.json, what it is made of. A sample is 000000017.cls, the label, and 000000017.jpg (or what it is), the
 * image's own bytes, numbered as the data set has them; images that were never files are written as PNG. The same data give the
 * same bytes. The folder gets its name when all is written: until then it is called `folder`.part, and another try goes on
 * there after its last whole shard.
 * Throws UsageError for a folder that exists, and for an unfinished pack of something else; FileError where the disk is full.
 */
export const packData = async (
  { data, shards: named, shardBytes = defaultShardBytes }: PackOptions,
  { host, openDataSet, onEvent, signal }: PackEnvironment,
): Promise<PackDocument> => {
  if (!(Number.isInteger(shardBytes) && shardBytes >= leastShardBytes)) {
    throw new UsageError(`a shard has at least ${leastShardBytes} bytes, not ${shardBytes}`);
  }
  const folder = await newFile(named, host.cwd);
  const working = `${folder}.part`;
  const dataSet = await openDataSet(data, { onEvent, ...(signal && { signal }) });
  const splits = splitsOf(dataSet);
  const ofImages = splits.reduce((sum, [, { labels }]) => sum + labels.length, 0);
  try {
    await openWorkingFolder(working, planOf(dataSet, shardBytes));
    const shards: WrittenShard[] = [];
    const leftOut: LeftOutFile[] = [...(dataSet.leftOut ?? [])];
    let before = 0;
    for (const [prefix, source] of splits) {
      const onImage = (images: number): void =>
        onEvent({ event: "packing", folder, images: before + images, ofImages });
      const written = await writeShards({ folder: working, prefix, source, shardBytes, signal, onImage });
      shards.push(...written.shards);
      for (const { file, problem } of written.leftOut) {
        onEvent({ event: "warning", message: `${file}: ${problem}; it is left out` });
      }
      leftOut.push(...written.leftOut);
      before += source.labels.length;
    }
    await writeTextAtomically(join(working, "classes.txt"), `${dataSet.classes.map(printable).join("\n")}\n`);
    await rename(working, folder);
    await syncDirectory(dirname(folder));
    return {
      folder,
      origin: dataSet.origin,
      classes: dataSet.classes.length,
      images: shards.reduce((sum, { images }) => sum + images, 0),
      bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
      shards,
      leftOut,
    };
  } catch (error) {
    const remains = `what is whole lies in ${basename(working)}; the same command goes on there`;
    throw explainFileError(error, folder, `write the shards in ${working}`, remains);
  }
};
