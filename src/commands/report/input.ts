// What a report is made of: plain data, so that a report can be drawn again from the files of a run, and tested without one.
import type { Calibration } from "../../evaluate/calibration.ts";
import type { ConfusionMatrix } from "../../evaluate/confusion.ts";
import type { Metric } from "../../evaluate/interval.ts";
import type { LikelyClass } from "../../evaluate/prediction-rows.ts";

/** One training step. `epoch` counts from 1; `loss` in nats, with label smoothing if the recipe has it. */
export interface CurvePoint {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** Fraction of the batch, as augmented, that was right before the update; null where it was not measured. */
  readonly accuracy: number | null;
  readonly learningRate: number;
}

export interface SplitResult {
  readonly accuracy: Metric;
  readonly loss: Metric;
}

/** The end of an epoch. `train` is measured while the weights move (each image once); the others afterwards. */
export interface EpochPoint {
  readonly epoch: number;
  /** The last step of the epoch. */
  readonly step: number;
  readonly seconds: number;
  /** Of training images, in pixels; left out where it isn't known. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Null where all steps of the epoch were skipped. */
  readonly train: SplitResult | null;
  readonly validation: SplitResult | null;
  readonly test: SplitResult | null;
}

/** An image that was given a wrong class. `pixels` are C·H·W bytes, 0 … 255, channels first. */
export interface Mistake {
  readonly image: number;
  readonly pixels: Uint8Array;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly predicted: number;
  readonly actual: number;
  readonly predictedProbability: number;
  readonly actualProbability: number;
  /** The classes with the largest probabilities, likeliest first. */
  readonly likeliest: readonly LikelyClass[];
  /** The image's file; null for images in memory. */
  readonly file: string | null;
}

/** The final evaluation, on images that no choice was made by where the split is "test". */
export interface Evaluation extends SplitResult {
  readonly split: string;
  readonly top5: Metric | null;
  readonly confusion: ConfusionMatrix;
  /** Null where no image was answered. */
  readonly calibration: Calibration | null;
  /** Surest first. */
  readonly mistakes: readonly Mistake[];
}

export interface ReportInput {
  /** "ResNet-20 on Fashion-MNIST", for example. */
  readonly title: string;
  /** When training began, as the reader should see it; null leaves it out. */
  readonly startedAt: string | null;
  readonly network: {
    readonly name: string;
    readonly parameters: number;
    /** Multiply-accumulates of one image's forward pass. */
    readonly macs: number;
    readonly input: readonly [channels: number, height: number, width: number];
  };
  readonly data: {
    readonly name: string;
    readonly trainImages: number;
    readonly validationImages: number;
    readonly testImages: number;
  };
  readonly training: {
    readonly epochs: number;
    readonly steps: number;
    readonly batch: number;
    /** Wall-clock time of the whole training, evaluation between epochs included. */
    readonly seconds: number;
    /** Training images through the network per second of training, evaluation left out. */
    readonly imagesPerSecond: number;
    readonly dtype: string;
    readonly engine: string;
    readonly threads: number;
    readonly seed: number;
  };
  /** "Intel Xeon Platinum 8481C, 2 cores", for example. */
  readonly hardware: string;
  /** More rows for the table of facts: versions, arena bytes, data checksums. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly curves: readonly CurvePoint[];
  readonly epochs: readonly EpochPoint[];
  /** Null when training was stopped before there was anything to evaluate. */
  readonly evaluation: Evaluation | null;
  /** Names of the classes, by index. */
  readonly classes: readonly string[];
  /** The recipe, as it goes into JSON. */
  readonly recipe: unknown;
  /** The command that repeats this run. */
  readonly command: string;
}
