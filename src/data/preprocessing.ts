// From bytes to what a network is fed: y = (pixel / 255 − mean) / deviation, by channel. Plain data, kept with the weights,
// so that a trained network sees new images as it saw its training images.
import { UsageError } from "../base/errors.ts";
import { formatShape } from "../base/shape.ts";
import type { PixelStatistics } from "./pixel-statistics.ts";
import type { Pixels } from "./reader.ts";
import type { PixelShape } from "./source.ts";

export interface Preprocessing {
  /** Height and width that the network is fed, in pixels. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  /** By channel, of pixel / 255. */
  readonly mean: readonly number[];
  /** By channel, of pixel / 255; greater than 0. */
  readonly deviation: readonly number[];
  /** The order in which the network takes colours, and means and deviations stand; RGB where it isn't said. */
  readonly channelOrder?: "RGB" | "BGR";
  /** How a picture of another size is brought to `size`; stretched with Lanczos where it isn't said. */
  readonly fit?: Fit;
}

/** Filters as Pillow has them: widened by the factor of reduction, so that no pixel is overlooked. */
export type Interpolation = "bilinear" | "bicubic" | "lanczos";

/** stretch: to the height and width, whatever the proportions. crop: the shorter side to so many pixels, then the middle of `size`. */
export type Fit =
  | { readonly kind: "stretch"; readonly interpolation: Interpolation }
  | { readonly kind: "crop"; readonly shorterSide: number; readonly interpolation: Interpolation };

/** The preprocessing of images of this shape. A constant channel (deviation 0) is centred but not scaled. */
export const preprocessingOf = ([channels, height, width]: PixelShape, statistics: PixelStatistics): Preprocessing => ({
  size: [height, width],
  channels,
  mean: statistics.mean,
  deviation: statistics.deviation.map((deviation) => (deviation > 0 ? deviation : 1)),
});

const positiveInteger = (value: number): boolean => Number.isInteger(value) && value > 0;

/** Throws UsageError when sizes, or the lengths or values of mean and deviation, make no sense. */
export const checkPreprocessing = ({ size, channels, mean, deviation, channelOrder, fit }: Preprocessing): void => {
  if (!size.every(positiveInteger) || !positiveInteger(channels)) {
    throw new UsageError(
      `preprocessing: size ${formatShape(size)} and channels ${channels} should be whole numbers above 0`,
    );
  }
  if (mean.length !== channels || deviation.length !== channels) {
    throw new UsageError(
      `preprocessing: ${channels} channels need as many means and deviations but there are ${mean.length} and ${deviation.length}`,
    );
  }
  if (!mean.every(Number.isFinite) || !deviation.every((value) => Number.isFinite(value) && value > 0)) {
    throw new UsageError(
      `preprocessing: means [${mean.join(", ")}] should be finite and deviations [${deviation.join(", ")}] above 0`,
    );
  }
  if (channelOrder === "BGR" && channels !== 3) {
    throw new UsageError(`preprocessing: the channel order BGR takes 3 channels but there are ${channels}`);
  }
  if (fit?.kind === "crop" && !(positiveInteger(fit.shorterSide) && fit.shorterSide >= Math.min(...size))) {
    const smallest = Math.min(...size);
    throw new UsageError(
      `preprocessing: fit.shorterSide ${fit.shorterSide} should be a whole number of at least ${smallest}`,
    );
  }
};

/** For each channel the normalised value of each byte, rounded to f32 once: [C][256]. */
export const normalisationTables = ({ channels, mean, deviation }: Preprocessing): readonly Float32Array[] =>
  Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean[c]!) / deviation[c]!),
  );

/** Throws UsageError when an image is not of the size and channels that the network is fed. */
export const checkPixelShape = (shape: PixelShape, { size, channels }: Preprocessing): void => {
  if (shape[0] !== channels || shape[1] !== size[0] || shape[2] !== size[1]) {
    throw new UsageError(
      `an image is ${formatShape(shape)} but the network's preprocessing takes ${formatShape([channels, ...size])}; resize it first`,
    );
  }
};

/** One image [C, H, W] for the network, without augmentation. Throws UsageError when its shape is another. */
export const normalise = (pixels: Pixels, preprocessing: Preprocessing): Float32Array => {
  checkPixelShape(pixels.shape, preprocessing);
  const { bytes, offset, shape } = pixels;
  const area = shape[1] * shape[2];
  const tables = normalisationTables(preprocessing);
  return Float32Array.from({ length: shape[0] * area }, (_, i) => tables[Math.floor(i / area)]![bytes[offset + i]!]!);
};
