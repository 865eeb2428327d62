// The record of the cost curves: bench/results/curves/curves.json. Pure.
import { z } from "zod";
import type { CurvePoint } from "./points.ts";

const positive = z.number().positive();

/** What run.ts asks of our-point.ts. */
export interface PointTask extends CurvePoint {
  /** For how long steps are timed. */
  readonly seconds: number;
}

export const measuredPointSchema = z.object({
  /** Median of whole training steps: forward, backward, update. */
  stepSeconds: positive,
  steps: z.int().positive(),
  /** Every operation of the graph, a multiply-add counted as two. */
  gflopPerStep: positive,
  arenaBytes: positive,
  peakResidentBytes: positive,
});

export const curvesRecordSchema = z.strictObject({
  formatVersion: z.literal(1),
  /** ISO 8601, UTC: when the run began. */
  recordedAt: z.iso.datetime(),
  command: z.string(),
  hardware: z.strictObject({ cpu: z.string(), cores: z.int().positive(), memoryBytes: positive }),
  loadBefore: z.number().min(0),
  versions: z.record(z.string(), z.string()),
  threads: z.int().positive(),
  /** GFLOP/s of the best of several large matrix products, measured before and after the points: the better. */
  roofs: z.array(z.strictObject({ dtype: z.enum(["f32", "bf16"]), threads: z.int().positive(), gflops: positive })),
  points: z.array(
    z.strictObject({
      model: z.string(),
      batch: z.int().positive(),
      dtype: z.enum(["f32", "bf16"]),
      image: z.int().positive(),
      threads: z.int().positive(),
      ...measuredPointSchema.shape,
    }),
  ),
});

export type CurvesRecord = z.infer<typeof curvesRecordSchema>;
export type MeasuredPoint = CurvesRecord["points"][number];

export const millisecondsPerImage = ({ stepSeconds, batch }: MeasuredPoint): number => (1000 * stepSeconds) / batch;

/** GFLOP/s ÷ the roof of the same type and threads. */
export const roofShare = (point: MeasuredPoint, { roofs }: Pick<CurvesRecord, "roofs">): number => {
  const roof = roofs.find(({ dtype, threads }) => dtype === point.dtype && threads === point.threads);
  return point.gflopPerStep / point.stepSeconds / (roof?.gflops ?? Number.NaN);
};
