// The loop of every evaluation: batch by batch, each image once; while a batch is computed, the next is prepared.
import type { ImageShape } from "../base/shape.ts";
import type { HostTensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import type { BrokenImage } from "../data/prepare.ts";
import type { Logits } from "./logits.ts";

/** Computes the logits [N, classes] of images [N, C, H, W], in a buffer that belongs to it: valid until it is called again. */
export type LogitsOf = (images: HostTensor<"f32">) => Promise<Logits>;

/** Gives the program for an input shape, made when it is first asked for. */
export type LogitsFor = (shape: ImageShape) => Promise<LogitsOf>;

/** Batches of a split in order, each image once; the last may hold fewer images than it has room for. Null at the end. */
export interface EvaluationBatches {
  /** Whether batches are prepared only while a `next` waits: then it is called after a batch was computed, not before. */
  readonly takesTurns?: boolean;
  next(): Promise<Batch | null>;
  dispose(): Promise<void>;
}

/** The images of one batch, and their logits: row i, `classes` long, is of image `indices[i]`. */
export interface BatchLogits {
  readonly indices: Int32Array;
  readonly data: Logits["data"];
  readonly classes: number;
}

export interface BatchesOptions {
  /** Opens a loader; it is disposed of here. */
  readonly openBatches: () => EvaluationBatches;
  readonly logitsFor: LogitsFor;
  /** Is given the logits of each batch, to copy what it keeps of them. */
  readonly take: (logits: BatchLogits) => void;
  /** Told of the images that each batch dealt with, broken ones included. */
  readonly onBatch?: (images: number) => void;
  /** Rejects with the signal's reason after the batch under way. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a network over all batches; gives the images that couldn't be decoded. */
export const runBatches = async (options: BatchesOptions): Promise<readonly BrokenImage[]> => {
  const { logitsFor, take, onBatch, signal } = options;
  const broken: BrokenImage[] = [];
  signal?.throwIfAborted();
  const batches = options.openBatches();
  try {
    const ask = (): Promise<Batch | null> => {
      const batch = batches.next();
      batch.catch(() => {}); // told where it is awaited
      return batch;
    };
    let upcoming = ask();
    for (let batch = await upcoming; batch !== null; batch = await upcoming) {
      const { images, count, indices } = batch;
      const [size = 0, channels = 0, height = 0, width = 0] = images.shape;
      const logitsOf = await logitsFor([size, channels, height, width]);
      const running = logitsOf(images);
      if (batches.takesTurns !== true) upcoming = ask();
      const { data, shape } = await running;
      batch.release();
      const classes = shape[1] ?? 0;
      take({ indices: indices.subarray(0, count), data: data.subarray(0, count * classes), classes });
      broken.push(...batch.broken);
      onBatch?.(count + batch.broken.length);
      signal?.throwIfAborted();
      if (batches.takesTurns === true) upcoming = ask();
    }
  } finally {
    await batches.dispose();
  }
  return broken;
};
