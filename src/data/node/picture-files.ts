// Opens a source of picture files: each is read and decoded when it is asked for, one at a time.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { PictureReader } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { printable } from "./printable.ts";

/** A whole file. Throws FormatError where it isn't there, is no file, is empty, too large, or can't be read. */
export const readPictureFile = async (path: string, name: string, largestBytes: number): Promise<Uint8Array> => {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new FormatError(name, "is not a file");
    if (found.size === 0) throw new FormatError(name, "is empty: 0 bytes");
    if (found.size > largestBytes) {
      throw new FormatError(name, `has ${found.size} bytes; pictures of at most ${largestBytes} are read`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new FormatError(name, code === "ENOENT" ? "is not there" : `can't be read (${code})`);
  }
};

export const readPictureFiles = ({ folder, paths, labels }: ImageSource<"files">): PictureReader => ({
  kind: "pictures",
  labels,
  nameOf: (image) => printable(paths[image] ?? `image ${image}`),
  picture: async (image) => {
    const path = paths[image];
    if (path === undefined) throw new RangeError(`image ${image} of a source of ${labels.length}`);
    // Loaded when the first picture is: sources in memory have no use for the decoder.
    const { decodeOnOneThread, largestFileBytes, openPicture } = await import("./decode-picture.ts");
    decodeOnOneThread();
    const name = printable(path);
    return openPicture(name, await readPictureFile(join(folder, path), name, largestFileBytes));
  },
});
