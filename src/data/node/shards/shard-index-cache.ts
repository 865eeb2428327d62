// Indexes of shards that were read before, in the cache folder: reading the headers of a shard of ImageNet takes a fraction of a second,
// of all of it a minute or more. An index counts for a file of the same path, size and time of change; what can't be read is made anew.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { FormatError } from "../../../base/errors.ts";
import { readingError } from "../use-file.ts";
import { writeWhole } from "../write-whole.ts";
import { indexShard, type ShardIndex } from "./shard-index.ts";

/** Raised whenever an index of the same shard would be another. */
const formatVersion = 1;

const whole = z.int().min(0);
const stored = z.object({
  version: z.literal(formatVersion),
  path: z.string(),
  bytes: whole,
  changedMs: z.number(),
  /** Of the whole shard; null where it wasn't read whole. */
  sha256: z.string().nullable(),
  /** Name, offset, length, label. */
  samples: z.array(z.tuple([z.string(), whole, whole, z.union([whole, z.string()])])),
  leftOut: z.array(z.tuple([z.string(), z.string()])),
  withoutImage: whole,
});

/** A shard as it was found. `sha256` is of its contents, or where they were not read of the list of its samples. */
export interface FoundShard extends ShardIndex {
  readonly sha256: string;
}

/** Larger indexes are not read: of a shard of a million samples they have some 60 MB. */
const largestIndexBytes = 2 ** 28;

const contentsSha256 = async (path: string): Promise<string> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return hash.digest("hex");
};

const listSha256 = (samples: ShardIndex["samples"]): string => {
  const hash = createHash("sha256");
  for (const { name, length, label } of samples) hash.update(`${JSON.stringify([name, length, label])}\n`);
  return hash.digest("hex");
};

const readStored = async (file: string): Promise<z.infer<typeof stored> | null> => {
  try {
    if ((await stat(file)).size > largestIndexBytes) return null;
    return stored.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null; // it isn't there, or it is damaged: made anew
  }
};

/**
 * The index of the shard at `path`, which errors call `name`. `readsContents`: its checksum is to be that of its contents. Without a
 * `cache` folder nothing is kept. Throws FormatError where the shard is damaged or isn't there, UsageError where it may not be read,
 * FileError where the disk failed.
 */
export const openShard = async (
  path: string,
  name: string,
  readsContents: boolean,
  cache: string | undefined,
): Promise<FoundShard> => {
  try {
    return await findShard(path, name, readsContents, cache);
  } catch (error) {
    throw readingError(error, path, name);
  }
};

const findShard: typeof openShard = async (path, name, readsContents, cache) => {
  const found = await stat(path);
  if (!found.isFile()) throw new FormatError(name, "is not a file");
  const [absolute, bytes, changedMs] = [resolve(path), found.size, found.mtimeMs];
  const key = createHash("sha256").update(absolute).digest("hex").slice(0, 32);
  const folder = cache === undefined ? null : join(cache, "shard-indexes");
  const kept = folder === null ? null : await readStored(join(folder, `${key}.json`));
  const isValid = kept !== null && kept.path === absolute && kept.bytes === bytes && kept.changedMs === changedMs;
  if (kept !== null && isValid && (kept.sha256 !== null || !readsContents)) {
    const samples = kept.samples.map(([member, offset, length, label]) => ({ name: member, offset, length, label }));
    const leftOut = kept.leftOut.map(([member, problem]) => ({ name: member, problem }));
    return { samples, leftOut, withoutImage: kept.withoutImage, sha256: kept.sha256 ?? listSha256(samples) };
  }
  const index = await indexShard(path, name, bytes);
  const sha256 = readsContents ? await contentsSha256(path) : null;
  if (folder !== null) {
    const { samples, leftOut, withoutImage } = index;
    const record: z.infer<typeof stored> = {
      version: formatVersion,
      path: absolute,
      bytes,
      changedMs,
      sha256,
      samples: samples.map(({ name: member, offset, length, label }) => [member, offset, length, label]),
      leftOut: leftOut.map(({ name: member, problem }) => [member, problem]),
      withoutImage,
    };
    // A cache that can't be written to costs time, nothing else.
    await writeWhole(join(folder, `${key}.json`), Buffer.from(JSON.stringify(record))).catch(() => {});
  }
  return { ...index, sha256: sha256 ?? listSha256(index.samples) };
};
