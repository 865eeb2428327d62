// Which recipe a training follows: a named one, a JSON file or the default, with the fields that the person set otherwise.
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { parseRecipe, recipe as recipeOf } from "../../train/parse-recipe.ts";
import type { Recipe } from "../../train/recipe.ts";
import { readJson } from "../choose-model.ts";

/** Fields of a recipe that have an option of their own. Undefined leaves the recipe's. */
export interface RecipeOverrides {
  readonly epochs?: number;
  readonly batch?: number;
  readonly dtype?: string;
  readonly seed?: number;
  /** The schedule's peak. */
  readonly learningRate?: number;
  /** Training images held out for choices. */
  readonly validation?: number;
}

/** What trains small images well without being told anything: PyTorch's usual settings of SGD for CIFAR, no augmentation. */
const defaultRecipe = recipeOf({
  name: "default",
  batch: 128,
  epochs: 10,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: "one-cycle", learningRate: 0.2 },
});

const named = async (
  recipe: string | Recipe | undefined,
  recipes: ReadonlyMap<string, Recipe>,
  cwd: string,
): Promise<Recipe> => {
  if (recipe === undefined) return defaultRecipe;
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
 * The recipe by name, `.json` file or value (without one: SGD, momentum 0.9, weight decay 5e-4, one cycle to 0.2, 10 epochs of
 * batches of 128), with overrides. Throws UsageError about the first wrong field, whoever set it.
 */
export const chooseRecipe = async (
  recipe: string | Recipe | undefined,
  overrides: RecipeOverrides,
  recipes: ReadonlyMap<string, Recipe>,
  cwd: string,
): Promise<Recipe> => overrideRecipe(await named(recipe, recipes, cwd), overrides);

/** A recipe with some fields set otherwise, checked as one from outside. */
export const overrideRecipe = (
  base: Recipe,
  { epochs, batch, dtype, seed, learningRate, validation }: RecipeOverrides,
): Recipe =>
  parseRecipe(
    {
      ...base,
      ...(epochs !== undefined && { epochs }),
      ...(batch !== undefined && { batch }),
      ...(dtype !== undefined && { dtype }),
      ...(seed !== undefined && { seed }),
      ...(learningRate !== undefined && { schedule: { ...base.schedule, learningRate } }),
      ...(validation !== undefined && { validationImages: validation }),
    },
    base.name,
  );
