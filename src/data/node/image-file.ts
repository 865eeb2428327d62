// A picture of any size from a file, in the channels that a network takes, decoded by sharp. prepare-image.ts does the rest. Nothing
// clever is done, such as inverting: Fashion-MNIST's pictures, for one, are white clothes on black; a photograph on white is another
// kind of picture to a network trained on them.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import sharp from "sharp";
import { FormatError, UsageError } from "../../base/errors.ts";
import type { Picture } from "../resample.ts";

/** Larger files are refused before they are read. */
const largestFileBytes = 64 * 2 ** 20;
/** Larger pictures are refused before they are decoded: a small file can claim billions of pixels. */
const largestPixels = 100_000_000;

const decodedFormats = new Set(["png", "jpeg", "webp"]);

/**
 * Reads a PNG, JPEG or WebP file: transparency on black, orientation as its EXIF says, grey (by sRGB's luminance) for one channel
 * and RGB for three, in its own size. Throws UsageError for a file that can't be read, FormatError for one that holds no such
 * picture or a damaged one.
 */
export const readImageFile = async (file: string, channels: number, cwd: string): Promise<Picture> => {
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
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = raw.info;
    return { width, height, channels, bytes: firstChannels(raw.data, raw.info.channels, channels) };
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

/** [H, W, C′] to [H, W, C]: the first C of C′ channels. */
const firstChannels = (data: Uint8Array, given: number, channels: number): Uint8Array => {
  if (given === channels) return data;
  const bytes = new Uint8Array((data.length / given) * channels);
  for (let i = 0; i < bytes.length; i++) bytes[i] = data[Math.floor(i / channels) * given + (i % channels)]!;
  return bytes;
};
