// The preprocessing that a training split asks for: of images of one shape, that shape, and mean and deviation of their pixels,
// computed once; of photographs, the usual one for the network's size.
import { UsageError } from "../../base/errors.ts";
import { photographPreprocessing } from "../photographs.ts";
import { pixelStatistics } from "../pixel-statistics.ts";
import { type Preprocessing, preprocessingOf } from "../preprocessing.ts";
import { readMemory } from "../reader.ts";
import type { ImageSource, PixelShape, SourceKind } from "../source.ts";

const fitPhotographs = async (_: ImageSource, input: PixelShape | null): Promise<Preprocessing> => {
  if (input === null) throw new UsageError("pictures of several sizes need to know the network's input; give it");
  return photographPreprocessing(input);
};

const fits: {
  readonly [K in SourceKind]: (train: ImageSource<K>, input: PixelShape | null) => Promise<Preprocessing>;
} = {
  memory: async (train) => preprocessingOf(train.shape, pixelStatistics(readMemory(train))),
  files: fitPhotographs,
  spans: fitPhotographs,
  parquet: fitPhotographs,
};

/**
 * To be called with train, never with test. Reads every image in memory once (60,000 of 28×28: 0.1 s), and none of files: `input` is
 * the network's [C, H, W], which files need.
 */
export const fitPreprocessing = <K extends SourceKind>(
  train: ImageSource<K>,
  input: PixelShape | null = null,
): Promise<Preprocessing> => fits[train.kind](train, input);
