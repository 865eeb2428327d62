// Writes a training into its run directory: metrics, TensorBoard's curves, checkpoints; and tells the person of each.
import type { EpochEvent, StepEvent, TrainingEvent } from "../../train/events.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { Training } from "../../train/training.ts";
import type { CommandEnvironment } from "../environment.ts";
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

const recordOf = (event: StepEvent | EpochEvent): MetricsRecord => ({ ...event });

/** The callbacks of a training that is written to a run directory. */
export const journalOf = (
  directory: RunDirectory,
  { keepCheckpoints }: Pick<Recipe, "keepCheckpoints">,
  onEvent: CommandEnvironment["onEvent"],
): Required<Pick<Training, "onEvent" | "onCheckpoint">> => ({
  onEvent: (event: TrainingEvent) => {
    if (event.event === "step" || event.event === "epoch") {
      directory.appendMetrics(recordOf(event));
      directory.appendScalars(event.step, scalarsOf(event));
    }
    onEvent(event);
  },
  onCheckpoint: async (checkpoint, validationAccuracy) => {
    const path = await directory.writeCheckpoint(checkpoint, validationAccuracy ?? undefined, keepCheckpoints);
    onEvent({ event: "checkpoint", step: checkpoint.step, directory: path });
  },
});
