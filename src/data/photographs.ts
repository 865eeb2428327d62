// The preprocessing of photographs for a network that has none of its own: what nearly every network of ImageNet is trained with.
import { UsageError } from "../base/errors.ts";
import type { Preprocessing } from "./preprocessing.ts";
import type { PixelShape } from "./source.ts";

/**
 * Mean and deviation of ImageNet's training images (pixel / 255), by channel, as torchvision has them; for grey pictures the mean of
 * the three. They stand for any photographs: computing a folder's own would take a decoding of every image, and batch norm behind
 * the first convolution takes what differs away.
 */
const statistics: ReadonlyMap<number, Pick<Preprocessing, "mean" | "deviation">> = new Map([
  [3, { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }],
  [1, { mean: [0.449], deviation: [0.226] }],
]);

/** What is left of the resized picture's shorter side by the crop in evaluation: 224 of 256 (Krizhevsky et al. 2012). */
const keptFraction = 0.875;

/**
 * The shorter side to 8/7 of the network's (256 for 224) with antialiased bilinear interpolation, the middle cropped, ImageNet's mean
 * and deviation. Throws UsageError unless the network takes 1 or 3 channels.
 */
export const photographPreprocessing = ([channels, height, width]: PixelShape): Preprocessing => {
  const known = statistics.get(channels);
  if (known === undefined) {
    throw new UsageError(`photographs have 1 or 3 channels but the network takes ${channels}`);
  }
  const shorterSide = Math.round(Math.max(height, width) / keptFraction);
  return { size: [height, width], channels, ...known, fit: { kind: "crop", shorterSide, interpolation: "bilinear" } };
};
