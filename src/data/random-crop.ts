// Random crops of photographs as data, and what is drawn for one picture. What image i gets in epoch e depends on (seed, e, i) and
// the picture's size alone. Pixels are resampled in prepare-image.ts.
import { UsageError } from "../base/errors.ts";
import type { RandomStream } from "../base/philox.ts";
import { type PictureSize, type Region, resizedShorterSide } from "./picture-region.ts";
import type { Interpolation } from "./preprocessing.ts";

/** A part of the picture of random area and proportions, stretched to the network's size ("Inception crop"). */
export interface RandomResizedCrop {
  readonly kind: "random-resized";
  /** Smallest and largest part of the picture's area; drawn uniformly. Szegedy et al. 2015 (GoogLeNet, §6): 0.08 … 1. */
  readonly areaFraction: readonly [smallest: number, largest: number];
  /** Smallest and largest width ÷ height; its logarithm is drawn uniformly. Szegedy et al.: 3/4 … 4/3. */
  readonly aspect: readonly [smallest: number, largest: number];
  readonly interpolation: Interpolation;
}

/** The picture with its shorter side at a random length, and a part of the network's size of it, anywhere. */
export interface RandomScaleCrop {
  readonly kind: "random-scale";
  /** Smallest and largest length of the shorter side, in pixels; drawn uniformly. He et al. 2015, §3.4: 256 … 480, for crops of 224. */
  readonly shorterSide: readonly [smallest: number, largest: number];
  readonly interpolation: Interpolation;
}

export type RandomCrop = RandomResizedCrop | RandomScaleCrop;

/** Szegedy et al. 2015, as torchvision's RandomResizedCrop has it by default. */
export const inceptionCrop: RandomResizedCrop = {
  kind: "random-resized",
  areaFraction: [0.08, 1],
  aspect: [3 / 4, 4 / 3],
  interpolation: "bilinear",
};

/** He et al. 2015, §3.4, after Simonyan and Zisserman 2015. */
export const heScaleCrop: RandomScaleCrop = {
  kind: "random-scale",
  shorterSide: [256, 480],
  interpolation: "bilinear",
};

type CropKind = RandomCrop["kind"];
type Crop<K extends CropKind> = Extract<RandomCrop, { kind: K }>;
type Size = readonly [height: number, width: number];

const rises = ([low, high]: readonly [number, number], above: number, to: number): boolean =>
  low > above && low <= high && high <= to;

const checks: { readonly [K in CropKind]: (crop: Crop<K>, size: Size) => void } = {
  "random-resized": ({ areaFraction, aspect }) => {
    if (!rises(areaFraction, 0, 1)) {
      throw new UsageError(
        `augmentation: areaFraction [${areaFraction.join(", ")}] of the crop should rise within 0 … 1 (Szegedy et al.: [0.08, 1])`,
      );
    }
    if (!rises(aspect, 0, Number.MAX_VALUE)) {
      throw new UsageError(
        `augmentation: aspect [${aspect.join(", ")}] of the crop should rise from above 0 (Szegedy et al.: [0.75, 1.33])`,
      );
    }
  },
  "random-scale": ({ shorterSide }, [height, width]) => {
    const least = Math.max(height, width);
    if (!shorterSide.every(Number.isInteger) || !rises(shorterSide, least - 1, Number.MAX_SAFE_INTEGER)) {
      throw new UsageError(
        `augmentation: shorterSide [${shorterSide.join(", ")}] of the crop should rise, in whole pixels, from at least ${least} for crops of ${height}×${width} (He et al.: [256, 480] for 224)`,
      );
    }
  },
};

/** Throws UsageError where a value is out of its range, or crops of this size don't fit the smallest scale. */
export const checkRandomCrop = <K extends CropKind>(crop: Crop<K> & { readonly kind: K }, size: Size): void => {
  const check: (crop: Crop<K>, size: Size) => void = checks[crop.kind];
  check(crop, size);
};

/** Parts that don't fit the picture are drawn again, so often (as torchvision does); then the middle is taken. */
const attempts = 10;

/** The middle of the picture, as much of it as the proportions allow. */
const middle = ({ width, height }: PictureSize, [lowest, highest]: readonly [number, number]) => {
  const aspect = width / height;
  const w = aspect > highest ? Math.round(height * highest) : width;
  const h = aspect < lowest ? Math.round(width / lowest) : height;
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
};

const drawPart = ({ areaFraction, aspect }: RandomResizedCrop, picture: PictureSize, stream: RandomStream) => {
  const { width, height } = picture;
  const [logLow, logHigh] = [Math.log(aspect[0]), Math.log(aspect[1])];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = (areaFraction[0] + (areaFraction[1] - areaFraction[0]) * stream.uniform()) * width * height;
    const ratio = Math.exp(logLow + (logHigh - logLow) * stream.uniform());
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { top: stream.below(height - h + 1), left: stream.below(width - w + 1), width: w, height: h };
  }
  return middle(picture, aspect);
};

const draws: {
  readonly [K in CropKind]: (crop: Crop<K>, picture: PictureSize, size: Size, stream: RandomStream) => Region;
} = {
  "random-resized": (crop, picture, [height, width], stream) => ({
    part: drawPart(crop, picture, stream),
    resized: { width, height },
    kept: { left: 0, top: 0, width, height },
    interpolation: crop.interpolation,
  }),
  "random-scale": ({ shorterSide: [low, high], interpolation }, picture, [height, width], stream) => {
    const resized = resizedShorterSide(picture, low + stream.below(high - low + 1));
    const top = stream.below(resized.height - height + 1);
    const left = stream.below(resized.width - width + 1);
    const part = { left: 0, top: 0, width: picture.width, height: picture.height };
    return { part, resized, kept: { left, top, width, height }, interpolation };
  },
};

/** Draws which part of a picture of this size becomes the image of the network's size. The crop has been checked. */
export const drawRandomCrop = <K extends CropKind>(
  crop: Crop<K> & { readonly kind: K },
  picture: PictureSize,
  size: Size,
  stream: RandomStream,
): Region => {
  const draw: (crop: Crop<K>, picture: PictureSize, size: Size, stream: RandomStream) => Region = draws[crop.kind];
  return draw(crop, picture, size, stream);
};
