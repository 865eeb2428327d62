// Evaluation of a network on a split: every image exactly once, in order, then the metrics over all logits together. Images that
// can't be decoded are left out of all figures, and listed.
import { UsageError } from "../base/errors.ts";
import type { ImageShape } from "../base/shape.ts";
import type { HostTensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import type { BrokenImage } from "../data/prepare.ts";
import type { ImageSource } from "../data/source.ts";
import { type ConfusionMatrix, confusionMatrix, perClassAccuracy } from "./confusion.ts";
import { crossEntropies } from "./cross-entropy.ts";
import { type Metric, meanLoss } from "./interval.ts";
import type { Labels, Logits } from "./logits.ts";
import { predictedClasses, topK } from "./top-k.ts";

/** Computes the logits [N, classes] of images [N, C, H, W], in a buffer that belongs to it: valid until it is called again. */
export type LogitsOf = (images: HostTensor<"f32">) => Promise<Logits>;

/** Gives the program for an input shape, made when it is first asked for. */
export type LogitsFor = (shape: ImageShape) => Promise<LogitsOf>;

/** Batches of a split in order, each image once; the last may hold fewer images than it has room for. Null at the end. */
export interface EvaluationBatches {
  next(): Promise<Batch | null>;
  dispose(): Promise<void>;
}

export interface EvaluationOptions {
  /** What the result calls the split: "test", "validation", "train". */
  readonly split: string;
  readonly source: ImageSource;
  /** Opens a loader of the source; evaluation disposes of it. */
  readonly openBatches: () => EvaluationBatches;
  readonly logitsFor: LogitsFor;
  readonly onProgress?: (images: number, ofImages: number) => void;
  /** Makes `evaluate` reject with the signal's reason after the batch under way. */
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  readonly split: string;
  /** Images that were evaluated: all of the split but for broken ones. */
  readonly n: number;
  /** Images of the source that couldn't be decoded; not counted in any figure. */
  readonly broken: readonly BrokenImage[];
  /** Which image of the source each row of the logits is of: [n], ascending. */
  readonly images: Int32Array;
  /** Fractions with Wilson's 95 % interval. */
  readonly top1: Metric;
  /** With fewer than five classes, all of them count. */
  readonly top5: Metric;
  /** Mean cross-entropy in nats, without label smoothing. */
  readonly loss: Metric;
  /** Accuracy by class; null where the split has no image of it. */
  readonly perClass: readonly (Metric | null)[];
  readonly confusion: ConfusionMatrix;
  /** [n, classes] and [n], in the source's order: what mistakes, calibration and re-assessed labels are computed from. */
  readonly logits: Logits;
  readonly labels: Labels;
}

/**
 * Runs the network over a split with running statistics. While a batch is computed, the next is prepared. Throws UsageError where no
 * image of the split can be decoded.
 */
export const evaluate = async (options: EvaluationOptions): Promise<Evaluation> => {
  const { split, source, logitsFor, onProgress, signal } = options;
  const { labels } = source;
  const n = labels.length;
  let all: HostTensor<"f32"> | null = null;
  const evaluated = new Int32Array(n);
  const broken: BrokenImage[] = [];
  let seen = 0;

  const batches = options.openBatches();
  try {
    let upcoming = batches.next();
    for (let batch = await upcoming; batch !== null; batch = await upcoming) {
      const { images, count, indices } = batch;
      const [size = 0, channels = 0, height = 0, width = 0] = images.shape;
      const logitsOf = await logitsFor([size, channels, height, width]);
      const running = logitsOf(images);
      upcoming = batches.next();
      upcoming.catch(() => {}); // told where it is awaited
      const { data, shape } = await running;
      batch.release();
      const classes = shape[1] ?? 0;
      all ??= { dtype: "f32", shape: [n, classes], data: new Float32Array(n * classes) };
      all.data.set(data.subarray(0, count * classes), seen * classes);
      evaluated.set(indices.subarray(0, count), seen);
      broken.push(...batch.broken);
      seen += count;
      onProgress?.(seen + broken.length, n);
      signal?.throwIfAborted();
    }
  } finally {
    await batches.dispose();
  }
  if (all === null || seen + broken.length !== n) {
    throw new Error(`internal error: ${split} has ${n} images but ${seen} were evaluated`);
  }
  if (seen === 0) {
    throw new UsageError(`none of the ${n} images of ${split} can be decoded, for example ${broken[0]?.problem}`);
  }
  const classes = all.shape[1] ?? 0;
  const images = evaluated.slice(0, seen);
  const rows: Logits = { dtype: "f32", shape: [seen, classes], data: all.data.slice(0, seen * classes) };
  return {
    split,
    broken,
    images,
    ...measure(
      rows,
      Int32Array.from(images, (image) => labels[image]!),
    ),
  };
};

/** The metrics of a table of logits [n, classes] and the labels [n] that belong to it. */
export const measure = (logits: Logits, labels: Labels): Omit<Evaluation, "split" | "broken" | "images"> => {
  const confusion = confusionMatrix(predictedClasses(logits), labels, logits.shape[1] ?? 0);
  return {
    n: labels.length,
    top1: topK(logits, labels, 1),
    top5: topK(logits, labels, 5),
    loss: meanLoss(crossEntropies(logits, labels)),
    perClass: perClassAccuracy(confusion),
    confusion,
    logits,
    labels,
  };
};
