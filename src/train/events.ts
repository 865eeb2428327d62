// What a training tells while it runs: flat records, one for each line of a log. Steps and epochs count from 1; a record's `step`
// is the number of steps done. Fractions are 0 … 1, losses in nats, intervals hold 95 %.
import type { Evaluation } from "../evaluate/evaluate.ts";
import type { BadLoss } from "./loss-policy.ts";

/** Before the first step. */
export interface StartEvent {
  readonly event: "start";
  /** Steps done before: 0 unless training is resumed. */
  readonly step: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Images that each epoch leaves out because they fill no batch. */
  readonly droppedPerEpoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly parameters: number;
  /** Of the first program; where images grow, each size has an event with its own. */
  readonly arenaBytes: number;
  readonly arenaLowerBoundBytes: number;
}

/** Before the first step at a size, where a recipe has several sizes of training images. */
export interface SizeEvent {
  readonly event: "size";
  readonly step: number;
  /** The first epoch at this size or, where training is resumed, the one it goes on in. */
  readonly epoch: number;
  /** Pixels. */
  readonly imageSize: readonly [height: number, width: number];
  /** Of the program for this size, which is the only one in memory. */
  readonly arenaBytes: number;
  readonly arenaLowerBoundBytes: number;
}

/** After each step. Loss and accuracy are the batch's, as augmented, before the update. */
export interface StepEvent {
  readonly event: "step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  /** Over the last steps, without evaluation and checkpoints. */
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  /** L2 norms over all parameters, in the steps in which they are measured. */
  readonly gradientNorm?: number;
  readonly parameterNorm?: number;
  readonly updateNorm?: number;
}

/** Instead of a step's event: its update was left out, as the recipe says of such losses. */
export interface SkippedEvent {
  readonly event: "skipped";
  readonly step: number;
  readonly epoch: number;
  readonly reason: BadLoss["reason"];
  /** The bad batch's. */
  readonly loss: number;
  readonly threshold: number | null;
  /** So far, this one included. */
  readonly skippedSteps: number;
}

/** After each epoch. Training figures are means over the epoch, taken while the weights moved. */
export interface EpochEvent {
  readonly event: "epoch";
  readonly step: number;
  readonly epoch: number;
  /** Null where all steps of the epoch were skipped: then there is nothing to take a mean of. */
  readonly trainLoss: number | null;
  readonly trainAccuracy: number | null;
  /** Of steps that were not skipped; 0 where all were. */
  readonly trainImages: number;
  /** Of training images, in pixels; evaluation has that of the preprocessing. */
  readonly imageSize: readonly [height: number, width: number];
  /** Present when the validation split was evaluated. */
  readonly validationAccuracy?: number;
  readonly validationAccuracyInterval?: readonly [low: number, high: number];
  readonly validationLoss?: number;
  readonly validationLossInterval?: readonly [low: number, high: number];
  readonly validationImages?: number;
  /** Since this process began to train, evaluation and checkpoints included. */
  readonly seconds: number;
}

/** The training was asked to stop, has finished its step and written a checkpoint. */
export interface InterruptedEvent {
  readonly event: "interrupted";
  readonly step: number;
  readonly epoch: number;
}

/** The recipe's patience with the validation has ended: the training is over. */
export interface StoppedEarlyEvent {
  readonly event: "stopped early";
  readonly step: number;
  readonly epoch: number;
  /** The best validation; the checkpoint of that epoch is the one to use. */
  readonly bestAccuracy: number;
}

/** The figures of an epoch's validation, as its event has them. */
export const validationFields = (evaluation: Evaluation | null): Partial<EpochEvent> =>
  evaluation === null
    ? {}
    : {
        validationAccuracy: evaluation.top1.value,
        validationAccuracyInterval: evaluation.top1.interval,
        validationLoss: evaluation.loss.value,
        validationLossInterval: evaluation.loss.interval,
        validationImages: evaluation.n,
      };

/** What `train` emits. */
export type TrainingEvent =
  | StartEvent
  | SizeEvent
  | StepEvent
  | SkippedEvent
  | EpochEvent
  | StoppedEarlyEvent
  | InterruptedEvent;

/** The last line, which the command adds after it has evaluated the test split once. */
export interface EndEvent {
  readonly event: "end";
  readonly epochs: number;
  readonly step: number;
  readonly testAccuracy: number;
  readonly testAccuracyInterval: readonly [low: number, high: number];
  readonly top5: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly checkpoint: string | null;
}
