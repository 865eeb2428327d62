// The record of a training from JPEG files beside the step alone and the loader alone. Pure.
import { z } from "zod";
import { type Spread, spreadOf } from "../../src/commands/bench/spread.ts";

const positive = z.number().positive();
/** Images a second, in each round. */
const rates = z.array(positive).min(1);

export const loaderRecordSchema = z.strictObject({
  formatVersion: z.literal(1),
  case: z.string(),
  model: z.string(),
  batch: z.int().positive(),
  dtype: z.string(),
  image: z.int().positive(),
  threads: z.int().positive(),
  /** Of the loader. */
  workers: z.int().positive(),
  /** ISO 8601, UTC: when the run began. */
  recordedAt: z.iso.datetime(),
  command: z.string(),
  hardware: z.strictObject({ cpu: z.string(), cores: z.int().positive(), memoryBytes: positive }),
  loadBefore: z.number().min(0),
  versions: z.record(z.string(), z.string()),
  photographs: z.strictObject({
    count: z.int().positive(),
    width: z.int().positive(),
    height: z.int().positive(),
    classes: z.int().positive(),
    quality: z.int().positive(),
  }),
  /** Of the step alone, on images in memory. */
  step: rates,
  /** Of a training from the files. */
  training: rates,
  trainingPeakResidentBytes: positive,
  /** Of the loader with nothing beside it. */
  loader: rates,
});

export type LoaderRecord = z.infer<typeof loaderRecordSchema>;

/** Training ÷ step, round by round. */
export const feedRatio = ({ step, training }: LoaderRecord): Spread =>
  spreadOf(training.flatMap((rate, round) => (step[round] === undefined ? [] : [rate / step[round]])));
