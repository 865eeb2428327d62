import { expect, test } from "vitest";
import type { EpochEvent, StepEvent } from "../train/events.ts";
import { createEventPrinter } from "./event-printer.ts";

test("createEventPrinter(options) moves the bar with each step: loss, accuracy, images a second, and the time left", () => {
  const shown: unknown[] = [];
  const bar = { update: (...words: readonly unknown[]) => shown.push(words), clear: () => {} };
  const { onEvent } = createEventPrinter({ print: () => {}, bar, monotonicMs: () => 0 });
  const step = { event: "step", step: 1, epoch: 1, learningRate: 0.1, loss: 1.25, accuracy: 0.5 } as const;
  onEvent({ ...step, imagesPerSecond: 1443, secondsLeft: 75 } satisfies StepEvent);
  expect(shown).toEqual([
    ["epoch 1/1", 1, 1, "loss 1.2500  accuracy 50.0\u00a0%  1,443 images/s  1\u00a0min 15\u00a0s left"],
  ]);
});

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
