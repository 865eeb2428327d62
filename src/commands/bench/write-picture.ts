// Writes a picture to the file that a person named, as the kind that its name ends with.
import { extname, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { writeFileAtomically } from "../../checkpoint/node/atomic-file.ts";
import type { Picture } from "../report/picture.ts";
import { drawPng } from "../report/png.ts";

/** Throws UsageError for a name that ends otherwise than in .svg or .png: to be called before anything is measured. */
export const checkPictureName = (file: string): void => {
  if (![".svg", ".png"].includes(extname(file).toLowerCase())) {
    throw new UsageError(`--picture should name a file that ends in .svg or .png but is "${file}"`);
  }
};

/** Gives the whole path. An existing file is replaced, by a whole one or not at all. Throws UsageError, FileError. */
export const writePicture = async (picture: Picture, file: string, cwd: string): Promise<string> => {
  const path = resolve(cwd, file);
  const isPng = extname(file).toLowerCase() === ".png";
  await writeFileAtomically(path, [
    isPng ? await drawPng(picture.text) : new TextEncoder().encode(`${picture.text}\n`),
  ]);
  return path;
};
