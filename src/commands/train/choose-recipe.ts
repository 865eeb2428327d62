// Which recipe a training follows: a named one, a JSON file or the default, with the fields that the person set otherwise.
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { parseRecipe, recipe as recipeOf } from "../../train/parse-recipe.ts";
import type { Recipe } from "../../train/recipe.ts";
import { readJson } from "../choose-model.ts";
import { badStepOf, freezeOf, type SurvivalWords, spanOf, spikeOf } from "./recipe-words.ts";
import { type SizeWords, withSizes } from "./size-words.ts";

/** Fields of a recipe that have an option of their own. Undefined leaves the recipe's. */
export interface RecipeOverrides extends SizeWords, SurvivalWords {
  readonly epochs?: number;
  readonly batch?: number;
  readonly dtype?: string;
  readonly seed?: number;
  /** The schedule's peak. */
  readonly learningRate?: number;
  /** Training images held out for choices. */
  readonly validation?: number;
  /** The training ends when so many epochs' validations in a row have not been better than the best. */
  readonly patience?: number;
  /** What stays as it is: "none", "body", or a number of stages, as a word. */
  readonly freeze?: string;
  /** How batch norms that aren't frozen with their layers are trained. */
  readonly batchNorm?: string;
}

/** What decides which recipe is followed. */
export interface RecipeChoice extends RecipeOverrides {
  readonly recipe?: string | Recipe;
  /** Given weights are trained further: that has a default of its own. */
  readonly weights?: string;
}

/** What trains small images well without being told anything: PyTorch's usual settings of SGD for CIFAR; augmentation hangs on the images. */
const defaultRecipe = recipeOf({
  name: "default",
  batch: 128,
  epochs: 10,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: "one-cycle", learningRate: 0.2 },
});

/** The recipe that is followed where weights are given, and no recipe is. */
const fineTuneName = "fine-tune";

const named = async (
  { recipe, weights }: RecipeChoice,
  recipes: ReadonlyMap<string, Recipe>,
  cwd: string,
): Promise<Recipe> => {
  if (recipe === undefined) return (weights === undefined ? null : recipes.get(fineTuneName)) ?? defaultRecipe;
  if (typeof recipe !== "string") return parseRecipe(recipe, recipe.name);
  if (recipe.endsWith(".json")) return parseRecipe(await readJson(recipe, cwd), recipe);
  const known = recipes.get(recipe);
  if (known !== undefined) return known;
  const near = nearest(recipe, [...recipes.keys()]);
  const remedy =
    near === null ? `known are ${[...recipes.keys()].join(", ")}, or name a .json file` : `did you mean "${near}"?`;
  throw new UsageError(`unknown recipe "${recipe}"; ${remedy}`);
};

/**
 * The recipe by name, `.json` file or value, with overrides. Without one: "fine-tune" where weights are given, else SGD, momentum 0.9,
 * weight decay 5e-4, one cycle to 0.2, 10 epochs of batches of 128. Throws UsageError about the first wrong field, whoever set it.
 */
export const chooseRecipe = async (
  choice: RecipeChoice,
  recipes: ReadonlyMap<string, Recipe>,
  cwd: string,
): Promise<Recipe> => overrideRecipe(withSizes(await named(choice, recipes, cwd), choice), choice);

/** A recipe with some fields set otherwise, checked as one from outside. */
export const overrideRecipe = (
  base: Recipe,
  {
    learningRate,
    validation,
    patience,
    freeze,
    batchNorm,
    checkpointEvery,
    onNonFinite,
    onSpike,
    histograms,
    ...told
  }: RecipeOverrides,
): Recipe => {
  const { epochs, batch, dtype, seed, accumulate, keepCheckpoints } = told;
  if ((freeze ?? base.freeze) === "body" && batchNorm !== undefined && batchNorm !== "frozen") {
    const who = freeze === undefined ? `the recipe ${base.name} freezes the body and` : "--freeze body freezes";
    throw new UsageError(`${who} all batch norms with it; leave out --batch-norm ${batchNorm}, or take --freeze none`);
  }
  return parseRecipe(
    {
      ...base,
      ...(epochs !== undefined && { epochs }),
      ...(batch !== undefined && { batch }),
      ...(dtype !== undefined && { dtype }),
      ...(seed !== undefined && { seed }),
      ...(learningRate !== undefined && { schedule: { ...base.schedule, learningRate } }),
      ...(validation !== undefined && { validationImages: validation }),
      ...(patience !== undefined && { earlyStopping: { patienceEpochs: patience } }),
      ...(freeze !== undefined && { freeze: freezeOf(freeze) }),
      ...(batchNorm !== undefined && { batchNorm }),
      ...(accumulate !== undefined && { accumulate }),
      ...(checkpointEvery !== undefined && { checkpointEvery: spanOf(checkpointEvery, "--checkpoint-every") }),
      ...(keepCheckpoints !== undefined && { keepCheckpoints }),
      ...(onNonFinite !== undefined && { onNonFinite: badStepOf(onNonFinite) }),
      ...(onSpike !== undefined && { onSpike: spikeOf(onSpike, base) }),
      ...(histograms !== undefined && { histogramEveryEpochs: histograms }),
    },
    base.name,
  );
};
