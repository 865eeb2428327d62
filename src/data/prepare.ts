// Prepares a batch: reads its images, augments and normalises them into the arrays of a slot. Worker threads and the loader
// without workers run this same function, so the number of workers can't change a byte.
import { UsageError } from "../base/errors.ts";
import { randomPurposes, randomStream } from "../base/philox.ts";
import type { Augmentation } from "./augmentation.ts";
import { checkAugmentation, drawAugmentation, unaugmented } from "./augmentation.ts";
import { eraseRectangle, placeImage } from "./placement.ts";
import { prepareImage } from "./prepare-image.ts";
import { checkPixelShape, checkPreprocessing, normalisationTables, type Preprocessing } from "./preprocessing.ts";
import type { ImageReader, Pixels } from "./reader.ts";
import type { Picture } from "./resample.ts";

/** What is done to every image. Plain data. */
export interface Preparation {
  readonly preprocessing: Preprocessing;
  /** null for evaluation. */
  readonly augmentation: Augmentation | null;
  readonly seed: number;
}

/** The arrays of one slot: images [N, C, H, W] and labels [N]. */
export interface BatchArrays {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Fills the arrays with these images, in this order. Where they are fewer than N, the rest of both arrays is 0. */
export type Prepare = (indices: Int32Array, epoch: number, arrays: BatchArrays) => Promise<void>;

/** Throws UsageError when preprocessing or augmentation are not valid, and where both are asked for but can't be had at once. */
export const checkPreparation = ({ preprocessing, augmentation }: Preparation): void => {
  checkPreprocessing(preprocessing);
  const [height, width] = preprocessing.size;
  if (augmentation !== null && asPictures(preprocessing)) {
    throw new UsageError(
      "preprocessing: images that are augmented are RGB and of the network's size; leave out channelOrder and fit, or the augmentation",
    );
  }
  if (augmentation !== null) checkAugmentation(augmentation, [preprocessing.channels, height, width]);
};

/** Whether more is to be done than to normalise: then images are prepared as pictures from files are. */
const asPictures = ({ channelOrder, fit }: Preprocessing): boolean => channelOrder === "BGR" || fit !== undefined;

/** [C, H, W] to [H, W, C]. */
const pictureOf = ({ bytes, offset, shape: [channels, height, width] }: Pixels): Picture => {
  const [area, interleaved] = [height * width, new Uint8Array(channels * height * width)];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) interleaved[i * channels + c] = bytes[offset + c * area + i]!;
  }
  return { width, height, channels, bytes: interleaved };
};

export const createPrepare = (reader: ImageReader, { preprocessing, augmentation, seed }: Preparation): Prepare => {
  const tables = normalisationTables(preprocessing);
  const [height, width] = preprocessing.size;
  const imageElements = preprocessing.channels * height * width;

  const write = (pixels: Pixels, image: number, epoch: number, out: Float32Array, outOffset: number): void => {
    if (asPictures(preprocessing)) {
      out.set(prepareImage(pictureOf(pixels), preprocessing), outOffset);
      return;
    }
    checkPixelShape(pixels.shape, preprocessing);
    if (augmentation === null) {
      placeImage(pixels, unaugmented, tables, out, outOffset);
      return;
    }
    const stream = randomStream(seed, randomPurposes.augmentation, epoch, image);
    const drawn = drawAugmentation(augmentation, height, width, stream);
    placeImage(pixels, drawn, tables, out, outOffset);
    if (drawn.erased === null || augmentation.erase === null) return;
    eraseRectangle(drawn.erased, augmentation.erase.fill, pixels.shape, tables, stream, out, outOffset);
  };

  return async (indices, epoch, { images, labels }) => {
    for (let i = 0; i < indices.length; i++) {
      const image = indices[i]!;
      const read = reader.pixels(image);
      write(read instanceof Promise ? await read : read, image, epoch, images, i * imageElements);
      labels[i] = reader.labels[image]!;
    }
    images.fill(0, indices.length * imageElements);
    labels.fill(0, indices.length);
  };
};
