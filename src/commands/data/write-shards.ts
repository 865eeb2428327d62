// Writes the images of one split as tar shards of a WebDataset, one shard after the other. A shard gets its name when it is whole and on the
// disk, so those that have theirs need not be written again.
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import { syncDirectory, temporaryName } from "../../checkpoint/node/atomic-file.ts";
import type { LeftOutFile } from "../../data/data-set.ts";
import { type ImageFile, openImageFiles } from "../../data/node/image-bytes.ts";
import { indexShard } from "../../data/node/shards/shard-index.ts";
import type { ImageSource } from "../../data/source.ts";
import { tarEnd, tarEntry, tarEntryBytes } from "../../data/tar-entry.ts";

export interface WrittenShard {
  readonly file: string;
  readonly images: number;
  readonly bytes: number;
  /** Null for one that was there already. */
  readonly sha256: string | null;
}

export interface ShardsOrder {
  readonly folder: string;
  /** "train", "val" or "test": shards are called train-000000.tar, … */
  readonly prefix: string;
  readonly source: ImageSource;
  /** A shard ends before the image that would make it larger; one image alone may. */
  readonly shardBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onImage: (images: number) => void;
}

export interface WrittenShards {
  readonly shards: readonly WrittenShard[];
  readonly leftOut: readonly LeftOutFile[];
}

const digits = (number: number, count: number): string => String(number).padStart(count, "0");
const shardName = (prefix: string, number: number): string => `${prefix}-${digits(number, 6)}.tar`;

/** Image i of a split is the sample of this name. */
const keyOf = (image: number): string => digits(image, 9);

/** What an earlier try has written. */
interface Found {
  readonly shards: WrittenShard[];
  /** The image after their last. */
  readonly next: number;
  /** Images before it that no shard has. */
  readonly missing: readonly number[];
}

const findWritten = async ({ folder, prefix }: ShardsOrder): Promise<Found> => {
  const shards: WrittenShard[] = [];
  const missing: number[] = [];
  let next = 0;
  for (;;) {
    const file = shardName(prefix, shards.length);
    const found = await stat(join(folder, file)).catch(() => null);
    if (found === null) return { shards, next, missing };
    const { samples } = await indexShard(join(folder, file), file, found.size);
    for (const { name } of samples) {
      const image = Number.parseInt(name, 10);
      for (; next < image; next++) missing.push(next);
      next = image + 1;
    }
    shards.push({ file, images: samples.length, bytes: found.size, sha256: null });
  }
};

/** A shard that is being written. */
interface OpenShard {
  readonly handle: FileHandle;
  readonly temporary: string;
  readonly file: string;
  readonly hash: ReturnType<typeof createHash>;
  images: number;
  bytes: number;
}

const openShard = async (folder: string, file: string): Promise<OpenShard> => {
  const temporary = join(folder, temporaryName(file));
  return { handle: await open(temporary, "wx"), temporary, file, hash: createHash("sha256"), images: 0, bytes: 0 };
};

const append = async (shard: OpenShard, parts: readonly Uint8Array[]): Promise<void> => {
  const bytes = Buffer.concat(parts);
  for (let done = 0; done < bytes.length; ) {
    done += (await shard.handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
  shard.hash.update(bytes);
  shard.bytes += bytes.length;
};

const finish = async (folder: string, shard: OpenShard): Promise<WrittenShard> => {
  await append(shard, [tarEnd]);
  await shard.handle.sync();
  await shard.handle.close();
  await rename(shard.temporary, join(folder, shard.file));
  await syncDirectory(folder);
  const { file, images, bytes } = shard;
  return { file, images, bytes, sha256: shard.hash.digest("hex") };
};

const labelEntry = (image: number, label: number): readonly Uint8Array[] =>
  tarEntry(`${keyOf(image)}.cls`, new TextEncoder().encode(String(label)));

type ReadImage = ReturnType<typeof openImageFiles>;

/** An image, or why it can't be had. */
const tryToRead = async (readImage: ReadImage, image: number): Promise<ImageFile | LeftOutFile> => {
  try {
    return await readImage(image);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { file: error.file, problem: error.message.slice(error.file.length + 2) };
  }
};

/** What an earlier try has left out of its shards, which stay as they are. */
const leftOutBefore = async (readImage: ReadImage, missing: readonly number[]): Promise<LeftOutFile[]> => {
  const leftOut: LeftOutFile[] = [];
  for (const image of missing) {
    const file = await tryToRead(readImage, image);
    const problem = "could not be read when its shard was written";
    leftOut.push("problem" in file ? file : { file: file.name, problem });
  }
  return leftOut;
};

/**
 * Writes what is missing of a split's shards. Images that can't be read are left out. System errors pass through, and leave whole shards
 * behind.
 */
export const writeShards = async (order: ShardsOrder): Promise<WrittenShards> => {
  const { folder, prefix, source, shardBytes, signal, onImage } = order;
  const { shards, next, missing } = await findWritten(order);
  const readImage = openImageFiles(source);
  const leftOut = await leftOutBefore(readImage, missing);
  let shard: OpenShard | null = null;
  try {
    for (let image = next; image < source.labels.length; image++) {
      signal?.throwIfAborted();
      const file = await tryToRead(readImage, image);
      if ("problem" in file) {
        leftOut.push(file);
        continue;
      }
      const label = labelEntry(image, source.labels[image]!);
      const added = tarEntryBytes(file.bytes.length) + tarEntryBytes(label[1]!.length);
      if (shard !== null && shard.bytes + added + tarEnd.length > shardBytes) {
        shards.push(await finish(folder, shard));
        shard = null;
      }
      shard ??= await openShard(folder, shardName(prefix, shards.length));
      await append(shard, [...label, ...tarEntry(`${keyOf(image)}.${file.extension}`, file.bytes)]);
      shard.images++;
      onImage(image + 1);
    }
    if (shard !== null) shards.push(await finish(folder, shard));
    shard = null;
    return { shards, leftOut };
  } finally {
    if (shard !== null) {
      await shard.handle.close().catch(() => {});
      await rm(shard.temporary, { force: true }).catch(() => {});
    }
  }
};
