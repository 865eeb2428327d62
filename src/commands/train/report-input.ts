// The facts of a run's report, gathered from its record, its metrics and its evaluation.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Preprocessing } from "../../data/preprocessing.ts";
import type { Evaluation } from "../../evaluate/evaluate.ts";
import { accuracyOf, type Metric } from "../../evaluate/interval.ts";
import { countMacs, countParameters } from "../../spec/counts.ts";
import type { TrainingResult } from "../../train/training.ts";
import { evaluationInput } from "../report/evaluation-input.ts";
import { sizesInWords } from "../report/image-sizes.ts";
import type { CurvePoint, EpochPoint, ReportInput, SplitResult } from "../report/input.ts";
import { metricsRecords } from "../run-directory/metrics-log.ts";
import type { RunDirectory } from "../run-directory/run-directory.ts";
import { incidentFacts } from "./incidents.ts";
import type { Preparation } from "./preparation.ts";

const interval = z.tuple([z.number().nullable(), z.number().nullable()]);
const stepSchema = z.object({
  event: z.literal("step"),
  step: z.number(),
  epoch: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  learningRate: z.number(),
});
const epochSchema = z.object({
  event: z.literal("epoch"),
  step: z.number(),
  epoch: z.number(),
  trainLoss: z.number().nullable(),
  trainAccuracy: z.number().nullable(),
  trainImages: z.number(),
  seconds: z.number(),
  imageSize: z.tuple([z.number(), z.number()]).optional(),
  validationAccuracy: z.number().optional(),
  validationAccuracyInterval: interval.optional(),
  validationLoss: z.number().optional(),
  validationLossInterval: interval.optional(),
  validationImages: z.number().optional(),
});
type EpochRecord = z.infer<typeof epochSchema>;

/** Infinite ends are null in JSON. */
const intervalOf = ([low, high]: z.infer<typeof interval>): Metric["interval"] => [low ?? -Infinity, high ?? Infinity];

/** The mean loss of an epoch, of which only the mean was kept: its interval isn't known. Null where all its steps were skipped. */
const trainResult = ({ trainLoss, trainAccuracy, trainImages: n }: EpochRecord): SplitResult | null => {
  if (trainLoss === null || trainAccuracy === null) return null;
  return {
    accuracy: accuracyOf(Math.round(trainAccuracy * n), n),
    loss: { value: trainLoss, unit: "nats", n, interval: [Number.NaN, Number.NaN] },
  };
};

const validationResult = (record: EpochRecord): SplitResult | null => {
  const { validationAccuracy, validationAccuracyInterval, validationLoss, validationLossInterval } = record;
  const n = record.validationImages;
  if (
    validationAccuracy === undefined ||
    validationAccuracyInterval === undefined ||
    validationLoss === undefined ||
    validationLossInterval === undefined ||
    n === undefined
  ) {
    return null;
  }
  return {
    accuracy: { value: validationAccuracy, unit: "fraction", n, interval: intervalOf(validationAccuracyInterval) },
    loss: { value: validationLoss, unit: "nats", n, interval: intervalOf(validationLossInterval) },
  };
};

/** The curves of a run directory's metrics.jsonl. */
export const readCurves = async (
  directory: string,
): Promise<{ curves: readonly CurvePoint[]; epochs: readonly EpochPoint[] }> => {
  const file = join(directory, "metrics.jsonl");
  const curves: CurvePoint[] = [];
  const epochs: EpochPoint[] = [];
  for (const { record } of metricsRecords(new Uint8Array(await readFile(file)), file)) {
    const step = stepSchema.safeParse(record);
    if (step.success) curves.push(step.data);
    const epoch = epochSchema.safeParse(record);
    if (!epoch.success) continue;
    const { seconds, imageSize } = epoch.data;
    epochs.push({
      epoch: epoch.data.epoch,
      step: epoch.data.step,
      seconds,
      ...(imageSize && { imageSize }),
      train: trainResult(epoch.data),
      validation: validationResult(epoch.data),
      test: null,
    });
  }
  return { curves, epochs };
};

/** Sizes in pixels: of training, and of the evaluation that the report is about. */
const trainedAt = (epochs: readonly EpochPoint[], { size }: Preprocessing): string => {
  const trained = sizesInWords(epochs) || (epochs.at(-1)?.imageSize ?? size).join("×");
  return `${trained}; evaluated at ${size.join("×")}`;
};

const shownMistakes = 12;

/** Reads metrics.jsonl: the curves are those of the whole run, however often it was resumed. */
export const reportInput = async (
  directory: RunDirectory,
  { spec, recipe, data, preprocessing }: Preparation,
  result: TrainingResult,
  evaluation: Evaluation,
): Promise<ReportInput> => {
  const { record, path } = directory;
  const { hardware } = record;
  const { curves, epochs } = await readCurves(path);
  const { top1: accuracy, loss } = evaluation;
  return {
    title: `${spec.name} on ${data.name}`,
    startedAt: `${record.createdAt.slice(0, 16).replace("T", " ")} UTC`,
    network: { name: spec.name, parameters: countParameters(spec), macs: countMacs(spec), input: spec.input },
    data: {
      name: data.name,
      trainImages: data.train.labels.length,
      validationImages: data.validation?.labels.length ?? 0,
      testImages: data.test.labels.length,
    },
    training: {
      epochs: result.checkpoint.epoch,
      steps: result.checkpoint.step,
      batch: recipe.batch,
      seconds: result.seconds,
      imagesPerSecond: result.imagesPerSecond,
      dtype: record.dtype,
      engine: record.engine,
      threads: record.threads,
      seed: record.seed,
    },
    hardware: `${hardware.cpu}, ${hardware.cores} ${hardware.cores === 1 ? "core" : "cores"}`,
    facts: [
      ...(recipe.imageSize === null ? [] : [{ name: "Training images", value: trainedAt(epochs, preprocessing) }]),
      ...(await incidentFacts(path)),
      ...Object.entries(record.versions).map(([name, value]) => ({ name: `Version of ${name}`, value })),
      ...Object.entries(record.data.checksums).map(([name, value]) => ({ name: `SHA-256 of ${name}`, value })),
    ],
    curves,
    epochs: epochs.map((epoch) =>
      epoch.step === result.checkpoint.step ? { ...epoch, test: { accuracy, loss } } : epoch,
    ),
    evaluation: await evaluationInput(evaluation, data.test, preprocessing, shownMistakes),
    classes: data.classes,
    recipe: record.recipe,
    command: record.command.join(" "),
  };
};
