// Opens a source of picture files: each is read and decoded when it is asked for, one at a time.
import { constants, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { PictureReader } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { printable } from "./printable.ts";
import { largestFileBytes, readStoredPictures } from "./stored-picture.ts";
import { readingError } from "./use-file.ts";

/** Bytes of an open file, at most as many as the array has; gives how many there were. */
const fill = async (file: FileHandle, bytes: Uint8Array): Promise<number> => {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
};

/**
 * A whole file, and never more bytes than it had when it was opened. Throws FormatError where it isn't there, is no file, is empty, too
 * large, grows or shrinks meanwhile; what says nothing about the picture is UsageError (permission denied) or FileError (the disk failed).
 */
export const readPictureFile = async (path: string, name: string, largestBytes: number): Promise<Uint8Array> => {
  let file: FileHandle | null = null;
  try {
    // Without waiting for who might write to it, where it is a pipe.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await file.stat();
    if (!found.isFile()) throw new FormatError(name, "is not a file");
    if (found.size === 0) throw new FormatError(name, "is empty: 0 bytes");
    if (found.size > largestBytes) {
      throw new FormatError(name, `has ${found.size} bytes; pictures of at most ${largestBytes} are read`);
    }
    const bytes = new Uint8Array(found.size);
    const read = await fill(file, bytes);
    const after = await file.stat();
    if (read !== found.size || after.size !== found.size) {
      throw new FormatError(name, `changes while it is read: it had ${found.size} bytes and has ${after.size} now`);
    }
    return bytes;
  } catch (error) {
    throw readingError(error, path, name);
  } finally {
    await file?.close();
  }
};

export const readPictureFiles = ({ folder, paths, labels }: ImageSource<"files">): PictureReader => {
  const nameOf = (image: number): string => printable(paths[image] ?? `image ${image}`);
  const bytesOf = async (image: number): Promise<Uint8Array> => {
    const path = paths[image];
    if (path === undefined) throw new RangeError(`image ${image} of a source of ${labels.length}`);
    return readPictureFile(join(folder, path), nameOf(image), largestFileBytes);
  };
  return readStoredPictures({ labels, nameOf, bytes: bytesOf });
};
