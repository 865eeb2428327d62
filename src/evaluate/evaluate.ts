// Evaluation of a network on a split: every image exactly once, in order, then the metrics over all logits together. Images that
// can't be decoded are left out of all figures, and listed. Several looks at each image are evaluate-views.ts.
import { UsageError } from "../base/errors.ts";
import type { BrokenImage } from "../data/prepare.ts";
import type { ImageSource } from "../data/source.ts";
import { type ConfusionMatrix, confusionMatrix, perClassAccuracy } from "./confusion.ts";
import { crossEntropies } from "./cross-entropy.ts";
import { type Metric, meanLoss } from "./interval.ts";
import type { Labels, Logits } from "./logits.ts";
import { type EvaluationBatches, type LogitsFor, runBatches } from "./run-batches.ts";
import { predictedClasses, topK } from "./top-k.ts";

export type { EvaluationBatches, LogitsFor, LogitsOf } from "./run-batches.ts";

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

/** Rows of logits as they come in: room for all images of the source. */
interface Collected {
  readonly classes: number;
  readonly data: Float32Array;
}

/**
 * Runs the network over a split with running statistics. While a batch is computed, the next is prepared. Throws UsageError where no
 * image of the split can be decoded.
 */
export const evaluate = async (options: EvaluationOptions): Promise<Evaluation> => {
  const { split, source, openBatches, logitsFor, onProgress, signal } = options;
  const n = source.labels.length;
  const collected: Collected[] = []; // one, made when the number of classes is known
  const evaluated = new Int32Array(n);
  let [seen, dealtWith] = [0, 0];
  const broken = await runBatches({
    openBatches,
    logitsFor,
    take: ({ indices, data, classes }) => {
      if (collected.length === 0) collected.push({ classes, data: new Float32Array(n * classes) });
      collected[0]?.data.set(data, seen * classes);
      evaluated.set(indices, seen);
      seen += indices.length;
    },
    onBatch: (images) => {
      dealtWith += images;
      onProgress?.(dealtWith, n);
    },
    signal,
  });
  const [all] = collected;
  if (all === undefined || seen + broken.length !== n) {
    throw new Error(`internal error: ${split} has ${n} images but ${seen} were evaluated`);
  }
  const { classes, data } = all;
  const logits: Logits = { dtype: "f32", shape: [seen, classes], data: data.slice(0, seen * classes) };
  return conclude(split, source, broken, evaluated.slice(0, seen), logits);
};

/** The evaluation of a table of logits, whose row i is of the source's image `images[i]`. Throws UsageError where there is none. */
export const conclude = (
  split: string,
  { labels }: Pick<ImageSource, "labels">,
  broken: readonly BrokenImage[],
  images: Int32Array,
  logits: Logits,
): Evaluation => {
  if (images.length === 0) {
    throw new UsageError(
      `none of the ${labels.length} images of ${split} can be decoded, for example ${broken[0]?.problem}`,
    );
  }
  const ofImages = Int32Array.from(images, (image) => labels[image]!);
  return { split, broken, images, ...measure(logits, ofImages) };
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
