// How small images (CIFAR's, IDX, folders of 32×32) are augmented when a person names neither recipe nor weights: shifted, and mirrored
// where that leaves an image of its class. What was chosen is said in one line.
import type { DataSet } from "../../data/data-set.ts";
import { type ImageSurvey, largestSmallSide } from "../../data/node/survey-images.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { DefaultStart } from "./default-start.ts";

/** Letters, digits, numbers (so that nothing is known of what they stand for), and names that tell sides apart. */
const oneSided = /^(.|\d+|zero|one|two|three|four|five|six|seven|eight|nine)$|(^|[^a-z])(left|right)([^a-z]|$)/iu;

/** The first class whose images a mirror may turn into those of another, or of none. */
const unmirrored = (classes: readonly string[]): string | undefined => classes.find((name) => oneSided.test(name));

/**
 * Pixels that an image may be shifted by. Of colour images 4 in 32, as in He et al. 2015, §4.2; of grey ones, which are mostly cut out and
 * centred (MNIST's and its kin), 1 in 28, the best of those measured on Fashion-MNIST (recipes/fashion-mnist.ts).
 */
const shiftOf = ([channels, height, width]: readonly [number, number, number]): number =>
  Math.round(Math.min(height, width) / (channels === 1 ? 28 : 8));

const pixels = (count: number): string => `${count} ${count === 1 ? "pixel" : "pixels"}`;

/** Null where images are no small ones of one shape. `first` is the default recipe, with what the person set. */
export const smallImageStart = (first: Recipe, { classes }: DataSet, { shape }: ImageSurvey): DefaultStart | null => {
  if (shape === null || Math.max(shape[1], shape[2]) > largestSmallSide) return null;
  const [pad, kept] = [shiftOf(shape), unmirrored(classes)];
  const flip = kept === undefined;
  const shifted = pad === 0 ? "not shifted" : `shifted by up to ${pixels(pad)}`;
  const mirrored = flip
    ? "mirrored, one in two"
    : `not mirrored, for that may change what an image of class "${kept}" is`;
  return {
    recipe: { ...first, augmentation: { ...first.augmentation, pad, flip } },
    say: () =>
      `by default  images of ${shape[1]}×${shape[2]} are ${shifted}${pad > 0 === flip ? " and " : " but "}${mirrored}; --recipe chooses otherwise`,
  };
};
