// What commands tell while they work, as flat records: train's are the lines of `residual train --json`.
import type { DataSetEvent } from "../data/node/data-set-options.ts";
import type { Estimate } from "../train/estimate.ts";
import type { EndEvent, TrainingEvent } from "../train/events.ts";
import type { InspectingEvent } from "./data/inspect-progress.ts";

/** What `<data>` was recognised as. */
export interface DataEvent {
  readonly event: "data";
  readonly name: string;
  readonly origin: string;
  readonly trainImages: number;
  readonly validationImages: number;
  readonly testImages: number;
}

/** What a training will take, before it takes it. */
export interface EstimateEvent extends Estimate {
  readonly event: "estimate";
  readonly model: string;
  readonly batch: number;
  readonly epochs: number;
  readonly engine: string;
  readonly threads: number;
  /** What is frozen, in words; "" where everything learns. */
  readonly frozen: string;
  readonly availableMemoryBytes: number;
  /** Of training alone, at the largest size, measured over a few steps on empty images; null where that would take long. */
  readonly imagesPerSecond: number | null;
  /** One sentence on the nodes that run by reference code or by gemm; null where there is none. */
  readonly slowCode: string | null;
}

/** The run directory is there. */
export interface RunEvent {
  readonly event: "run";
  readonly directory: string;
  /** Steps done before; 0 for a new run. */
  readonly step: number;
}

export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly step: number;
  readonly directory: string;
}

/** Images evaluated so far. Where each is looked at several times (`views`), every look counts. */
export interface EvaluatingEvent {
  readonly event: "evaluating";
  readonly split: string;
  readonly images: number;
  readonly ofImages: number;
  readonly views?: number;
}

/** Training images that activations have been measured on so far. */
export interface CalibratingEvent {
  readonly event: "calibrating";
  readonly images: number;
  readonly ofImages: number;
}

/** Training images whose statistics have been taken so far. */
export interface StatisticsEvent {
  readonly event: "statistics";
  readonly images: number;
  readonly ofImages: number;
}

/** Images written into shards so far. */
export interface PackingEvent {
  readonly event: "packing";
  readonly folder: string;
  readonly images: number;
  readonly ofImages: number;
}

/** The report and its pictures were written. */
export interface ReportEvent {
  readonly event: "report";
  readonly file: string;
  readonly pictures: readonly string[];
}

/** A thread that prepares batches was lost, and another took its place. */
export interface WorkerEvent {
  readonly event: "worker replaced";
  readonly use: "training" | "evaluation";
  readonly worker: number;
  readonly message: string;
}

export type CommandEvent =
  | WorkerEvent
  | DataEvent
  | EstimateEvent
  | RunEvent
  | TrainingEvent
  | CheckpointEvent
  | EvaluatingEvent
  | StatisticsEvent
  | InspectingEvent
  | PackingEvent
  | CalibratingEvent
  | ReportEvent
  | DataSetEvent
  | EndEvent;
