// The recipes that have a name, one for each documented result.
import type { Recipe } from "../src/train/recipe.ts";
import { demo } from "./demo.ts";
import { fashionMnist } from "./fashion-mnist.ts";

export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [demo, fashionMnist].map((recipe) => [recipe.name, recipe]),
);
