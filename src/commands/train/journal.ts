// Writes a training into its run directory: metrics, TensorBoard's curves, checkpoints; and tells the person of each.
import type { EpochEvent, StepEvent } from "../../train/events.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { Training } from "../../train/training.ts";
import type { CommandEnvironment } from "../environment.ts";
import type { CommandEvent } from "../events.ts";
import { type Histogram, histogramOf } from "../run-directory/histogram.ts";
import type { MetricsRecord } from "../run-directory/metrics-log.ts";
import type { RunDirectory } from "../run-directory/run-directory.ts";

/** Curves of TensorBoard by the field of an event. */
const curves: Readonly<Record<string, string>> = {
  loss: "train/loss",
  accuracy: "train/accuracy",
  learningRate: "train/learning rate",
  imagesPerSecond: "speed/images per second",
  gradientNorm: "norms/gradient",
  parameterNorm: "norms/parameters",
  updateNorm: "norms/update",
  validationAccuracy: "validation/accuracy",
  validationLoss: "validation/loss",
};

const scalarsOf = (event: StepEvent | EpochEvent): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(event).flatMap(([field, value]) => {
      const curve = curves[field];
      return curve === undefined || typeof value !== "number" ? [] : [[curve, value] as const];
    }),
  );

type Recorded = Extract<CommandEvent, { readonly event: "step" | "epoch" | "skipped" | "worker replaced" | "broken" }>;

/** What metrics.jsonl has of an event; one without a step belongs to the last that was done. */
const recordOf = (event: Recorded, stepsDone: number): MetricsRecord => {
  if ("step" in event) return { ...event };
  if (event.event === "broken") return { step: stepsDone, event: "broken", use: event.use, problem: event.problem };
  return { step: stepsDone, event: event.event, use: event.use, worker: event.worker, message: event.message };
};

const isRecorded = (event: CommandEvent): event is Recorded =>
  ["step", "epoch", "skipped", "worker replaced", "broken"].includes(event.event);

/** The callbacks of a training that is written to a run directory; `onEvent` is for its environment's events as well. */
export const journalOf = (
  directory: RunDirectory,
  { keepCheckpoints }: Pick<Recipe, "keepCheckpoints">,
  onEvent: CommandEnvironment["onEvent"],
): { readonly onEvent: CommandEnvironment["onEvent"] } & Required<Pick<Training, "onCheckpoint" | "onLayerValues">> => {
  let stepsDone = directory.resumed?.step ?? 0;
  return {
    onEvent: (event) => {
      if (event.event === "step" || event.event === "skipped") stepsDone = event.step;
      if (isRecorded(event)) directory.appendMetrics(recordOf(event, stepsDone));
      if (event.event === "step" || event.event === "epoch") {
        const scalars = scalarsOf(event);
        if (Object.keys(scalars).length > 0) directory.appendScalars(event.step, scalars);
      } else if (event.event === "skipped") {
        directory.appendScalars(event.step, { "train/skipped steps": event.skippedSteps });
      }
      onEvent(event);
    },
    onLayerValues: async ({ step, weights, gradients }) => {
      const histograms = new Map<string, Histogram>();
      for (const [kind, tensors] of [
        ["weights", weights],
        ["gradients", gradients],
      ] as const) {
        for (const [name, { data }] of tensors) {
          const histogram = histogramOf(data);
          if (histogram !== null) histograms.set(`${kind}/${name}`, histogram);
        }
      }
      directory.appendHistograms(step, histograms);
    },
    onCheckpoint: async (checkpoint, validationAccuracy) => {
      const path = await directory.writeCheckpoint(checkpoint, validationAccuracy ?? undefined, keepCheckpoints);
      onEvent({ event: "checkpoint", step: checkpoint.step, directory: path });
    },
  };
};
