// The images of a source as files of pictures: the bytes that are stored, untouched; images in memory, which never were files, as PNG.
import { join } from "node:path";
import sharp from "sharp";
import { FormatError } from "../../base/errors.ts";
import { readMemory } from "../reader.ts";
import type { ImageSource, SourceKind } from "../source.ts";
import { largestFileBytes } from "./decode-picture.ts";
import { parquetBytes } from "./parquet/parquet-pictures.ts";
import { readPictureFile } from "./picture-files.ts";
import { printable } from "./printable.ts";
import { readSpan } from "./span-pictures.ts";

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

const readers: { readonly [K in SourceKind]: (source: ImageSource<K>) => ReadImage } = {
  memory: (source) => {
    const reader = readMemory(source);
    return async (image) => {
      const { bytes, offset, shape } = reader.pixels(image);
      const [channels, height, width] = shape;
      if (channels !== 1 && channels !== 3) {
        throw new FormatError(`image ${image}`, `has ${channels} channels; PNG files have 1 or 3`);
      }
      const area = height * width;
      const samples = Uint8Array.from({ length: channels * area }, (_, i) => {
        return bytes[offset + (i % channels) * area + Math.floor(i / channels)]!;
      });
      const png = sharp(samples, { raw: { width, height, channels } }).toColourspace(channels === 1 ? "b-w" : "srgb");
      return { name: `image ${image}`, bytes: await png.png().toBuffer(), extension: "png" };
    };
  },
  files: ({ folder, paths }) => {
    return async (image) => {
      const path = paths[image] ?? "";
      const name = printable(path);
      return imageFile(await readPictureFile(join(folder, path), name, largestFileBytes), name);
    };
  },
  spans: ({ folder, files, fileOf, offsets, lengths, names }) => {
    return async (image) => {
      const file = files[fileOf[image] ?? -1] ?? "";
      const name = `${file}: ${names[image] ?? image}`;
      const length = lengths[image] ?? 0;
      if (length > largestFileBytes) {
        throw new FormatError(name, `has ${length} bytes; pictures of at most ${largestFileBytes} are read`);
      }
      return imageFile(await readSpan(join(folder, file), offsets[image] ?? 0, length, name), name);
    };
  },
  parquet: (source) => {
    const { nameOf, read } = parquetBytes(source);
    return async (image) => imageFile(await read(image), nameOf(image));
  },
};

/** Reads images of a source one by one. Throws FormatError for one that can't be read, or is no picture. */
export const openImageFiles = <K extends SourceKind>(source: ImageSource<K>): ReadImage => readers[source.kind](source);
