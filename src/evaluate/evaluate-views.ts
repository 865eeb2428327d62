// Evaluation by several looks at each image: the probabilities of all passes are averaged, image by image (protocol.ts says what the
// passes are). As Krizhevsky et al. 2012 and He et al. 2015 do, the mean is of softmax outputs, not of logits.
import type { BrokenImage } from "../data/prepare.ts";
import type { ImageSource } from "../data/source.ts";
import { conclude, type Evaluation } from "./evaluate.ts";
import { type ProbabilitySums, probabilitySums } from "./mean-probabilities.ts";
import { type EvaluationBatches, type LogitsFor, runBatches } from "./run-batches.ts";

/** One run over some images of the source. */
export interface ViewPass {
  /** Indices of batches count within `images`. */
  readonly openBatches: () => EvaluationBatches;
  readonly logitsFor: LogitsFor;
  /** Which images of the source take part; null: all. */
  readonly images: Int32Array | null;
}

export interface ViewsOptions {
  readonly split: string;
  readonly source: ImageSource;
  /** One after the other; each image takes part in `viewsOfEach` of them. */
  readonly passes: AsyncIterable<ViewPass>;
  readonly viewsOfEach: number;
  /** Views of images: `ofViews` is images × viewsOfEach. */
  readonly onProgress?: (views: number, ofViews: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The logits of the result are logarithms of mean probabilities. An image that can't be decoded in any one pass is left out.
 * Memory: 8 bytes × images × classes. Throws UsageError where no image can be decoded.
 */
export const evaluateViews = async (options: ViewsOptions): Promise<Evaluation> => {
  const { split, source, passes, viewsOfEach, onProgress, signal } = options;
  const n = source.labels.length;
  const made: ProbabilitySums[] = []; // one, made when the number of classes is known
  const broken = new Map<number, BrokenImage>();
  let views = 0;
  for await (const { openBatches, logitsFor, images } of passes) {
    const imageAt = (index: number): number => images?.[index] ?? index;
    const ofPass = await runBatches({
      openBatches,
      logitsFor,
      take: ({ indices, data, classes }) => {
        if (made.length === 0) made.push(probabilitySums(n, classes));
        for (const [row, index] of indices.entries()) made[0]?.add(imageAt(index), data, row * classes);
      },
      onBatch: (count) => {
        views += count;
        onProgress?.(views, n * viewsOfEach);
      },
      signal,
    });
    for (const { image, problem } of ofPass) broken.set(imageAt(image), { image: imageAt(image), problem });
  }
  const [sums] = made;
  if (sums === undefined || views !== n * viewsOfEach) {
    throw new Error(
      `internal error: ${n} images of ${split} have ${n * viewsOfEach} views but ${views} were evaluated`,
    );
  }
  const whole = Int32Array.from({ length: n }, (_, image) => image).filter((image) => !broken.has(image));
  const listed = [...broken.values()].sort((a, b) => a.image - b.image);
  return conclude(split, source, listed, whole, sums.logMeans(whole));
};
