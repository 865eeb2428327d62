// The recipes that have a name, one for each documented result.
import type { Recipe } from "../src/train/recipe.ts";
import { demo } from "./demo.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { fineTune } from "./fine-tune.ts";

export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [demo, fashionMnist, fineTune].map((recipe) => [recipe.name, recipe]),
);
