// A picture of any size from a file, as a network takes it: its channels, its height and width. sharp decodes and resizes.
// Nothing clever is done: no crop, no inverting. Fashion-MNIST's pictures, for one, are white clothes on black; a photograph on
// white is another kind of picture to a network trained on them.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import sharp from "sharp";
import { FormatError, UsageError } from "../../base/errors.ts";
import type { Pixels } from "../reader.ts";
import type { PixelShape } from "../source.ts";

/** Larger files are refused before they are read. */
const largestFileBytes = 64 * 2 ** 20;
/** Larger pictures are refused before they are decoded: a small file can claim billions of pixels. */
const largestPixels = 100_000_000;
/** The filter that pictures are resized with, stretched to the network's height and width; a picture of that size is left as it is. */
export const resizeFilter = "lanczos3";

const decodedFormats = new Set(["png", "jpeg", "webp"]);

/**
 * Reads a PNG, JPEG or WebP file: transparency on black, orientation as its EXIF says, grey (by sRGB's luminance) for one channel
 * and RGB for three, resized with Lanczos (a = 3) to the shape. Throws UsageError for a file that can't be read, FormatError for
 * one that holds no such picture or a damaged one.
 */
export const readImageFile = async (file: string, shape: PixelShape, cwd: string): Promise<Pixels> => {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(`pictures have 1 or 3 channels but the network takes ${channels}`);
  }
  const bytes = await readBounded(file, cwd);
  try {
    const picture = sharp(bytes, { limitInputPixels: largestPixels, failOn: "error", pages: 1 });
    const { format } = await picture.metadata();
    if (!decodedFormats.has(format ?? ""))
      throw new FormatError(file, `is a ${format} file; PNG, JPEG and WebP are read`);
    const raw = await picture
      .rotate()
      .flatten({ background: "black" })
      .resize(width, height, { fit: "fill", kernel: resizeFilter })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { bytes: channelsFirst(raw.data, raw.info.channels, shape), offset: 0, shape };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(file, `is not a picture that can be read: PNG, JPEG or WebP (${reasonOf(error)})`);
  }
};

const readBounded = async (file: string, cwd: string): Promise<Uint8Array> => {
  const path = resolve(cwd, file);
  const found = await stat(path).catch(() => null);
  if (found === null) throw new UsageError(`there is no file ${file}`);
  if (!found.isFile()) throw new UsageError(`${file} is not a file`);
  if (found.size > largestFileBytes) {
    throw new UsageError(`${file} has ${found.size} bytes; pictures of at most ${largestFileBytes} are read`);
  }
  return readFile(path).catch((error: unknown) => {
    throw new UsageError(`${file} can't be read: ${reasonOf(error)}`);
  });
};

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** [H, W, C′] to [C, H, W], of the first C of C′ channels. */
const channelsFirst = (data: Uint8Array, given: number, [channels, height, width]: PixelShape): Uint8Array => {
  const area = height * width;
  const bytes = new Uint8Array(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) bytes[c * area + i] = data[i * given + c]!;
  }
  return bytes;
};
