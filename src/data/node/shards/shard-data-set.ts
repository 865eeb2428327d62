// Tar shards of a WebDataset as a data set. Shards are not streamed in the order of their bytes: an index of where each image lies makes any
// image as near as any other, so the sampler's permutation is over all images, every epoch has each image exactly once, and batches
// are the same for any number of workers, as from every other source.

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../../base/errors.ts";
import type { DataFile, DataSet, LeftOutFile } from "../../data-set.ts";
import type { ImageSource } from "../../source.ts";
import { arrangeSplits, type NamedImages, withValidation } from "../containers/arrange-splits.ts";
import { type NumberedClasses, numberClasses, readClassNames } from "../containers/class-names.ts";
import { type ContainerFiles, type ContainerSplit, findContainers } from "../containers/container-files.ts";
import { tellSharedPictures } from "../containers/shared-pictures.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import { type FoundShard, openShard } from "./shard-index-cache.ts";

/** Shards indexed together. */
const atOnce = 4;

/** Shards of more bytes are not read as a whole, so their checksum is of the list of their samples alone (as for folders). */
const largestReadBytes = 2 ** 30;

interface SplitShards {
  readonly files: readonly string[];
  readonly shards: readonly FoundShard[];
}

const sourceOf = (
  folder: string,
  { files, shards }: SplitShards,
  { classes, numberOf }: NumberedClasses,
): ImageSource => {
  const count = shards.reduce((sum, { samples }) => sum + samples.length, 0);
  const shared = (bytes: number) => new SharedArrayBuffer(bytes * count);
  const labels = new Int32Array(shared(4));
  const fileOf = new Int32Array(shared(4));
  const offsets = new Float64Array(shared(8));
  const lengths = new Int32Array(shared(4));
  const names: string[] = [];
  for (const [file, { samples }] of shards.entries()) {
    for (const { name, offset, length, label } of samples) {
      const image = names.length;
      const number = numberOf(label);
      if (number === undefined) {
        throw new UsageError(
          `${files[file]}: ${name} is of the class ${JSON.stringify(label)}, which is none of the ${classes.length} classes to train on`,
        );
      }
      labels[image] = number;
      fileOf[image] = file;
      offsets[image] = offset;
      lengths[image] = length;
      names.push(name);
    }
  }
  return { kind: "spans", folder, files, fileOf, offsets, lengths, names, labels };
};

const namedImages = (source: ImageSource): NamedImages => ({
  source,
  nameOf: (image) => (source.kind === "spans" ? (source.names[image] ?? "") : ""),
});

const checkUsable = (directory: string, name: string, { files, shards }: SplitShards): void => {
  if (shards.some(({ samples }) => samples.length > 0)) return;
  const example = shards.flatMap(({ leftOut }) => leftOut)[0];
  const reason = example === undefined ? "" : `, for example ${example.name}: ${example.problem}`;
  throw new UsageError(
    `${directory}: the ${files.length} tar shards of ${name} hold no image with a label${reason}; a sample is an image (.jpg, .png, .webp, .gif) and its class (.cls, .json or .txt) under one name`,
  );
};

const tell = (
  { splits, ignored }: ContainerFiles,
  found: ReadonlyMap<ContainerSplit | null, SplitShards>,
  options: DataSetOptions,
): readonly LeftOutFile[] => {
  if (ignored.length > 0) {
    const names = `${ignored.slice(0, 3).join(", ")}${ignored.length > 3 ? ", …" : ""}`;
    const message = `${ignored.length} files that name no split are not read: ${names}`;
    options.onEvent?.({ event: "notice", message });
  }
  const shards = [...splits.keys()].flatMap((split) => {
    const of = found.get(split);
    return of === undefined ? [] : of.shards.map((shard, i) => ({ shard, file: of.files[i] ?? "" }));
  });
  const leftOut = shards.flatMap(({ shard, file }) =>
    shard.leftOut.map(({ name, problem }) => ({ file: `${file}: ${name}`, problem })),
  );
  const first = leftOut[0];
  if (first !== undefined) {
    const message = `${leftOut.length} images of tar shards are left out, for example ${first.file}: ${first.problem}`;
    options.onEvent?.({ event: "warning", message });
  }
  const withoutImage = shards.reduce((sum, { shard }) => sum + shard.withoutImage, 0);
  if (withoutImage > 0) {
    options.onEvent?.({
      event: "notice",
      message: `${withoutImage} samples of tar shards hold no image and are passed over`,
    });
  }
  return leftOut;
};

