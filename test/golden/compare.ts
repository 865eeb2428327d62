// Compares tensors with the digests that PyTorch left of them, and says which share of its bound each figure used.
import { formatShape, sameShape } from "../../src/base/shape.ts";
import type { HostTensor, NamedTensors } from "../../src/base/tensor.ts";
import type { Digest, Digests } from "./fixtures.ts";
import { sampleIndices } from "./formula.ts";
import { digestBounds, recordedDigits, type Tolerance } from "./tolerance.ts";

/** One figure against its bound. */
export interface Comparison {
  /** `gradient.fc.weight norm`, say. */
  readonly figure: string;
  readonly actual: number;
  readonly expected: number;
  readonly bound: number;
  /** |actual − expected| ⁄ bound: above 1 is a failure. Infinite where the actual value is not a number. */
  readonly share: number;
}

export const compareNumber = (figure: string, actual: number, expected: number, bound: number): Comparison => {
  const whole = bound + recordedDigits * Math.abs(expected);
  const difference = Math.abs(actual - expected);
  const share = difference === 0 ? 0 : difference / whole;
  return { figure, actual, expected, bound: whole, share: Number.isNaN(share) ? Infinity : share };
};

/**
 * Compares norm, sum and kept elements of a tensor. `name` is the golden's full name of it (it chooses the kept elements),
 * `samples` how many were kept at most, `f32Error` the relative error to go by where the digest's own is not the measure.
 */
export const compareTensor = (
  name: string,
  actual: HostTensor,
  digest: Digest,
  samples: number,
  tolerance: Tolerance,
  f32Error = digest.f32Error,
): readonly Comparison[] => {
  if (!sameShape(actual.shape, digest.shape)) {
    throw new Error(`${name} is ${formatShape(actual.shape)} but PyTorch's is ${formatShape(digest.shape)}`);
  }
  const bounds = digestBounds(digest, tolerance, f32Error);
  let sum = 0;
  let squares = 0;
  for (const value of actual.data) {
    sum += value;
    squares += value * value;
  }
  return [
    compareNumber(`${name} norm`, Math.sqrt(squares), digest.norm, bounds.norm),
    // The sum of n numbers of 11 digits' precision each, and of ours in f64, is known no better than that.
    compareNumber(`${name} sum`, sum, digest.sum, bounds.sum + recordedDigits * digest.norm),
    ...sampleIndices(name, actual.data.length, samples).map((index, i) =>
      compareNumber(`${name}[${index}]`, actual.data[index] ?? Number.NaN, digest.samples[i] ?? 0, bounds.element),
    ),
  ];
};

/** Compares tensors by name: exactly the golden's, no more and no fewer. `prefix` is that of the golden's full names. */
export const compareTensors = (
  prefix: string,
  actual: NamedTensors,
  digests: Digests,
  samples: number,
  tolerance: Tolerance,
  f32Error?: number,
): readonly Comparison[] => {
  const unknown = [...actual.keys()].filter((name) => !(name in digests));
  const missing = Object.keys(digests).filter((name) => !actual.has(name));
  if (unknown.length > 0 || missing.length > 0) {
    throw new Error(
      `${prefix}: PyTorch has no ${unknown.join(", ") || "–"}, and the engine none of ${missing.join(", ") || "–"}`,
    );
  }
  return [...actual].flatMap(([name, tensor]) => {
    const digest = digests[name];
    return digest ? compareTensor(`${prefix}.${name}`, tensor, digest, samples, tolerance, f32Error) : [];
  });
};

/** The comparison that used most of its bound. */
export const worstOf = (comparisons: readonly Comparison[]): Comparison =>
  comparisons.reduce((worst, next) => (next.share > worst.share ? next : worst));

/** `resnet20 gradients: 961 figures, worst layer1.0.conv1.weight[17]: 31.2 % of the bound 1.2e-7`, for the test's report. */
export const formatWorst = (title: string, comparisons: readonly Comparison[]): string => {
  const { figure, actual, expected, bound, share } = worstOf(comparisons);
  const percent = (100 * share).toFixed(1);
  return `${title}: ${comparisons.length} figures, worst ${figure} = ${actual}, PyTorch ${expected}, ${percent} % of the bound ${bound.toExponential(1)}`;
};
