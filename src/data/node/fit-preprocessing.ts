// The preprocessing that a training split asks for: of images of one shape, that shape, and mean and deviation of their pixels,
// computed once; of photographs, the usual one for the network's size.
import { UsageError } from "../../base/errors.ts";
import { photographPreprocessing } from "../photographs.ts";
import { pixelMean } from "../pixel-mean.ts";
import { pixelStatistics } from "../pixel-statistics.ts";
import { type Preprocessing, preprocessingOf } from "../preprocessing.ts";
import { readMemory } from "../reader.ts";
import type { ImageSource, PixelShape, SourceKind } from "../source.ts";

/** Whose mean is subtracted: of each channel, or of each pixel. */
type SubtractedMean = "channel" | "pixel";

const fitPhotographs = async (
  _: ImageSource,
  input: PixelShape | null,
  mean: SubtractedMean,
): Promise<Preprocessing> => {
  if (mean === "pixel") {
    throw new UsageError(
      'the mean of each pixel is known of images in memory that have one shape (IDX, CIFAR); for pictures in files set subtractedMean to "channel"',
    );
  }
  if (input === null) throw new UsageError("pictures of several sizes need to know the network's input; give it");
  return photographPreprocessing(input);
};

const fits: {
  readonly [K in SourceKind]: (
    train: ImageSource<K>,
    input: PixelShape | null,
    mean: SubtractedMean,
  ) => Promise<Preprocessing>;
} = {
  memory: async (train, _, mean) => {
    const reader = readMemory(train);
    const preprocessing = preprocessingOf(train.shape, pixelStatistics(reader));
    return mean === "channel" ? preprocessing : { ...preprocessing, pixelMean: pixelMean(reader) };
  },
  files: fitPhotographs,
  spans: fitPhotographs,
  parquet: fitPhotographs,
};

/**
 * To be called with train, never with test. Reads every image in memory once (60,000 of 28×28: 0.1 s), and none of files: `input` is
 * the network's [C, H, W], which files need. With `mean` "pixel", the mean of each pixel is subtracted instead of each channel's (which
 * files can't: UsageError); deviations are those of channels either way.
 */
export const fitPreprocessing = <K extends SourceKind>(
  train: ImageSource<K>,
  input: PixelShape | null = null,
  mean: SubtractedMean = "channel",
): Promise<Preprocessing> => fits[train.kind](train, input, mean);
