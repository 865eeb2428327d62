// Labels as classes.
import type { TypedArray } from "../../base/dtype.ts";
import { UsageError } from "../../base/errors.ts";

/** The label of image n; throws when it is not one of K classes. */
export const classOf = (name: string, labels: TypedArray, n: number, K: number): number => {
  const label = labels[n]!;
  if (label >= 0 && label < K) return label;
  throw new UsageError(`${name}: the label of image ${n} is ${label}, but classes are numbered 0 to ${K - 1}`);
};
