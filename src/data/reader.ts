// Reading one image of a source: its pixels, as they are before any augmentation. Readers of files (kinds that need them) are
// in node/readers.ts; this one is for sources in memory.
import { FormatError } from "../base/errors.ts";
import { elementCount, formatShape } from "../base/shape.ts";
import type { ImageSource, PixelShape } from "./source.ts";

/** One image, channels first, rows dense: pixel (c, y, x) is `bytes[offset + (c·height + y)·width + x]`, 0 … 255. */
export interface Pixels {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly shape: PixelShape;
}

/** An opened source. Sources in memory answer at once; others may have to read and decode. */
export interface ImageReader {
  readonly labels: Int32Array;
  pixels(image: number): Pixels | Promise<Pixels>;
}

/** Opens a source in memory. Throws FormatError where its arrays don't fit its shape. */
export const readMemory = ({ shape, pixels, labels }: ImageSource<"memory">): ImageReader => {
  const imageBytes = elementCount(shape);
  if (pixels.length !== imageBytes * labels.length) {
    throw new FormatError(
      "source in memory",
      `${labels.length} images ${formatShape(shape)} take ${imageBytes * labels.length} bytes but there are ${pixels.length}`,
    );
  }
  return {
    labels,
    pixels: (image) => {
      if (!(image >= 0 && image < labels.length)) {
        throw new RangeError(`image ${image} of a source of ${labels.length}`);
      }
      return { bytes: pixels, offset: image * imageBytes, shape };
    },
  };
};
