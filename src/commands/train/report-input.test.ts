import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readCurves } from "./report-input.ts";

test("readCurves(directory) keeps an epoch all of whose steps were skipped, with its validation and no training figures", async () => {
  const directory = await mkdtemp(join(tmpdir(), "residual-curves-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const epoch = (number: number, trainLoss: number | null, trainAccuracy: number | null, trainImages: number) => ({
    ...{ event: "epoch", step: 5 * number, epoch: number, trainLoss, trainAccuracy, trainImages, seconds: number },
    ...{ validationAccuracy: 0.5, validationAccuracyInterval: [0.4, 0.6], validationImages: 100 },
    ...{ validationLoss: 0.7, validationLossInterval: [0.6, 0.8] },
  });
  const records = [epoch(1, 0.9, 0.25, 20), epoch(2, null, null, 0)];
  await writeFile(join(directory, "metrics.jsonl"), records.map((each) => `${JSON.stringify(each)}\n`).join(""));
  const { epochs } = await readCurves(directory);
  expect(epochs.map(({ train }) => train?.accuracy.value ?? null)).toEqual([0.25, null]);
  expect(epochs.map(({ validation }) => validation?.accuracy.value)).toEqual([0.5, 0.5]);
});
