// The images of a source as files of pictures: the bytes that are stored, untouched; images in memory, which never were files, as PNG.
import sharp from "sharp";
import { FormatError } from "../../base/errors.ts";
import type { Pixels } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { openReader } from "./readers.ts";

export interface ImageFile {
  /** As messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Without its dot, by the contents: jpg, png, gif, webp or avif. */
  readonly extension: string;
}

/** How files of pictures begin, in hexadecimal. */
const beginnings: readonly (readonly [extension: string, pattern: RegExp])[] = [
  ["jpg", /^ffd8ff/],
  ["png", /^89504e470d0a1a0a/],
  ["gif", /^47494638/],
  ["webp", /^52494646.{8}57454250/], // RIFF … WEBP
  ["avif", /^.{8}6674797061766966/], // ftypavif
];

const imageFile = (bytes: Uint8Array, name: string): ImageFile => {
  const start = Buffer.from(bytes.subarray(0, 16)).toString("hex");
  const found = beginnings.find(([, pattern]) => pattern.test(start));
  if (found === undefined) throw new FormatError(name, "is not a picture: it begins as none does");
  return { name, bytes, extension: found[0] };
};

type ReadImage = (image: number) => Promise<ImageFile>;

const pngOf = async ({ bytes, offset, shape }: Pixels, name: string): Promise<ImageFile> => {
  const [channels, height, width] = shape;
  if (channels !== 1 && channels !== 3) {
    throw new FormatError(name, `has ${channels} channels; PNG files have 1 or 3`);
  }
  const area = height * width;
  const samples = Uint8Array.from({ length: channels * area }, (_, i) => {
    return bytes[offset + (i % channels) * area + Math.floor(i / channels)]!;
  });
  const png = sharp(samples, { raw: { width, height, channels } }).toColourspace(channels === 1 ? "b-w" : "srgb");
  return { name, bytes: await png.png().toBuffer(), extension: "png" };
};

/** Reads images of a source one by one. Throws FormatError for one that can't be read, or is no picture. */
export const openImageFiles = (source: ImageSource): ReadImage => {
  const reader = openReader(source);
  return reader.kind === "pixels"
    ? (image) => pngOf(reader.pixels(image), `image ${image}`)
    : async (image) => imageFile(await reader.bytes(image), reader.nameOf(image));
};
