// Pictures from the bytes of a file: PNG, JPEG, WebP, AVIF, or the first frame of a GIF, decoded by sharp (libvips) to the numbers that
// Pillow's convert("RGB") gives, after ImageOps.exif_transpose (test/pictures holds them to it): profiles of RGB and grey are ignored, as
// all that published weights were trained on had them ignored, and of 16 bits the upper 8 are kept. Three things differ. Of CMYK the
// file's own profile counts, or a common one: Pillow's (1 − C)·(1 − K) are not the colours that anybody sees. What is transparent becomes
// black, as it is stored where encoders drop its colour; Pillow shows whatever lies hidden there. Grey of 16 bits is scaled, where
// Pillow clips it. Nothing clever is done, such as inverting: Fashion-MNIST's pictures, for one, are white clothes on black.
import { createHash } from "node:crypto";
import sharp, { type Metadata, type Sharp } from "sharp";
import { FormatError } from "../../base/errors.ts";
import type { PictureFacts, StoredPicture } from "../reader.ts";
import type { Picture } from "../resample.ts";
import { decodingBytes, largestPixels } from "./decoding-memory.ts";

/** As messages list them. */
export const pictureFormats = "PNG, JPEG, WebP, AVIF and GIF";

const decodedFormats: ReadonlySet<string> = new Set(["png", "jpeg", "webp", "gif", "avif"]);

/** sharp calls everything of that container "heif"; its own build decodes AV1 alone, not HEVC (HEIC, as telephones write it). */
const formatOf = ({ format, compression }: Metadata): string =>
  format === "heif" ? (compression === "av1" ? "avif" : "heic") : format;

const colours: ReadonlyMap<string, string> = new Map([
  ["srgb", "RGB"],
  ["rgb16", "RGB"],
  ["b-w", "grey"],
  ["grey16", "grey"],
  ["cmyk", "CMYK"],
]);

/** "RGB", "grey 16 bit", "RGB with palette and alpha" … */
const modeOf = ({ space, depth, hasAlpha, isPalette }: Metadata): string => {
  const extras = [...(isPalette ? ["palette"] : []), ...(hasAlpha ? ["alpha"] : [])];
  const bits = depth === "ushort" ? " 16 bit" : "";
  return `${colours.get(space) ?? space}${bits}${extras.length > 0 ? ` with ${extras.join(" and ")}` : ""}`;
};

/** A decoder that takes longer has lost its way (100 million pixels take some seconds). */
const decodingSeconds = 120;

/** From here on sharp has libjpeg decode at a half or less (its rule; below, it would only resize, which resample.ts does better). */
const leastReduction = 3;

/** For processes that decode one picture at a time in each of several threads: libvips shall start no threads, and keep nothing. */
export const decodeOnOneThread = (): void => {
  sharp.concurrency(1);
  sharp.cache(false);
};

/** A picture whose header was read, and what format it is of. */
export interface OpenedPicture extends StoredPicture {
  readonly format: string;
  readonly facts: PictureFacts;
}

/** Reads the header. `file` is what errors call it. Throws FormatError for what is no picture of these formats, or too large. */
export const openPicture = async (file: string, bytes: Uint8Array): Promise<OpenedPicture> => {
  if (bytes.length === 0) throw new FormatError(file, "is empty: 0 bytes");
  const options = { failOn: "error", pages: 1, autoOrient: true } as const;
  // The header alone is read here, so its claim may be any.
  const metadata = await sharp(bytes, { ...options, limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw new FormatError(file, `is not a picture that can be read: ${pictureFormats} are (${reasonOf(error)})`);
    });
  const { autoOrient, space, orientation = 1, pages = 1, isProgressive } = metadata;
  const format = formatOf(metadata);
  if (!decodedFormats.has(format)) {
    throw new FormatError(file, `is a ${format} file; ${pictureFormats} are read`);
  }
  const { width, height } = autoOrient;
  if (width * height > largestPixels) {
    throw new FormatError(file, `has ${width}×${height} pixels; pictures of at most ${largestPixels} are read`);
  }
  const open = () =>
    sharp(bytes, { ...options, limitInputPixels: largestPixels, ignoreIcc: space !== "cmyk" }).timeout({
      seconds: decodingSeconds,
    });
  const pixelsOf = async (picture: Sharp, channels: number): Promise<Picture> => {
    try {
      const { data, info } = await picture
        .flatten({ background: "black" })
        .toColourspace(channels === 1 ? "b-w" : "srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      const samples = firstChannels(data, info.channels, channels);
      return { width: info.width, height: info.height, channels, bytes: samples };
    } catch (error) {
      throw new FormatError(file, `is damaged: it can't be decoded (${reasonOf(error)})`);
    }
  };
  const least = format === "jpeg" ? leastReduction : Number.POSITIVE_INFINITY;
  return {
    format,
    facts: {
      format,
      mode: modeOf(metadata),
      isTurned: orientation > 1,
      isAnimated: pages > 1,
      decodingBytes: bytes.length + decodingBytes(width * height, format, isProgressive || orientation > 1),
      contentDigest: () => createHash("sha256").update(bytes).digest(),
    },
    width,
    height,
    leastReduction: least,
    decode: (channels, reduction = 1) => {
      if (reduction < least) return pixelsOf(open(), channels);
      const [across, down] = [reduced(width, reduction), reduced(height, reduction)];
      return pixelsOf(open().resize(across, down, { fit: "fill", kernel: "cubic" }), channels);
    },
    decodePart: (channels, part) => pixelsOf(open().extract(part), channels),
  };
};

const reduced = (length: number, reduction: number): number => Math.max(1, Math.round(length / reduction));

/** The first line of what sharp says. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

/** [H, W, C′] to [H, W, C]: the first C of C′ channels. */
const firstChannels = (data: Uint8Array, given: number, channels: number): Uint8Array => {
  if (given === channels) return data;
  const kept = new Uint8Array((data.length / given) * channels);
  for (let i = 0; i < kept.length; i++) kept[i] = data[Math.floor(i / channels) * given + (i % channels)]!;
  return kept;
};
