import { expect, test } from "vitest";
import { type TrainingRun, trainingRecord } from "../../bench/training-record.ts";

const run = (seed: number, testAccuracy: number | null, epochs = 2): TrainingRun => ({
  record: {
    formatVersion: 1,
    command: ["residual", "train", "fashion-mnist"],
    createdAt: "2026-01-02T03:04:05Z",
    seed,
    model: "resnet20",
    recipe: { epochs, seed },
    engine: "onednn",
    dtype: "f32",
    threads: 2,
    versions: { residual: "0.1.0" },
    hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
    data: { name: "fashion-mnist", checksums: {} },
    implementations: [{ node: "conv1", implementation: "jit" }],
    ...(testAccuracy !== null && { results: { testAccuracy } }),
  },
  metrics: [
    { step: 1, event: "step", loss: 2 },
    { step: 10, event: "epoch", epoch: 1, trainLoss: 1 },
  ],
});

test("trainingRecord(name, runs) has the spread of the test accuracy, and each run with its epochs, by seed", () => {
  const record = trainingRecord("example", [run(2, 0.9), run(0, 0.8), run(1, 0.7)]);
  expect(record.testAccuracy).toEqual({ median: 0.8, min: 0.7, max: 0.9, n: 3 });
  expect(record.runs.map((each) => each.run.seed)).toEqual([0, 1, 2]);
  expect(record.runs[0]?.epochs).toEqual([{ step: 10, event: "epoch", epoch: 1, trainLoss: 1 }]);
  expect(record.runs[0]?.run).not.toHaveProperty("implementations");
});

test("trainingRecord refuses no runs, one that has not ended, and runs of different recipes", () => {
  expect(() => trainingRecord("example", [])).toThrow("example: a record is of at least one run");
  expect(() => trainingRecord("example", [run(0, 0.9), run(1, null)])).toThrow(
    "example: the run with seed 1 has no test accuracy; has it ended?",
  );
  expect(() => trainingRecord("example", [run(0, 0.9), run(1, 0.9, 3)])).toThrow(
    "example: the runs with seeds 0 and 1 differ in recipe, model or data, not only in the seed",
  );
});
