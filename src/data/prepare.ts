// Prepares a batch: reads its images, augments and normalises them into the arrays of a slot. Worker threads and the loader
// without workers run this same function, so the number of workers can't change a byte. Images that turn out broken are replaced
// in training and left out of evaluation, and told.
import { FormatError, UsageError } from "../base/errors.ts";
import { randomPurposes, randomStream } from "../base/philox.ts";
import type { Augmentation, DrawnAugmentation } from "./augmentation.ts";
import { checkAugmentation, drawAugmentation, noAugmentation, unaugmented } from "./augmentation.ts";
import { fittedRegion, type Region, reducedRegion, reductionFor } from "./picture-region.ts";
import { changesPictures, createPictureTransform, lightingOf } from "./picture-transforms.ts";
import { eraseRectangle, placeImage } from "./placement.ts";
import { cutPicture, planesOf } from "./prepare-image.ts";
import { checkPixelShape, checkPreprocessing, normalisationOf, type Preprocessing } from "./preprocessing.ts";
import { drawRandomCrop } from "./random-crop.ts";
import type { ImageReader, Pixels, StoredPicture } from "./reader.ts";
import type { Picture } from "./resample.ts";
import { plainView, type View } from "./view.ts";

/** What is done to every image. Plain data. */
export interface Preparation {
  readonly preprocessing: Preprocessing;
  /** null for evaluation. */
  readonly augmentation: Augmentation | null;
  /** In evaluation, how each image is looked at; plain by default. */
  readonly view?: View;
  readonly seed: number;
  /** What happens to an image that can't be decoded: another takes its place (training), or it is left out (evaluation). */
  readonly broken: "replace" | "leave out";
}

/** The arrays of one slot: images [N, C, H, W] and labels [N]. */
export interface BatchArrays {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** An image that couldn't be decoded. `problem` names its file. */
export interface BrokenImage {
  readonly image: number;
  readonly problem: string;
}

/** What a batch holds after all. */
export interface Prepared {
  /** The images, in order: those asked for, but for broken ones. */
  readonly indices: Int32Array;
  readonly broken: readonly BrokenImage[];
}

/** Fills the arrays with these images, in this order. Where they are fewer than N, the rest of both arrays is 0. */
export type Prepare = (indices: Int32Array, epoch: number, arrays: BatchArrays) => Promise<Prepared>;

/** Throws UsageError when preprocessing or augmentation are not valid. */
export const checkPreparation = ({ preprocessing, augmentation }: Preparation): void => {
  checkPreprocessing(preprocessing);
  const [height, width] = preprocessing.size;
  if (augmentation !== null) checkAugmentation(augmentation, [preprocessing.channels, height, width]);
};

/** Whether images of memory are resized, cropped or turned around: then they are prepared as pictures from files are. */
export const isCut = ({ preprocessing: { channelOrder, fit }, augmentation }: Preparation): boolean =>
  channelOrder === "BGR" || fit !== undefined || (augmentation !== null && augmentation.crop !== null);

/** [C, H, W] to [H, W, C]. */
const pictureOf = ({ bytes, offset, shape: [channels, height, width] }: Pixels): Picture => {
  const [area, interleaved] = [height * width, new Uint8Array(channels * height * width)];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) interleaved[i * channels + c] = bytes[offset + c * area + i]!;
  }
  return { width, height, channels, bytes: interleaved };
};

/** So many broken images in a row are no accident: the data are gone. */
const mostReplacements = 30;

