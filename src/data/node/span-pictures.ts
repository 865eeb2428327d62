// Opens a source of pictures within larger files (tar shards): each is read from its place when it is asked for. The shard is opened for
// each picture anew, so that nothing has to be closed; beside decoding that costs little.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { PictureReader } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { openStoredPicture } from "./stored-picture.ts";

/** So many bytes of a file from `offset` on. Throws FormatError where they aren't there, or can't be read. */
export const readSpan = async (path: string, offset: number, length: number, name: string): Promise<Uint8Array> => {
  try {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      if (bytesRead < length) throw new FormatError(name, `is cut off: ${bytesRead} of its ${length} bytes are there`);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new FormatError(name, code === "ENOENT" ? "is not there" : `can't be read (${code})`);
  }
};

export const readSpans = (source: ImageSource<"spans">): PictureReader => {
  const { folder, files, fileOf, offsets, lengths, labels, names } = source;
  const nameOf = (image: number): string => `${files[fileOf[image] ?? -1] ?? folder}: ${names[image] ?? image}`;
  return {
    kind: "pictures",
    labels,
    nameOf,
    picture: async (image) => {
      const file = files[fileOf[image] ?? -1];
      const [offset, length] = [offsets[image], lengths[image]];
      if (file === undefined || offset === undefined || length === undefined) {
        throw new RangeError(`image ${image} of a source of ${labels.length}`);
      }
      const name = nameOf(image);
      return openStoredPicture(name, length, () => readSpan(join(folder, file), offset, length, name));
    },
  };
};
