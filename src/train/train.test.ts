import { describe, expect, test } from "vitest";
import { NonFiniteError } from "./non-finite-error.ts";
import type { RecipeFields } from "./parse-recipe.ts";
import { epochEvents, expectSameTraining, stepEvents, stopAfter, trainTiny, validation } from "./train.test.fixture.ts";

describe("train(training)", () => {
  test("learns classes that can be told apart: the loss falls below a third of where chance has it", async () => {
    const recipeChanges: Partial<RecipeFields> = { epochs: 12, labelSmoothing: 0, augmentation: {} };
    const { events, result } = await trainTiny({ validation }, recipeChanges);
    expect(stepEvents(events)).toHaveLength(60);
    expect(epochEvents(events).at(-1)?.trainLoss).toBeLessThan(Math.log(3) / 3);
    // The same patterns with other noise: what was learned is the classes, not the images.
    expect(result.validation?.top1.value).toBe(1);
    expect(result.validation?.n).toBe(7);
  });

  test("changes nothing by evaluating: validation leaves weights and statistics as they were", async () => {
    const [without, evaluated] = [await trainTiny(), await trainTiny({ validation })];
    expectSameTraining(evaluated.result.checkpoint, without.result.checkpoint);
  });

  test("writes checkpoints before the first step, as often as the recipe says, and at the end", async () => {
    const { checkpoints, events } = await trainTiny({ validation }, { checkpointEvery: { steps: 4 } });
    expect(checkpoints.map(({ step, epoch }) => [step, epoch])).toEqual([
      [0, 0],
      [4, 0],
      [8, 1],
      [10, 2],
    ]);
    expect(Object.keys(checkpoints[0]?.modelMetadata ?? {})).toEqual(["spec", "classes", "preprocessing"]);
    expect([...(checkpoints[3]?.model.keys() ?? [])].filter((name) => name.endsWith(".velocity"))).toEqual([]);
    expect([...(checkpoints[3]?.state.keys() ?? [])].every((name) => name.endsWith(".velocity"))).toBe(true);
    expect(events[0]).toMatchObject({ event: "start", step: 0, totalSteps: 10, stepsPerEpoch: 5, droppedPerEpoch: 0 });
  });

  test("hands the validation accuracy only with the weights that have it", async () => {
    const accuracies: (readonly [step: number, accuracy: number | null])[] = [];
    await trainTiny(
      {
        validation,
        onCheckpoint: async ({ step }, accuracy) => {
          accuracies.push([step, accuracy]);
        },
      },
      { checkpointEvery: { steps: 3 } },
    );
    expect(accuracies.map(([step, accuracy]) => [step, accuracy !== null])).toEqual([
      [0, false],
      [3, false],
      [6, false],
      [9, false],
      [10, true],
    ]);
  });

  test("measures norms in the steps in which the recipe says so", async () => {
    const { events } = await trainTiny();
    const steps = stepEvents(events);
    expect(steps.map(({ gradientNorm }) => gradientNorm !== undefined)).toEqual(
      steps.map(({ step }) => step % 2 === 0),
    );
    for (const { gradientNorm = 1, parameterNorm = 1, updateNorm = 1 } of steps) {
      for (const norm of [gradientNorm, parameterNorm, updateNorm]) expect(norm).toBeGreaterThan(0);
    }
  });

  test("stops at a loss that is not finite before it reaches the weights, and keeps the last checkpoint", async () => {
    const weights = (await trainTiny({}, { epochs: 1 })).result.checkpoint.model;
    const spoilt = new Map(weights);
    const bias = weights.get("fc.bias");
    spoilt.set("fc.bias", { dtype: "f32", shape: bias?.shape ?? [], data: new Float32Array(3).fill(Number.NaN) });
    const resume = { ...(await trainTiny(stopAfter(7))).result.checkpoint, model: spoilt };
    let stored = 0;
    const attempt = trainTiny({
      resume,
      onCheckpoint: async () => {
        stored++;
      },
    });
    const error = await attempt.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ what: "the loss", step: 8, epoch: 2, lastFiniteStep: 7 });
    expect(stored).toBe(0);
  });

  test("refuses to write weights that are not finite into a checkpoint", async () => {
    // The loss of the one step is finite; its update, at this rate, is not (weights of f32 end at 3.4e38).
    const huge: Partial<RecipeFields> = {
      schedule: { kind: "constant", learningRate: 1e39 },
      checkpointEvery: { steps: 1 },
    };
    const steps: number[] = [];
    const attempt = trainTiny({ onCheckpoint: async ({ step }) => void steps.push(step) }, huge);
    await expect(attempt).rejects.toThrow(
      /^conv1\.weight is (-?Infinity|NaN) at step 1 \(epoch 1\), and was last finite before the first step; training stopped, and the last checkpoint is kept; lower the learning rate \(1e\+39 at this step\) or lengthen the warm-up$/,
    );
    expect(steps).toEqual([0]);
  });

  test("refuses weights to start from that are not finite", async () => {
    const weights = new Map((await trainTiny({}, { epochs: 1 })).result.checkpoint.model);
    weights.set("fc.bias", { dtype: "f32", shape: [3], data: Float32Array.of(0, Number.NaN, 0) });
    await expect(trainTiny({ weights })).rejects.toThrow(
      "weights: fc.bias holds NaN; weights that are not finite can't be trained further",
    );
  });

  test("refuses a batch larger than the data", async () => {
    await expect(trainTiny({}, { batch: 21 })).rejects.toThrow(
      "a batch of 21 is larger than the training split of 20 images; choose a batch of at most 20",
    );
  });

  test("refuses a warm-up that takes the whole training", async () => {
    const warmup = { span: { epochs: 2 }, fromFraction: 0 };
    const schedule = { kind: "constant", learningRate: 0.1, warmup } as const;
    await expect(trainTiny({}, { schedule })).rejects.toThrow(
      "a warm-up of 2 epochs takes the whole training of 2 epochs (10 steps); shorten it, or train for longer",
    );
  });
});
