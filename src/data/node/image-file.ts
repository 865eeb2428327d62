// A picture of any size from a file, in the channels that a network takes. prepare-image.ts does the rest.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { explainFileError, systemCode } from "../../base/file-error.ts";
import type { Picture } from "../resample.ts";
import { openPicture } from "./decode-picture.ts";
import { largestFileBytes } from "./stored-picture.ts";

/**
 * Reads a PNG, JPEG, WebP, AVIF or GIF file (its first frame): transparency on black, orientation as its EXIF says, grey (by sRGB's
 * luminance) for one channel and RGB for three, in its own size. Throws UsageError for a file that can't be read, FormatError for
 * one that holds no such picture or a damaged one, FileError where the disk failed.
 */
export const readImageFile = async (file: string, channels: number, cwd: string): Promise<Picture> => {
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(`pictures have 1 or 3 channels but the network takes ${channels}`);
  }
  const picture = await openPicture(file, await readBounded(file, cwd));
  return picture.decode(channels);
};

const readBounded = async (file: string, cwd: string): Promise<Uint8Array> => {
  const path = resolve(cwd, file);
  try {
    return await readWhole(path, file);
  } catch (error) {
    if (systemCode(error) === "ENOENT") throw new UsageError(`there is no file ${file}`);
    throw explainFileError(error, path, `read ${file}`);
  }
};

const readWhole = async (path: string, file: string): Promise<Uint8Array> => {
  const found = await stat(path);
  if (!found.isFile()) throw new UsageError(`${file} is not a file`);
  if (found.size > largestFileBytes) {
    throw new UsageError(`${file} has ${found.size} bytes; pictures of at most ${largestFileBytes} are read`);
  }
  return readFile(path);
};
