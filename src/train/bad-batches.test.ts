// Batches whose loss is not finite or spikes, through the whole loop: the pixels of chosen batches are spoilt after they were prepared,
// so that forward and backward really compute with them.
import { describe, expect, test } from "vitest";
import type { Batch } from "../data/batch.ts";
import { openTrainingLoader } from "../data/node/loader.ts";
import type { SkippedEvent, TrainingEvent } from "./events.ts";
import { LossSpikeError } from "./loss-policy.ts";
import { NonFiniteError } from "./non-finite-error.ts";
import type { RecipeFields } from "./parse-recipe.ts";
import {
  bytesOf,
  epochEvents,
  expectSameTraining,
  type Outcome,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
} from "./train.test.fixture.ts";
import type { Training } from "./training.ts";
import type { BadBatch } from "./update-batches.ts";

const toNaN = ({ images }: Batch): void => void images.data.fill(Number.NaN);
/** To classes that they are not of: what a trained network is sure is wrong. Batch norm leaves no way to spike by pixels. */
const mislabelled = ({ labels }: Batch): void => {
  for (let n = 0; n < labels.data.length; n++) labels.data[n] = (labels.data[n]! + 1) % 3;
};

/** Spoils batches, counted over the training from 0, of the 5 that an epoch has. */
const spoiling = (spoil: (batch: Batch) => void, ...batches: number[]): Pick<Training, "openTrainingBatches"> => ({
  openTrainingBatches: (options) => {
    const loader = openTrainingLoader({ ...options, workers: 0 });
    return {
      ...loader,
      next: async () => {
        const batch = await loader.next();
        if (batches.includes(batch.epoch * 5 + batch.step)) spoil(batch);
        return batch;
      },
    };
  },
});
const skippedEvents = (events: readonly TrainingEvent[]): SkippedEvent[] =>
  events.filter((event): event is SkippedEvent => event.event === "skipped");

const everyStep: Partial<RecipeFields> = { checkpointEvery: { steps: 1 } };
const atStep = ({ checkpoints }: Outcome, step: number) => {
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found === undefined) throw new Error(`no checkpoint of step ${step}`);
  return found;
};

const combinations: readonly (readonly [string, Partial<RecipeFields>])[] = [
  ["nothing else", {}],
  ["accumulation", { accumulate: 2, epochs: 4 }],
  ["averages of weights", { ema: { decay: 0.9 } }],
  ["clipping by norm", { clipGradients: { by: "norm", largest: 0.5 } }],
  ["clipping by value", { clipGradients: { by: "value", largest: 0.01 } }],
  ["mixup", { mixing: { mixup: 0.3 } }],
  ["AdamW", { optimizer: { kind: "adamw" } }],
  [
    "all of them",
    {
      accumulate: 2,
      epochs: 4,
      ema: { decay: 0.9 },
      clipGradients: { by: "norm", largest: 0.5 },
      mixing: { mixup: 0.3, cutmix: 1 },
      dtype: "bf16",
    },
  ],
];

