// The part of a recipe that says how large images are. What hangs on the network and the data is checked where those are known:
// size-stages.ts.
import { UsageError } from "../base/errors.ts";
import { interpolations } from "../data/preprocessing.ts";
import { listOf, oneOf, orNull, record, wholeNumber, withDefault } from "./checks.ts";
import type { ImageSize, Recipe, SizeFrom, TestSize } from "./recipe.ts";
import { formatSpan } from "./span.ts";

const size = wholeNumber(1, " pixel (usual for ImageNet: 224)");

const sizeFrom = record<SizeFrom>({ fromEpoch: wholeNumber(0, ""), size }, "a training size");

const testSize = record<TestSize>(
  {
    size,
    shorterSide: withDefault<TestSize["shorterSide"]>(orNull(wholeNumber(1, " pixel (usual for 224: 256)")), null),
    interpolation: withDefault<TestSize["interpolation"]>(orNull(oneOf(interpolations)), null),
  },
  "a test size",
);

export const imageSize = record<ImageSize>(
  {
    train: listOf(
      sizeFrom,
      'a list of sizes by epoch, such as [{"fromEpoch": 0, "size": 128}, {"fromEpoch": 6, "size": 224}]',
    ),
    test: withDefault<ImageSize["test"]>(orNull(testSize), null),
  },
  "image sizes",
);

/** What of the epochs is wrong; null where they rise from 0 and all have their turn. */
const epochProblem = (train: readonly SizeFrom[], epochs: number): string | null => {
  if (train.length === 0) return "imageSize.train is empty: give the size that training begins with, from epoch 0 on";
  for (const [i, { fromEpoch }] of train.entries()) {
    const field = `imageSize.train[${i}].fromEpoch`;
    const before = train[i - 1];
    if (before === undefined && fromEpoch > 0) {
      return `${field} should be 0, for training begins with that size, but is ${fromEpoch}`;
    }
    if (before !== undefined && fromEpoch <= before.fromEpoch) {
      return `${field} should be above ${before.fromEpoch}, that of the size before, but is ${fromEpoch}`;
    }
    if (fromEpoch >= epochs) {
      return `${field} is ${fromEpoch}, but the recipe has ${formatSpan({ epochs })}: leave that size out, or train for at least ${fromEpoch + 1} epochs`;
    }
  }
  return null;
};

/** Throws UsageError where sizes don't follow one another from epoch 0 on, or the augmentation is that of small images. */
export const checkImageSize = ({ imageSize: sizes, augmentation, epochs }: Recipe, where: string): void => {
  if (sizes === null) return;
  const { train, test } = sizes;
  const problem = epochProblem(train, epochs);
  if (problem !== null) throw new UsageError(`${where}: ${problem}`);
  if (augmentation.crop === null && augmentation.pad > 0) {
    throw new UsageError(
      `${where}: imageSize is for photographs, which are cut to any size, but augmentation.pad ${augmentation.pad} is for small images; give augmentation.crop {"kind": "random-resized"} instead, or leave imageSize out`,
    );
  }
  if (test !== null && test.shorterSide !== null && test.shorterSide < test.size) {
    throw new UsageError(
      `${where}: imageSize.test.shorterSide should be at least the size, ${test.size}, but is ${test.shorterSide}`,
    );
  }
};