/** Reads the shards of a data set. `directory` is how the person named it. Throws UsageError and FormatError. */
export const openShards = async (
  directory: string,
  containers: ContainerFiles,
  options: DataSetOptions = {},
): Promise<DataSet> => {
  const { folder, splits } = containers;
  const files = [...splits.values()].flat();
  const sizes = await mapConcurrently(files, atOnce, async (file) => (await stat(join(folder, file))).size);
  const readsContents = sizes.reduce((sum, bytes) => sum + bytes, 0) <= largestReadBytes;
  let done = 0;
  const found = await mapConcurrently(files, atOnce, async (file) => {
    options.signal?.throwIfAborted();
    const shard = await openShard(
      join(folder, file),
      join(directoryOf(directory, files), file),
      readsContents,
      options.cache,
    );
    done++;
    options.onEvent?.({ event: "probing", folder, files: done, ofFiles: files.length });
    return shard;
  });
  const shardOf = new Map(files.map((file, i) => [file, found[i]]));
  const ofSplit = new Map(
    [...splits].map(([split, names]) => {
      const shards = names.flatMap((name) => shardOf.get(name) ?? []);
      return [split, { files: names, shards }] as const;
    }),
  );
  for (const [split, of] of ofSplit) checkUsable(directory, split ?? "this data set", of);
  const leftOut = tell(containers, ofSplit, options);
  const trained = ofSplit.get("train") ?? ofSplit.get(null) ?? [...ofSplit.values()][0];
  const labels = new Set(trained?.shards.flatMap(({ samples }) => samples.map(({ label }) => label)));
  const names = await readClassNames([folder]);
  const numbered = numberClasses(directory, labels, names);
  const arranged = arrangeSplits(
    directory,
    new Map([...ofSplit].map(([split, of]) => [split, namedImages(sourceOf(folder, of, numbered))])),
  );
  const { described, ...sources } = arranged;
  await tellSharedPictures(directory, sources, options);
  const dataFiles: readonly DataFile[] = files.map((file, i) => ({
    path: join(folder, file),
    sha256: found[i]?.sha256 ?? "",
  }));
  const whole: DataSet = {
    name: basename(folder),
    classes: numbered.classes,
    ...sources,
    origin: `tar shards (WebDataset): ${files.length}, ${described}, ${numbered.classes.length} classes, in ${directory}`,
    files: dataFiles,
    leftOut,
    labelsAreFixed: [...labels].every((label) => typeof label === "number"),
  };
  return withValidation(directory, whole, options);
};

/** What errors put before a shard's name: the folder as the person named it, or that of the files they named. */
const directoryOf = (directory: string, files: readonly string[]): string =>
  files.some((file) => directory.endsWith(file)) || directory.includes("{") ? dirname(directory) : directory;

const compressed = /\.(tar\.(gz|bz2|xz|zst)|tgz)$/i;

/** Opens a folder of tar shards, or null where there is none. Throws UsageError for shards that are compressed. */
export const shardFolder = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const containers = await findContainers(directory, ".tar");
  if (containers !== null) return openShards(directory, containers, options);
  const names = await readdir(directory);
  const packed = names.filter((name) => compressed.test(name));
  const isAll = packed.length > 0 && packed.length === names.filter((name) => !name.startsWith(".")).length;
  if (!isAll) return null;
  throw new UsageError(
    `${join(directory, packed[0] ?? "")} is a compressed tar shard; images are read from any place of a shard, so decompress them first (gunzip *.tar.gz); pictures hardly take less space compressed`,
  );
};
