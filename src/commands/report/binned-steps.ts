// Thins the curve of a long training so that it can be read and drawn: means of runs of consecutive steps, with the spread.
import type { CurvePoint } from "./input.ts";

/** A run of consecutive steps; `step` is its middle. Loss in nats. Values are means except `lowest` and `highest`. */
export interface StepBin {
  readonly step: number;
  readonly loss: number;
  readonly lowestLoss: number;
  readonly highestLoss: number;
  readonly accuracy: number | null;
  readonly learningRate: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The points that a mean takes so that there are at most `bins` of them: 1 for short curves. */
export const pointsPerBin = (points: number, bins: number): number => Math.max(1, Math.ceil(points / bins));

/**
 * Means of runs of `size` points (the last may be shorter). Points whose loss is not finite are left out: a training
 * stops at the first, and the page says so.
 */
export const binSteps = (curves: readonly CurvePoint[], size: number): readonly StepBin[] => {
  const finite = curves.filter(({ loss }) => Number.isFinite(loss));
  const bins: StepBin[] = [];
  for (let start = 0; start < finite.length; start += size) {
    const run = finite.slice(start, start + size);
    const losses = run.map(({ loss }) => loss);
    const accuracies = run.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]));
    bins.push({
      step: mean(run.map(({ step }) => step)),
      loss: mean(losses),
      lowestLoss: Math.min(...losses),
      highestLoss: Math.max(...losses),
      accuracy: accuracies.length === 0 ? null : mean(accuracies),
      learningRate: mean(run.map(({ learningRate }) => learningRate)),
    });
  }
  return bins;
};