describe("a loss that is not finite, with onNonFinite { skip }", () => {
  test.each(combinations)("leaves weights and all that goes with them as they were: %s", async (_, change) => {
    // Batch 2 of the training: of step 3, or with two batches an update the first of step 2.
    const step = change.accumulate === 2 ? 2 : 3;
    const changes: Partial<RecipeFields> = { ...everyStep, ...change, onNonFinite: { skip: 1 } };
    const outcome = await trainTiny(spoiling(toNaN, 2), changes);
    const skipped = skippedEvents(outcome.events);
    expect(skipped).toEqual([
      { event: "skipped", step, epoch: 1, reason: "non-finite", loss: Number.NaN, threshold: null, skippedSteps: 1 },
    ]);
    const [before, after] = [atStep(outcome, step - 1), atStep(outcome, step)];
    expect(bytesOf(after.model)).toEqual(bytesOf(before.model));
    expect(bytesOf(after.state)).toEqual(bytesOf(before.state));
    expect(bytesOf(atStep(outcome, step + 1).model)).not.toEqual(bytesOf(after.model));
    // The epoch's means are over what was taken.
    const stepsOfEpoch = stepEvents(outcome.events).filter(({ epoch }) => epoch === 1);
    const mean = stepsOfEpoch.reduce((sum, { loss }) => sum + loss, 0) / stepsOfEpoch.length;
    expect(epochEvents(outcome.events)[0]?.trainLoss).toBeCloseTo(mean, 12);
    // Resumed right before and right after it, the training is the same.
    for (const at of [step - 1, step]) {
      const first = await trainTiny({ ...spoiling(toNaN, 2), resume: throughFiles(atStep(outcome, at)) }, changes);
      expectSameTraining(first.result.checkpoint, outcome.result.checkpoint);
    }
  });

  test("in all steps of an epoch leaves no mean to tell, which is no number but null, and the training goes on", async () => {
    const { events } = await trainTiny(spoiling(toNaN, 5, 6, 7, 8, 9), { onNonFinite: { skip: 5 }, epochs: 3 });
    const epochs = epochEvents(events);
    expect(epochs.map(({ trainImages }) => trainImages)).toEqual([20, 0, 20]);
    expect(epochs[1]).toMatchObject({ trainLoss: null, trainAccuracy: null });
    for (const of of [epochs[0], epochs[2]]) expect(of?.trainLoss).toBeGreaterThan(0);
  });

  test("in the middle of an update keeps the whole update out, and the next has its own batches", async () => {
    const changes: Partial<RecipeFields> = { ...everyStep, accumulate: 2, epochs: 4, onNonFinite: { skip: 1 } };
    const [spoilt, good] = [await trainTiny(spoiling(toNaN, 3), changes), await trainTiny({}, changes)];
    const [before, after] = [atStep(spoilt, 1), atStep(spoilt, 2)];
    const isWeight = (name: string) => name.endsWith(".weight") && !name.includes("bn");
    const weights = (of: typeof before) => new Map([...of.model].filter(([name]) => isWeight(name)));
    expect(bytesOf(weights(after))).toEqual(bytesOf(weights(before)));
    // Steps count on, so rates are those of the training without it.
    const rates = (of: Outcome) => new Map(stepEvents(of.events).map(({ step, learningRate }) => [step, learningRate]));
    for (const [step, rate] of rates(spoilt)) expect(rates(good).get(step)).toBe(rate);
  });

  test("stops when more than so many come in a row, and says how many were skipped", async () => {
    const changes: Partial<RecipeFields> = { ...everyStep, onNonFinite: { skip: 2 } };
    await expect(trainTiny(spoiling(toNaN, 2, 3, 4), changes)).rejects.toThrow(
      "the loss is NaN at step 5 (epoch 1), and was last finite at step 2; 2 steps in a row were skipped before it; training stopped",
    );
    const apart = await trainTiny(spoiling(toNaN, 1, 2, 4, 5), changes);
    expect(skippedEvents(apart.events).map(({ skippedSteps }) => skippedSteps)).toEqual([1, 2, 3, 4]);
    expect(apart.result.checkpoint.counters).toMatchObject({ skippedSteps: 4, skippedInARow: 0 });
  });

  test("stops at once by default, with the batch shown before", async () => {
    const shown: BadBatch[] = [];
    const onBadBatch = async (batch: BadBatch): Promise<void> => void shown.push(batch);
    const stopped = trainTiny({ ...spoiling(toNaN, 1), onBadBatch });
    await expect(stopped).rejects.toBeInstanceOf(NonFiniteError);
    expect(shown).toHaveLength(1);
    const [bad] = shown;
    expect([bad?.step, bad?.epoch, bad?.index, bad?.reason]).toEqual([2, 1, 0, "non-finite"]);
    expect([bad?.indices.length, bad?.images.shape, bad?.logits.shape]).toEqual([4, [4, 1, 8, 8], [4, 3]]);
  });
});

describe("a spike of the loss, with onSpike", () => {
  const learning: Partial<RecipeFields> = { epochs: 12, labelSmoothing: 0, augmentation: {} };
  const watching = { factor: 3, window: 8 };
  const changes: Partial<RecipeFields> = { ...everyStep, ...learning, onSpike: { ...watching, action: { skip: 1 } } };

  test("is skipped, resumes bit-equal, and is told with what it should have been below", async () => {
    const outcome = await trainTiny(spoiling(mislabelled, 50), changes);
    const [event] = skippedEvents(outcome.events);
    expect(event).toMatchObject({ step: 51, epoch: 11, reason: "spike", skippedSteps: 1 });
    expect(event?.loss).toBeGreaterThan(event?.threshold ?? Number.POSITIVE_INFINITY);
    const middle = stepEvents(outcome.events)
      .filter(({ step }) => step >= 43 && step <= 50)
      .map(({ loss }) => loss)
      .sort((a, b) => a - b);
    expect(event?.threshold).toBe(3 * ((middle[3]! + middle[4]!) / 2));
    expect(bytesOf(atStep(outcome, 51).model)).toEqual(bytesOf(atStep(outcome, 50).model));
    for (const at of [45, 50, 51]) {
      const resume = throughFiles(atStep(outcome, at));
      const resumed = await trainTiny({ ...spoiling(mislabelled, 50), resume }, changes);
      expectSameTraining(resumed.result.checkpoint, outcome.result.checkpoint);
    }
  });

  test("stops a training whose recipe says so", async () => {
    const stopping: Partial<RecipeFields> = { ...learning, onSpike: { ...watching, action: "stop" } };
    const error = await trainTiny(spoiling(mislabelled, 50), stopping).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LossSpikeError);
    expect(String(error)).toMatch(
      /^LossSpikeError: the loss is [\d.]+ at step 51 \(epoch 11\), above the [\d.]+ that onSpike allows; training stopped, and the last checkpoint is kept; lower the learning rate, clip gradients, or raise onSpike\.factor$/,
    );
  });

  test("is not looked for by default", async () => {
    expect(skippedEvents((await trainTiny(spoiling(mislabelled, 50), learning)).events)).toEqual([]);
  });

  test("changes nothing where there is none", async () => {
    const [watched, unwatched] = [await trainTiny(stopAfter(9), changes), await trainTiny(stopAfter(9), learning)];
    expect(bytesOf(watched.result.checkpoint.model)).toEqual(bytesOf(unwatched.result.checkpoint.model));
  });
});
