// How fast one data worker makes training images of a split's pictures: what decides how many workers keep a network busy. Measured by
// the code that prepares batches, with and without decoding JPEGs at a fraction of their size (shrink-on-load).
import { noAugmentation } from "../../data/augmentation.ts";
import { openReader } from "../../data/node/readers.ts";
import { photographPreprocessing } from "../../data/photographs.ts";
import { createPrepare, type Preparation } from "../../data/prepare.ts";
import { inceptionCrop } from "../../data/random-crop.ts";
import type { PictureReader } from "../../data/reader.ts";
import type { ImageSource } from "../../data/source.ts";
import type { CommandEnvironment } from "../environment.ts";
import { evenlySpread } from "./evenly-spread.ts";
import type { PreparationRate } from "./inspect-document.ts";

/** Pictures that are measured, spread over the split; fewer where they take longer than `mostMs`. */
const mostImages = 64;
const mostMs = 2000;
const size = [224, 224] as const;

const preparation: Preparation = {
  preprocessing: photographPreprocessing([3, ...size]),
  augmentation: { ...noAugmentation, crop: inceptionCrop, flip: true },
  seed: 0,
  broken: "leave out",
};

/** The reader with a decoder that never reduces a picture, or tells `onReduced` of what it left out. */
const decoding = (reader: PictureReader, whole: boolean, onReduced: () => void): PictureReader => ({
  ...reader,
  picture: async (image) => {
    const stored = await reader.picture(image);
    return {
      ...stored,
      decode: async (channels, reduction) => {
        const picture = await stored.decode(channels, reduction);
        if (picture.width < stored.width) onReduced();
        return picture;
      },
      leastReduction: whole ? Number.POSITIVE_INFINITY : stored.leastReduction,
    };
  },
});

/**
 * Of a split of pictures, leaving out those that `isBroken`; one after the other on one thread, files read from the system's cache as far
 * as they are in it. Null for images in memory, of which there is nothing to decode, and where every picture is broken.
 */
export const preparationRate = async (
  source: ImageSource,
  isBroken: (image: number) => boolean,
  { monotonicMs, signal }: Pick<CommandEnvironment, "monotonicMs" | "signal">,
): Promise<PreparationRate | null> => {
  const reader = openReader(source);
  if (reader.kind === "pixels") return null;
  const whole = Array.from(source.labels.keys()).filter((image) => !isBroken(image));
  const arrays = { images: new Float32Array(3 * size[0] * size[1]), labels: new Int32Array(1) };
  let [images, reduced, wholeMs, reducedMs] = [0, 0, 0, 0];
  const [ignore, count] = [() => {}, () => reduced++];
  const prepareWhole = createPrepare(decoding(reader, true, ignore), preparation);
  const prepareReduced = createPrepare(decoding(reader, false, count), preparation);
  const timed = async (prepare: typeof prepareWhole, image: number): Promise<number> => {
    const startMs = monotonicMs();
    await prepare(Int32Array.of(image), 0, arrays);
    return monotonicMs() - startMs;
  };
  for (const image of evenlySpread(whole, mostImages)) {
    signal?.throwIfAborted();
    if (wholeMs + reducedMs > mostMs) break;
    await reader.picture(image); // the first of the two would read the file from the disk for both
    wholeMs += await timed(prepareWhole, image);
    reducedMs += await timed(prepareReduced, image);
    images++;
  }
  if (images === 0) return null;
  const perSecond = (ms: number): number => (1000 * images) / Math.max(1e-3, ms);
  return {
    images,
    size,
    imagesPerSecond: perSecond(reducedMs),
    reducedImages: reduced,
    wholeImagesPerSecond: perSecond(wholeMs),
  };
};
