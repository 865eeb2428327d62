// Which images to hold out of a training split: seeded, and each class in proportion to its size.
import { UsageError } from "../base/errors.ts";
import { permutation, randomPurposes, randomStream } from "../base/philox.ts";

/** Indices of both parts, each ascending. */
export interface Split {
  readonly kept: Int32Array;
  readonly heldOut: Int32Array;
}

/** `count` images shared out over classes of these sizes: ⌊proportion⌋ each, the rest by largest remainder (Hamilton). */
const quotas = (sizes: readonly number[], count: number): number[] => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const result = sizes.map((size) => Math.floor((size * count) / total));
  const left = count - result.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = sizes
    .map((size, label) => ({ label, remainder: (size * count) % total }))
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const { label } of byRemainder.slice(0, left)) result[label]! += 1;
  return result;
};

/**
 * Splits images 0 … labels.length − 1 so that `count` are held out. The same labels, count and seed give the same split.
 * Throws UsageError unless `count` is an integer from 1 to labels.length − 1.
 */
export const stratifiedSplit = (labels: Int32Array, count: number, seed: number): Split => {
  const total = labels.length;
  if (!Number.isInteger(count) || count < 1 || count >= total) {
    throw new UsageError(
      `can't hold ${count} of ${total} training images out for validation; choose a whole number from 0 to ${total - 1}`,
    );
  }
  const members: number[][] = [];
  labels.forEach((label, image) => {
    while (members.length <= label) members.push([]);
    members[label]!.push(image);
  });
  const quota = quotas(
    members.map((images) => images.length),
    count,
  );
  const isHeldOut = new Uint8Array(total);
  members.forEach((images, label) => {
    const order = permutation(images.length, randomStream(seed, randomPurposes.split, label));
    for (const position of order.subarray(0, quota[label]!)) isHeldOut[images[position]!] = 1;
  });
  const select = (wanted: number) =>
    Int32Array.from({ length: total }, (_, i) => i).filter((i) => isHeldOut[i] === wanted);
  return { kept: select(0), heldOut: select(1) };
};
