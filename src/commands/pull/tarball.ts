// Files out of a gzipped tarball, into memory. No entry is ever written to the disk, links are never followed, and what is not asked for
// is skipped; so an entry's name can do no harm.
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import { FormatError } from "../../base/errors.ts";

/**
 * The regular files of the tarball `path` that `wanted` names, by name. Of two of one name the last counts, as with tar. Throws
 * FormatError for what isn't a gzipped tarball, is damaged, or unpacks to more than `maxBytes`.
 */
export const readTarball = async (
  path: string,
  wanted: (name: string) => boolean,
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  const files = new Map<string, Uint8Array>();
  const entries = tar.extract();
  let unpacked = 0;
  const take = async (): Promise<void> => {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header;
      unpacked += size;
      if (unpacked > maxBytes)
        throw new FormatError(path, `unpacks to more than the ${maxBytes} bytes that are allowed`);
      const keep = (type === "file" || type === "contiguous-file") && wanted(name);
      const content = new Uint8Array(keep ? size : 0);
      let filled = 0;
      for await (const chunk of entry) {
        if (!keep || !(chunk instanceof Uint8Array)) continue;
        content.set(chunk, filled);
        filled += chunk.length;
      }
      if (keep) files.set(name, content);
    }
  };
  try {
    await Promise.all([pipeline(createReadStream(path), createGunzip(), entries), take()]);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      path,
      `is no gzipped tarball, or a damaged one (${error instanceof Error ? error.message : error})`,
    );
  }
  return files;
};
