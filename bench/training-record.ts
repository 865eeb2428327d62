// The record behind a stated accuracy: one or several runs of the same recipe, with everything that made them and their learning
// curves, taken from their run directories. Pure.
import { UsageError } from "../src/base/errors.ts";
import type { Spread } from "../src/commands/bench/spread.ts";
import { spreadOf } from "../src/commands/bench/spread.ts";
import type { MetricsRecord } from "../src/commands/run-directory/metrics-log.ts";
import type { RunRecord } from "../src/commands/run-directory/run-record.ts";

export interface TrainingRun {
  readonly record: RunRecord;
  /** Of metrics.jsonl, in order. */
  readonly metrics: readonly MetricsRecord[];
}

/** docs/records/<name>.json; README.md there says what each field means. */
export interface TrainingRecord {
  readonly formatVersion: 1;
  readonly name: string;
  /** On the test split, at the end of each run, as a fraction. */
  readonly testAccuracy: Spread;
  readonly runs: readonly {
    readonly run: Omit<RunRecord, "formatVersion" | "implementations">;
    /** The records of metrics.jsonl that an epoch ends with. */
    readonly epochs: readonly MetricsRecord[];
  }[];
}

const withoutSeed = ({ recipe: { seed: _, ...recipe }, model, dtype, data }: RunRecord): string =>
  JSON.stringify({ recipe, model, dtype, data });

/**
 * One record of several runs, in the order of their seeds. Throws UsageError when there is none, when one has no test accuracy
 * because it has not ended, and when they differ in more than the seed.
 */
export const trainingRecord = (name: string, runs: readonly TrainingRun[]): TrainingRecord => {
  const sorted = runs.toSorted((a, b) => a.record.seed - b.record.seed);
  const first = sorted[0];
  if (first === undefined) throw new UsageError(`${name}: a record is of at least one run`);
  const accuracies = sorted.map(({ record }) => {
    const accuracy = record.results?.testAccuracy;
    if (typeof accuracy === "number") return accuracy;
    throw new UsageError(`${name}: the run with seed ${record.seed} has no test accuracy; has it ended?`);
  });
  const other = sorted.find(({ record }) => withoutSeed(record) !== withoutSeed(first.record));
  if (other !== undefined) {
    throw new UsageError(
      `${name}: the runs with seeds ${first.record.seed} and ${other.record.seed} differ in recipe, model or data, not only in the seed`,
    );
  }
  return {
    formatVersion: 1,
    name,
    testAccuracy: spreadOf(accuracies),
    runs: sorted.map(({ record: { formatVersion: _, implementations: __, ...run }, metrics }) => ({
      run,
      epochs: metrics.filter(({ event }) => event === "epoch"),
    })),
  };
};
