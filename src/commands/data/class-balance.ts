// Whether some classes have far more images than others, and the sentence that says so.
import { printable } from "../../data/node/printable.ts";
import { formatCount, formatNumber } from "../report/format.ts";
import type { Balance } from "./inspect-document.ts";

/** From this ratio of the largest class to the smallest on, the mean accuracy says little about the small one. */
const unbalancedFrom = 10;

/** Images of each class. */
export const countClasses = (labels: Int32Array, classes: number): readonly number[] => {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
};

/** `classes` are the names by label; there is at least one. */
export const classBalance = (labels: Int32Array, classes: readonly string[]): Balance => {
  const counts = countClasses(labels, classes.length);
  const [most, fewest] = [Math.max(...counts), Math.min(...counts)];
  const named = (images: number) => ({ name: classes[counts.indexOf(images)] ?? "", images });
  const ratio = most / Math.max(1, fewest);
  return { largest: named(most), smallest: named(fewest), ratio, isUnbalanced: ratio >= unbalancedFrom };
};

/** One sentence with the ratio and what to do; null where the classes are balanced well enough. */
export const unbalancedSentence = ({ largest, smallest, ratio, isUnbalanced }: Balance): string | null => {
  if (!isUnbalanced) return null;
  const images = `${printable(largest.name)} has ${formatCount(largest.images)} training images, ${printable(smallest.name)} ${formatCount(smallest.images)}`;
  return `the classes are unbalanced: ${images} (${formatNumber(ratio)} : 1); add images of the small ones, and look at the accuracy of each class, not at the mean alone`;
};
