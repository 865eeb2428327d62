// The preprocessing that a training split asks for: of images of one shape, in memory or small pictures of one size, that shape, and
// mean and deviation of their pixels; of photographs, the usual one for the network's size.
import { UsageError } from "../../base/errors.ts";
import { photographPreprocessing } from "../photographs.ts";
import { pixelMean } from "../pixel-mean.ts";
import { type Preprocessing, preprocessingOf } from "../preprocessing.ts";
import { readMemory } from "../reader.ts";
import type { ImageSource, PixelShape } from "../source.ts";
import { type ImageSurvey, surveyImages } from "./survey-images.ts";

/** Grey images have the same numbers in each channel of a network for colours. */
const forChannels = <T>(values: readonly T[], channels: number): readonly T[] =>
  values.length === 1 ? Array.from({ length: channels }, () => values[0]!) : values;

/**
 * The preprocessing for what a survey of train found. `input` is the network's [C, H, W]: small pictures are taken as they are where it is of
 * their size, and prepared as photographs where it is of another.
 */
export const preprocessingFor = (
  { shape, statistics }: ImageSurvey,
  kind: ImageSource["kind"],
  input: PixelShape | null,
): Preprocessing => {
  if (shape !== null && statistics !== null) {
    const fits = input === null || (input[1] === shape[1] && input[2] === shape[2]);
    const channels = kind === "memory" || input === null ? shape[0] : input[0];
    if (kind === "memory" || (fits && (shape[0] === 1 || shape[0] === channels))) {
      const { mean, deviation } = statistics;
      const widened = { mean: forChannels(mean, channels), deviation: forChannels(deviation, channels) };
      return preprocessingOf([channels, shape[1], shape[2]], widened);
    }
  }
  if (input === null) throw new UsageError("pictures of several sizes need to know the network's input; give it");
  return photographPreprocessing(input);
};

/** Whose mean is subtracted: of each channel, or of each pixel. */
export type SubtractedMean = "channel" | "pixel";

/**
 * With the mean of each pixel of train instead of each channel's, as He et al. 2015 for CIFAR; deviations stay those of channels. Throws
 * UsageError for pictures in files.
 */
export const subtracting = (mean: SubtractedMean, preprocessing: Preprocessing, train: ImageSource): Preprocessing => {
  if (mean === "channel") return preprocessing;
  if (train.kind === "memory") return { ...preprocessing, pixelMean: pixelMean(readMemory(train)) };
  throw new UsageError(
    'the mean of each pixel is known of images in memory that have one shape (IDX, CIFAR); for pictures in files set subtractedMean to "channel"',
  );
};

/**
 * To be called with train, never with test. Reads every image in memory once (60,000 of 28×28: 0.1 s), every picture of a source of small ones
 * of one size (at most 64 pixels), and the headers of a few of photographs: for these `input`, the network's [C, H, W], is needed.
 */
export const fitPreprocessing = async (
  train: ImageSource,
  input: PixelShape | null = null,
  mean: SubtractedMean = "channel",
): Promise<Preprocessing> => subtracting(mean, preprocessingFor(await surveyImages(train), train.kind, input), train);
