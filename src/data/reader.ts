// Reading one image of a source, as it is before any augmentation. Readers of files are in node/; this one is for sources in memory.
import { FormatError } from "../base/errors.ts";
import { elementCount, formatShape } from "../base/shape.ts";
import type { Rectangle } from "./augmentation.ts";
import type { Picture } from "./resample.ts";
import type { ImageSource, PixelShape } from "./source.ts";

/** One image, channels first, rows dense: pixel (c, y, x) is `bytes[offset + (c·height + y)·width + x]`, 0 … 255. */
export interface Pixels {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly shape: PixelShape;
}

/** An opened source of images of one shape, which lie in memory. */
export interface PixelReader {
  readonly kind: "pixels";
  readonly labels: Int32Array;
  pixels(image: number): Pixels;
}

/** What a picture's header says beside its sizes. */
export interface PictureFacts {
  /** "jpeg", "png" … */
  readonly format: string;
  /** Colours, depth and transparency as they are stored: "RGB", "grey 16 bit", "CMYK", "RGB with alpha" … */
  readonly mode: string;
  /** Whether EXIF turns or mirrors it. */
  readonly isTurned: boolean;
  /** Whether it has more frames than the first, which is the one that counts. */
  readonly isAnimated: boolean;
  /** Most memory that decoding it as a whole takes, its file and its pixels included; measured, see decoding-memory.ts. */
  readonly decodingBytes: number;
  /** SHA-256 of the file's contents. */
  contentDigest(): Uint8Array;
}

/** A picture that can be decoded. Its sizes, in pixels, are those after its orientation (EXIF) was applied. */
export interface StoredPicture {
  readonly width: number;
  readonly height: number;
  /** Left out by readers that have no files to say it of. */
  readonly facts?: PictureFacts;
  /**
   * Grey for 1 channel, RGB for 3. Where the result may have fewer pixels, down to width ÷ `reduction` and height ÷ `reduction`
   * (default 1: none), a decoder may save itself work, from `leastReduction` on. Throws FormatError where the picture is damaged.
   */
  decode(channels: number, reduction?: number): Promise<Picture>;
  /** The same pixels of a part of the picture alone, which saves what lies below it. Damage beyond the part may go unnoticed. */
  decodePart(channels: number, part: Rectangle): Promise<Picture>;
  /** From which reduction on `decode` makes use of it; Infinity where it never does. */
  readonly leastReduction: number;
}

/** An opened source of pictures of any sizes. */
export interface PictureReader {
  readonly kind: "pictures";
  readonly labels: Int32Array;
  /** What errors call an image. */
  nameOf(image: number): string;
  /** The bytes of a picture as they are stored. Throws FormatError where they are too many, or can't be read. */
  bytes(image: number): Promise<Uint8Array>;
  /**
   * Reads a picture's header; `bytes` are its own, where they were read before. Throws FormatError for what is no picture, is too large,
   * or can't be read.
   */
  picture(image: number, bytes?: Uint8Array): Promise<StoredPicture>;
}

export type ImageReader = PixelReader | PictureReader;

/** Opens a source in memory. Throws FormatError where its arrays don't fit its shape. */
export const readMemory = ({ shape, pixels, labels }: ImageSource<"memory">): PixelReader => {
  const imageBytes = elementCount(shape);
  if (pixels.length !== imageBytes * labels.length) {
    throw new FormatError(
      "source in memory",
      `${labels.length} images ${formatShape(shape)} take ${imageBytes * labels.length} bytes but there are ${pixels.length}`,
    );
  }
  return {
    kind: "pixels",
    labels,
    pixels: (image) => {
      if (!(image >= 0 && image < labels.length)) {
        throw new RangeError(`image ${image} of a source of ${labels.length}`);
      }
      return { bytes: pixels, offset: image * imageBytes, shape };
    },
  };
};
