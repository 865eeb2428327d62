// From bytes to what a network is fed: y = (pixel / 255 − mean) / deviation, by channel; the mean of each place where there is one. Plain data, kept with the weights,
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
  /**
   * The mean of each place, [C, H, W] of pixel / 255, which is subtracted instead of the channel's mean (He et al. 2015, §4.2: "the
   * per-pixel mean subtracted"); of each channel's where it isn't said.
   */
  readonly pixelMean?: readonly number[];
  /** The order in which the network takes colours, and means and deviations stand; RGB where it isn't said. */
  readonly channelOrder?: "RGB" | "BGR";
  /** How a picture of another size is brought to `size`; stretched with Lanczos where it isn't said. */
  readonly fit?: Fit;
}

/**
 * Filters as Pillow has them: widened by the factor of reduction, so that no pixel is overlooked (antialiased). But nearest takes the one
 * pixel below the middle of each pixel of the result.
 */
export const interpolations = ["nearest", "bilinear", "bicubic", "lanczos"] as const;
export type Interpolation = (typeof interpolations)[number];

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

/**
 * The same for square images of another size; a crop keeps its part of the picture. Throws UsageError where the mean is of each place,
 * which is of one size alone.
 */
export const resizedPreprocessing = (preprocessing: Preprocessing, side: number): Preprocessing => {
  const { size, pixelMean, fit } = preprocessing;
  if (size.every((length) => length === side)) return preprocessing;
  if (pixelMean !== undefined) {
    throw new UsageError(
      `preprocessing: the mean of each pixel is of images of ${size.join("×")} alone, not of ${side}×${side}; take the means of channels`,
    );
  }
  const scaled = (length: number): number => Math.round((length * side) / Math.max(...size));
  return {
    ...preprocessing,
    size: [side, side],
    ...(fit?.kind === "crop" && { fit: { ...fit, shorterSide: scaled(fit.shorterSide) } }),
  };
};

const positiveInteger = (value: number): boolean => Number.isInteger(value) && value > 0;

/** Throws UsageError when sizes, or the lengths or values of mean and deviation, make no sense. */
export const checkPreprocessing = (preprocessing: Preprocessing): void => {
  const { size, channels, mean, deviation, pixelMean, channelOrder, fit } = preprocessing;
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
  const places = channels * size[0] * size[1];
  if (pixelMean !== undefined && !(pixelMean.length === places && pixelMean.every(Number.isFinite))) {
    throw new UsageError(
      `preprocessing: pixelMean should have ${places} finite numbers, one for each of ${formatShape([channels, ...size])}, but has ${pixelMean.length}`,
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

/** Preprocessing as it is done: y[c, i, j] = tables[c][pixel] − centres[c, i, j], the latter 0 where there are none. */
export interface Normalisation {
  /** [C][256], each rounded to f32 once. */
  readonly tables: readonly Float32Array[];
  /** [C, H, W], of means of places. */
  readonly centres: Float32Array | null;
}

/** `shift` is added to pixel / 255, by channel (lighting); nothing where it isn't given. */
export const normalisationOf = (preprocessing: Preprocessing, shift: readonly number[] = []): Normalisation => {
  const { size, channels, mean, deviation, pixelMean } = preprocessing;
  const tables = Array.from({ length: channels }, (_, c) => {
    const centre = (pixelMean === undefined ? mean[c]! : 0) - (shift[c] ?? 0);
    return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - centre) / deviation[c]!);
  });
  if (pixelMean === undefined) return { tables, centres: null };
  const area = size[0] * size[1];
  return { tables, centres: Float32Array.from(pixelMean, (centre, i) => centre / deviation[Math.floor(i / area)]!) };
};

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
  const { tables, centres } = normalisationOf(preprocessing);
  const valueAt = (i: number): number => tables[Math.floor(i / area)]![bytes[offset + i]!]!;
  return Float32Array.from({ length: shape[0] * area }, (_, i) => valueAt(i) - (centres?.[i] ?? 0));
};
