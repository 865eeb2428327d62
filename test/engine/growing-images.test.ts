// Images that grow while oneDNN trains: weights lie as the program for the size at hand wants them, in an unbroken training as in a
// resumed one, so that sums over them (norms that clip) are made in the same order.
import { afterAll, describe, expect, test } from "vitest";
import { growingRecipe, growingTraining } from "../../src/train/growing-images.test.fixture.ts";
import type { RecipeFields } from "../../src/train/parse-recipe.ts";
import {
  expectSameTraining,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
} from "../../src/train/train.test.fixture.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const everything: Partial<RecipeFields> = growingRecipe;
/** Evaluated on the very state that is trained, whose updates are in the program of forward and backward. */
const plain: Partial<RecipeFields> = { ...growingRecipe, accumulate: 1, batch: 4, ema: null, dtype: "bf16" };

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("a training by oneDNN whose images grow", { timeout: 120_000 }, () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  for (const [title, recipe] of Object.entries({ "averages, accumulation": everything, "neither, bf16": plain })) {
    test.each([5, 6, 7])(
      `resumed after step %i, before, at and after the change, is bit-equal: ${title}`,
      async (step) => {
        const training = { ...(await growingTraining()), engine };
        const unbroken = await trainTiny(training, recipe);
        const stopped = await trainTiny({ ...training, ...stopAfter(step) }, recipe);
        const resume = throughFiles(stopped.result.checkpoint);
        const resumed = await trainTiny({ ...training, resume }, recipe);
        expectSameTraining(resumed.result.checkpoint, unbroken.result.checkpoint);
        const events = [...stepEvents(stopped.events), ...stepEvents(resumed.events)];
        const figures = ({ loss, gradientNorm }: (typeof events)[number]) => [loss, gradientNorm];
        expect(events.map(figures)).toEqual(stepEvents(unbroken.events).map(figures));
        for (const { loss } of events) expect(Number.isFinite(loss)).toBe(true);
      },
    );
  }
});
