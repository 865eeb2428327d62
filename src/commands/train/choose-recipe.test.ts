import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { recipe as recipeOf } from "../../train/parse-recipe.ts";
import { chooseRecipe, overrideRecipe } from "./choose-recipe.ts";

const base = recipeOf({
  name: "base",
  batch: 32,
  epochs: 3,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
});

describe("overrideRecipe(base, overrides)", () => {
  test("leaves a recipe as it is where nothing is said", () => {
    expect(overrideRecipe(base, {})).toEqual(base);
  });

  test.each([
    [{ accumulate: 4 }, { accumulate: 4 }],
    [{ checkpointEvery: "2" }, { checkpointEvery: { epochs: 2 } }],
    [{ checkpointEvery: "1 epoch" }, { checkpointEvery: { epochs: 1 } }],
    [{ checkpointEvery: "0.5" }, { checkpointEvery: { epochs: 0.5 } }],
    [{ checkpointEvery: "500steps" }, { checkpointEvery: { steps: 500 } }],
    [{ keepCheckpoints: 5 }, { keepCheckpoints: 5 }],
    [{ onNonFinite: "3" }, { onNonFinite: { skip: 3 } }],
    [{ onNonFinite: "stop" }, { onNonFinite: "stop" }],
    [{ onSpike: "2" }, { onSpike: { factor: 4, window: 32, action: { skip: 2 } } }],
    [{ onSpike: "stop" }, { onSpike: { factor: 4, window: 32, action: "stop" } }],
    [{ histograms: 2 }, { histogramEveryEpochs: 2 }],
    [{ freeze: "2" }, { freeze: { stages: 2 } }],
    [{ patience: 3 }, { earlyStopping: { patienceEpochs: 3 } }],
  ])("takes %j as %j", (overrides, fields) => {
    expect(overrideRecipe(base, overrides)).toEqual({ ...base, ...fields });
  });

  test("keeps what a recipe calls a spike, or looks for none", () => {
    const spiky = overrideRecipe({ ...base, onSpike: { factor: 9, window: 8, action: "stop" } }, {});
    expect(overrideRecipe(spiky, { onSpike: "5" }).onSpike).toEqual({ factor: 9, window: 8, action: { skip: 5 } });
    expect(overrideRecipe(spiky, { onSpike: "none" }).onSpike).toBeNull();
  });

  test.each([
    [
      { checkpointEvery: "often" },
      '--checkpoint-every should be a number of epochs, or of steps such as 500steps, but is "often"',
    ],
    [{ checkpointEvery: "0 steps" }, "base: checkpointEvery.steps should be a whole number of at least 1 but is 0"],
    [{ patience: 0 }, "base: earlyStopping.patienceEpochs should be a whole number of at least 1 but is 0"],
    [{ keepCheckpoints: 0 }, "base: keepCheckpoints should be a whole number of at least 1 but is 0"],
    [{ onNonFinite: "skip" }, 'base: onNonFinite should be "stop" but is "skip"'],
    [{ onNonFinite: "0" }, "base: onNonFinite.skip should be a whole number of at least 1 step in a row but is 0"],
    [{ onSpike: "always" }, 'base: onSpike.action should be "stop" but is "always"'],
    [
      { histograms: 0.5 },
      "base: histogramEveryEpochs should be a whole number of at least 0 (0 never does) but is 0.5",
    ],
  ])("refuses %j", (overrides, message) => {
    expect(() => overrideRecipe(base, overrides)).toThrow(new UsageError(message));
  });
});

describe("chooseRecipe(choice, recipes, cwd)", () => {
  test("tells of a recipe that isn't there", async () => {
    const recipes = new Map([["base", base]]);
    await expect(chooseRecipe({ recipe: "bsae" }, recipes, ".")).rejects.toThrow(
      new UsageError('unknown recipe "bsae"; did you mean "base"?'),
    );
    await expect(chooseRecipe({ recipe: "another" }, recipes, ".")).rejects.toThrow(
      new UsageError('unknown recipe "another"; known are base, or name a .json file'),
    );
  });
});
