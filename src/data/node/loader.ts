// The loaders of Node: batches for training and for evaluation, prepared by worker threads while a step runs, or inline.
import { availableParallelism } from "node:os";
import { invariant, UsageError } from "../../base/errors.ts";
import type { Augmentation } from "../augmentation.ts";
import { allocateSlots, type Batch } from "../batch.ts";
import { createGate } from "../gate.ts";
import { type BrokenImage, checkPreparation, createPrepare, isCut, type Preparation } from "../prepare.ts";
import { checkPixelShape, type Preprocessing } from "../preprocessing.ts";
import { type Job, openRing, type Preparer, type Ring } from "../ring.ts";
import { createSampler, evaluationBatch } from "../sampler.ts";
import { type ImageSource, pixelShapeOf } from "../source.ts";
import type { View } from "../view.ts";
import { openReader } from "./readers.ts";
import { openThreads, type ReplacedWorker } from "./threads.ts";
import { mostDecoders } from "./turns.ts";

export interface LoaderOptions {
  readonly source: ImageSource;
  readonly preprocessing: Preprocessing;
  /** Images of a batch. */
  readonly batch: number;
  /** Threads that prepare batches; 0 prepares each when it is asked for, in the calling thread. Default: see defaultWorkers. */
  readonly workers?: number;
  /** Batches in memory at once, the caller's included; at least 1. Default workers + 2: one out, one ready, one in each thread. */
  readonly slots?: number;
  /**
   * Threads decode only while a `next` waits for a batch that isn't ready: for a caller that keeps all cores busy otherwise (see turns.ts),
   * and asks for a batch when it has nothing else to do, not before. Files are read ahead all the time. Default false. It means nothing
   * without workers, and for images in memory: to prepare 128 of 32×32 takes a core 0.9 ms.
   */
  readonly takesTurns?: boolean;
  /** Told of each image that couldn't be decoded, with its batch: the same ones in the same order for any number of workers. */
  readonly onBroken?: (broken: BrokenImage) => void;
  /** Told of each worker that ended, failed or stood still, and was replaced; batches stay the same bytes. */
  readonly onReplaced?: (replaced: ReplacedWorker) => void;
  /** Makes `next` reject with the signal's reason. The loader is still to be disposed. */
  readonly signal?: AbortSignal;
}

export interface TrainingLoaderOptions extends LoaderOptions {
  readonly augmentation: Augmentation | null;
  readonly seed: number;
  /** Where to begin; default epoch 0, step 0. A resumed training gets the batches that the unbroken one would have got. */
  readonly start?: { readonly epoch: number; readonly step: number };
  /** See SamplerOptions; `batch` counts the images of all ranks, a batch of this loader has batch ÷ ranks. */
  readonly rank?: number;
  readonly ranks?: number;
}

export interface EvaluationLoaderOptions extends LoaderOptions {
  /** How each image is looked at; plain by default. */
  readonly view?: View;
}

/** Batches without end: after the last step of an epoch comes the first of the next. */
export interface TrainingLoader {
  readonly stepsPerEpoch: number;
  /** Images that each epoch leaves out, because they fill no batch. */
  readonly droppedPerEpoch: number;
  /** Whether batches are decoded only while a `next` waits: then nothing is gained by asking early, and cores are taken. */
  readonly takesTurns: boolean;
  /** The next batch. Batches come in order; a caller that holds all slots waits here until it releases one. */
  next(): Promise<Batch>;
  /** Ends the threads; a `next` under way rejects. */
  dispose(): Promise<void>;
}

/** Every image exactly once, in order, but for those that can't be decoded; null after the last batch. */
export interface EvaluationLoader extends Ring {
  /** As a training loader's. */
  readonly takesTurns: boolean;
}

/** Slots that a loader uses when it isn't told. */
export const defaultSlots = (workers: number): number => (workers === 0 ? 1 : workers + 2);

/**
 * Threads that prepare batches of a source when a loader isn't told: one for images in memory; where they have to be decoded, one a
 * core, at most four. They run at a low priority, and where the step needs all cores they take turns with it (turns.ts).
 */
export const defaultWorkers = ({ kind }: ImageSource): number =>
  kind === "memory" ? 1 : Math.min(mostDecoders, availableParallelism());

/**
 * Batches that a worker prepares side by side: one, the oldest first, where workers are as many as cores; else it decodes a picture of
 * one while it cuts another's.
 */
