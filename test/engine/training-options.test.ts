// Many options of a recipe at once on oneDNN, in bf16: every loss is finite, and a broken one resumes bit-equal.
import { expect, test } from "vitest";
import { MissingError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import type { RecipeFields } from "../../src/train/parse-recipe.ts";
import {
  expectSameTraining,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
  validation,
} from "../../src/train/train.test.fixture.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const open = async (): Promise<Engine | string> => {
  try {
    return await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};
const engine = await open();

test.skipIf(typeof engine === "string")(
  "bf16 with LAMB, clipping, an average, accumulation, mixing and stochastic depth",
  async () => {
    if (typeof engine === "string") return;
    const changes: Partial<RecipeFields> = {
      dtype: "bf16",
      batch: 2,
      accumulate: 2,
      epochs: 4,
      optimizer: { kind: "lamb" },
      schedule: { kind: "cosine", learningRate: 0.02 },
      clipGradients: { by: "norm", largest: 1 },
      ema: { decay: 0.9 },
      loss: { kind: "binary-cross-entropy", over: "mean" },
      mixing: { mixup: 0.2, cutmix: 1 },
      stochasticDepth: 0.2,
    };
    try {
      const unbroken = await trainTiny({ engine, validation }, changes);
      const first = await trainTiny({ engine, validation, ...stopAfter(7) }, changes);
      const resume = throughFiles(first.result.checkpoint);
      const second = await trainTiny({ engine, validation, resume }, changes);
      expectSameTraining(second.result.checkpoint, unbroken.result.checkpoint);
      const losses = stepEvents(unbroken.events).map(({ loss }) => loss);
      expect(losses).toHaveLength(20);
      expect(losses.every(Number.isFinite)).toBe(true);
    } finally {
      await engine.dispose();
    }
  },
);
