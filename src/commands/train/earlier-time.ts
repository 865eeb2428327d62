// The time of a run's earlier parts, for a run that was resumed: from the speed that each of their steps was logged with.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { TrainingResult } from "../../train/training.ts";
import { metricsRecords } from "../run-directory/metrics-log.ts";

const stepSchema = z.object({ event: z.literal("step"), step: z.int(), imagesPerSecond: z.number().positive() });

/** Seconds of training in steps 1 … `step`, without evaluation and checkpoints: Σ batch / imagesPerSecond over metrics.jsonl. */
const secondsUntil = async (directory: string, step: number, batch: number): Promise<number> => {
  const file = join(directory, "metrics.jsonl");
  let seconds = 0;
  for (const { record } of metricsRecords(new Uint8Array(await readFile(file)), file)) {
    const parsed = stepSchema.safeParse(record);
    if (parsed.success && parsed.data.step <= step) seconds += batch / parsed.data.imagesPerSecond;
  }
  return seconds;
};

/** The result of a resumed run's last part, as that of the whole run: its time, and its speed where this part took no step. */
export const withEarlierTime = async (
  result: TrainingResult,
  directory: string,
  resumedStep: number,
  batch: number,
): Promise<TrainingResult> => {
  const before = await secondsUntil(directory, resumedStep, batch);
  const isIdle = result.checkpoint.step === resumedStep;
  const imagesPerSecond = isIdle && before > 0 ? (batch * resumedStep) / before : result.imagesPerSecond;
  return { ...result, seconds: before + result.seconds, imagesPerSecond };
};