const ordersOfWorker = (workers: number): number => Math.max(1, Math.floor(availableParallelism() / workers));

interface BatchSequence {
  readonly batch: number;
  readonly jobs: number;
  readonly jobAt: (k: number) => Job;
}

const open = (options: LoaderOptions, sequence: BatchSequence, preparation: Preparation): EvaluationLoader => {
  const {
    source,
    preprocessing,
    workers = defaultWorkers(options.source),
    slots = defaultSlots(workers),
    signal,
  } = options;
  const takesTurns = workers > 0 && source.kind !== "memory" && options.takesTurns === true;
  const gate = takesTurns ? createGate() : null;
  if (!Number.isInteger(workers) || workers < 0) {
    throw new UsageError(`data workers ${workers} should be a whole number, 0 or more`);
  }
  if (!Number.isInteger(slots) || slots < 1) throw new UsageError(`slots ${slots} should be a whole number, 1 or more`);
  checkPreparation(preparation);
  const shape = pixelShapeOf(source);
  if (shape !== null && !isCut(preparation)) checkPixelShape(shape, preprocessing);
  const ring = allocateSlots({ preprocessing, batch: sequence.batch, slots });
  const arrays = ring.map(({ images, labels }) => ({ images: images.data, labels: labels.data }));
  const inline = (): Preparer => {
    const prepare = createPrepare(openReader(source), preparation);
    return { prepare: ({ indices, epoch }, slot) => prepare(indices, epoch, arrays[slot]!), dispose: async () => {} };
  };
  const threads = (): Preparer => {
    const { onReplaced } = options;
    const ordersAtOnce = ordersOfWorker(workers);
    const setup = { source, preparation, slots: arrays, gate, ordersAtOnce };
    return openThreads(workers, setup, onReplaced && { onReplaced });
  };
  const preparer = workers === 0 ? inline() : threads();
  const { jobs, jobAt } = sequence;
  const { next, dispose } = openRing({ slots: ring, preparer, jobAt, jobs, ahead: workers > 0, gate, signal });
  return {
    takesTurns,
    next: async () => {
      const result = await next();
      for (const broken of result?.broken ?? []) options.onBroken?.(broken);
      return result;
    },
    dispose,
  };
};

/** Throws UsageError for a batch larger than the source, and for settings that make no sense. */
export const openTrainingLoader = (options: TrainingLoaderOptions): TrainingLoader => {
  const { source, preprocessing, augmentation, seed, batch, rank = 0, ranks = 1 } = options;
  const { epoch, step } = options.start ?? { epoch: 0, step: 0 };
  if (![epoch, step].every((value) => Number.isInteger(value) && value >= 0)) {
    throw new UsageError(`a training starts at whole numbers of epoch and step, not at epoch ${epoch}, step ${step}`);
  }
  const sampler = createSampler({ seed, images: source.labels.length, batch, rank, ranks });
  const { stepsPerEpoch, droppedPerEpoch } = sampler;
  const first = epoch * stepsPerEpoch + step;
  const jobAt = (k: number): Job => {
    const at = { epoch: Math.floor((first + k) / stepsPerEpoch), step: (first + k) % stepsPerEpoch };
    return { ...at, indices: sampler.trainingBatch(at.epoch, at.step) };
  };
  const sequence = { batch: batch / ranks, jobs: Number.POSITIVE_INFINITY, jobAt };
  const ring = open(options, sequence, { preprocessing, augmentation, seed, broken: "replace" });
  const next = async (): Promise<Batch> => {
    const result = await ring.next();
    invariant(result !== null, "a training loader has no end");
    return result;
  };
  return { stepsPerEpoch, droppedPerEpoch, takesTurns: ring.takesTurns, next, dispose: ring.dispose };
};

/** Throws UsageError for settings that make no sense. A batch larger than the source is padded. */
export const openEvaluationLoader = (options: EvaluationLoaderOptions): EvaluationLoader => {
  const { source, preprocessing, batch, view } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new UsageError(`batch ${batch} should be a whole number above 0`);
  const images = source.labels.length;
  const jobAt = (k: number): Job => ({ epoch: 0, step: k, indices: evaluationBatch(k, batch, images) });
  const sequence = { batch, jobs: Math.ceil(images / batch), jobAt };
  const preparation = {
    preprocessing,
    augmentation: null,
    seed: 0,
    broken: "leave out",
    ...(view && { view }),
  } as const;
  return open(options, sequence, preparation);
};
