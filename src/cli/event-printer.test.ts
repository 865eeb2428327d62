import { expect, test } from "vitest";
import type { EpochEvent } from "../train/events.ts";
import { createEventPrinter } from "./event-printer.ts";

test("createEventPrinter(options) tells an epoch's means, or in words that all its steps were skipped", () => {
  const lines: string[] = [];
  const { onEvent } = createEventPrinter({ print: (line) => lines.push(line), bar: null, monotonicMs: () => 0 });
  const epoch: EpochEvent = {
    ...{ event: "epoch", step: 5, epoch: 1, trainLoss: 0.75, trainAccuracy: 0.5, trainImages: 20 },
    ...{ imageSize: [8, 8], seconds: 12 },
  };
  onEvent(epoch);
  onEvent({ ...epoch, trainLoss: null, trainAccuracy: null, trainImages: 0 });
  expect(lines).toEqual([
    "epoch 1/1  loss 0.7500  accuracy 50.00\u00a0%  after 12.0\u00a0s",
    "epoch 1/1  all its steps were skipped  after 12.0\u00a0s",
  ]);
});