export const createPrepare = (reader: ImageReader, preparation: Preparation): Prepare => {
  const { preprocessing, augmentation, view = plainView, seed, broken: policy } = preparation;
  const [shiftY, shiftX] = view.shift;
  const placement: DrawnAugmentation = { ...unaugmented, shiftY, shiftX, flip: view.mirrored };
  const { crop, lighting, erase } = augmentation ?? noAugmentation;
  const unshifted = normalisationOf(preprocessing);
  const transform = createPictureTransform(augmentation ?? noAugmentation, preprocessing, seed);
  const { size, channels } = preprocessing;
  const [height, width] = size;
  const imageElements = channels * height * width;
  const imagesAreCut = isCut(preparation);
  const imagesArePlaced = !imagesAreCut && !changesPictures(augmentation ?? noAugmentation);

  const regionOf = (picture: { readonly width: number; readonly height: number }, epoch: number, draw: number) =>
    crop === null
      ? fittedRegion(picture, preprocessing, view.place)
      : drawRandomCrop(crop, picture, size, randomStream(seed, randomPurposes.crop, epoch, draw));

  /** What a region is cut from, and which region of that it is. */
  const decodedFor = async (
    region: Region,
    stored: StoredPicture,
  ): Promise<{ readonly picture: Picture; readonly region: Region }> => {
    // Only training takes the shorter ways: evaluation is exactly what predicting is.
    if (augmentation === null) return { picture: await stored.decode(channels), region };
    const reduction = reductionFor(region);
    if (reduction >= stored.leastReduction) {
      const picture = await stored.decode(channels, reduction);
      return { picture, region: reducedRegion(region, stored, picture) };
    }
    const picture = await stored.decodePart(channels, region.part);
    return { picture, region: { ...region, part: { ...region.part, top: 0, left: 0 } } };
  };

  /** The pixels of an image at the network's size. `draw` is the image whose random numbers are used. */
  const pixelsOf = async (image: number, epoch: number, draw: number): Promise<Pixels> => {
    if (reader.kind === "pixels") {
      const whole = pictureOf(reader.pixels(image));
      const picture = imagesAreCut ? cutPicture(whole, regionOf(whole, epoch, draw), preprocessing) : whole;
      return planesOf(transform(picture, epoch, draw), preprocessing);
    }
    const stored = await reader.picture(image);
    const { picture, region } = await decodedFor(regionOf(stored, epoch, draw), stored);
    const cut = cutPicture(picture, region, preprocessing);
    return planesOf(transform(cut, epoch, draw), preprocessing);
  };

  const place = (pixels: Pixels, epoch: number, draw: number, out: Float32Array, outOffset: number): void => {
    checkPixelShape(pixels.shape, preprocessing);
    if (augmentation === null) {
      placeImage(pixels, placement, unshifted, out, outOffset);
      return;
    }
    const stream = randomStream(seed, randomPurposes.augmentation, epoch, draw);
    const drawn = drawAugmentation(augmentation, height, width, stream);
    const shift = lighting === null ? null : lightingOf(lighting, preprocessing, seed, epoch, draw);
    const normalisation = shift === null ? unshifted : normalisationOf(preprocessing, shift);
    placeImage(pixels, drawn, normalisation, out, outOffset);
    if (drawn.erased === null || erase === null) return;
    eraseRectangle(drawn.erased, erase.fill, pixels.shape, unshifted, stream, out, outOffset);
  };

  /** Prepares an image or, where it is broken, what stands in for it; gives which it was, or null where it is left out. */
  const write = async (
    wanted: number,
    epoch: number,
    out: Float32Array,
    outOffset: number,
    broken: BrokenImage[],
  ): Promise<number | null> => {
    const replacements = randomStream(seed, randomPurposes.replacement, epoch, wanted);
    let image = wanted;
    for (let attempt = 0; attempt <= mostReplacements; attempt++) {
      try {
        place(await pixelsOf(image, epoch, wanted), epoch, wanted, out, outOffset);
        return image;
      } catch (error) {
        if (reader.kind !== "pictures" || !(error instanceof FormatError)) throw error;
        broken.push({ image, problem: error.message });
        if (policy === "leave out") return null;
        image = replacements.below(reader.labels.length);
      }
    }
    throw new UsageError(
      `${mostReplacements + 1} images in a row can't be decoded, the last: ${broken.at(-1)?.problem}; are the data still there?`,
    );
  };

  return async (indices, epoch, { images, labels }) => {
    const broken: BrokenImage[] = [];
    const taken = new Int32Array(indices.length);
    let count = 0;
    for (const wanted of indices) {
      const offset = count * imageElements;
      if (reader.kind === "pixels" && imagesArePlaced) {
        place(reader.pixels(wanted), epoch, wanted, images, offset);
        taken[count] = wanted;
      } else {
        const image = await write(wanted, epoch, images, offset, broken);
        if (image === null) continue;
        taken[count] = image;
      }
      labels[count] = reader.labels[taken[count]!]!;
      count++;
    }
    images.fill(0, count * imageElements);
    labels.fill(0, count);
    return { indices: taken.slice(0, count), broken };
  };
};
