// How `residual train` is told the sizes of images: --image-size and --test-size in place of what a recipe says.
import { UsageError } from "../../base/errors.ts";
import type { ImageSize, Recipe, SizeFrom } from "../../train/recipe.ts";

export interface SizeWords {
  /** Pixels of training images: a size, such as "128", or sizes by epoch, such as "128,6:192,10:224" (6 epochs at 128, 4 at 192). */
  readonly imageSize?: string;
  /** Pixels of images in evaluation and prediction; by default the recipe's, else the last size of training. */
  readonly testSize?: number;
}

/** Throws UsageError. */
const sizesOf = (word: string): readonly SizeFrom[] =>
  word.split(",").map((part, i) => {
    const [, fromEpoch, size] = /^(?:(\d+):)?(\d+)$/.exec(part.trim()) ?? [];
    if (size === undefined || (i > 0 && fromEpoch === undefined)) {
      throw new UsageError(
        `--image-size should be a number of pixels, such as 128, or several by epoch, such as 128,6:192,10:224, but is "${word}"`,
      );
    }
    return { fromEpoch: Number(fromEpoch ?? 0), size: Number(size) };
  });

/**
 * The recipe with these sizes; its own test size stays where none is said. One that is said is cut in proportion, whatever the recipe's is
 * cut from. To be checked by parseRecipe, with the recipe's other fields. Throws UsageError.
 */
export const withSizes = (recipe: Recipe, { imageSize, testSize }: SizeWords): Recipe => {
  if (imageSize === undefined && testSize === undefined) return recipe;
  const train = imageSize === undefined ? recipe.imageSize?.train : sizesOf(imageSize);
  if (train === undefined) {
    throw new UsageError(
      `--test-size ${testSize} needs the size of training images, which the recipe ${recipe.name} doesn't say; give --image-size as well`,
    );
  }
  const own = recipe.imageSize?.test ?? null;
  const test: ImageSize["test"] =
    testSize === undefined ? own : { size: testSize, shorterSide: null, interpolation: own?.interpolation ?? null };
  return { ...recipe, imageSize: { train, test } };
};
