// The mean of several networks' or views' probabilities, kept as logarithms, so that what is computed from logits is computed from
// it as well: the softmax of log p is p.
import { UsageError } from "../base/errors.ts";
import { type Logits, sizesOf } from "./logits.ts";

/** log Σ_j exp(x_j) of one row, without overflow. A logit that is not a number makes it so. */
const logSum = (data: Logits["data"], from: number, to: number): number => {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) largest = Math.max(largest, data[i]!);
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.exp(data[i]! - largest);
  return largest + Math.log(sum);
};

/** log(exp(a) + exp(b)). */
const logAdd = (a: number, b: number): number => {
  if (a === Number.NEGATIVE_INFINITY) return b;
  if (b === Number.NEGATIVE_INFINITY) return a;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
};

/**
 * Adds probabilities up, row by row, in f64 logarithms: none is rounded to 0, however unlikely.
 * A logit that is not a number makes its row so: that image has no answer.
 */
export interface ProbabilitySums {
  /** Adds the softmax of a row of logits, `data[from …]`, to the row `row` of the sums. */
  add(row: number, data: Logits["data"], from: number): void;
  /** log of the mean of what was added to these rows [rows, classes]. */
  logMeans(rows: Int32Array): Logits;
}

/** Sums for so many rows: 8·rows·classes bytes. */
export const probabilitySums = (rows: number, classes: number): ProbabilitySums => {
  const sums = new Float64Array(rows * classes).fill(Number.NEGATIVE_INFINITY);
  const counts = new Int32Array(rows);
  return {
    add: (row, data, from) => {
      const total = logSum(data, from, from + classes);
      const first = row * classes;
      for (let c = 0; c < classes; c++) sums[first + c] = logAdd(sums[first + c]!, data[from + c]! - total);
      counts[row]!++;
    },
    logMeans: (taken) => {
      const data = new Float32Array(taken.length * classes);
      for (const [i, row] of taken.entries()) {
        const logCount = Math.log(counts[row]!);
        for (let c = 0; c < classes; c++) data[i * classes + c] = sums[row * classes + c]! - logCount;
      }
      return { dtype: "f32", shape: [taken.length, classes], data };
    },
  };
};

/** Networks' answers to the same images, added one network at a time. */
export interface Ensemble {
  /** Throws UsageError where a network's table [N, classes] differs in shape from those before it. */
  add(logits: Logits): void;
  /** log of the mean of their softmax probabilities [N, classes], as He et al. 2015 (section 4.1) average their six networks. */
  mean(): Logits;
}

export const createEnsemble = (images: number, classes: number): Ensemble => {
  const sums = probabilitySums(images, classes);
  return {
    add: (logits) => {
      const other = sizesOf(logits);
      if (other.images !== images || other.classes !== classes) {
        throw new UsageError(
          `an ensemble's networks answer the same images with the same classes, but one gives ${images}×${classes} logits and another ${other.images}×${other.classes}`,
        );
      }
      for (let n = 0; n < images; n++) sums.add(n, logits.data, n * classes);
    },
    mean: () => sums.logMeans(Int32Array.from({ length: images }, (_, n) => n)),
  };
};
