// The run that weights belong to, which knows what they were trained on and how.
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Recipe } from "../../train/recipe.ts";
import { isNamed } from "../choose-model.ts";
import { isPullable } from "../pull.ts";
import { type RunRecord, readRunRecord } from "../run-directory/run-record.ts";
import { recipeOfRecord } from "../train/run-record-of.ts";

export interface RunOfWeights {
  /** Absolute. */
  readonly directory: string;
  readonly record: RunRecord;
  readonly recipe: Recipe;
}

/** `runs/demo/checkpoints/40`, or a file in it. */
const checkpointInRun = /[/\\]checkpoints[/\\]\d+([/\\][^/\\]+)?$/;

/**
 * The run whose directory, checkpoint or checkpoint's file `weights` are; null for other files, and for names (which win over paths).
 * Throws FormatError for a run.json that is damaged.
 */
export const runOfWeights = async (weights: string, cwd: string): Promise<RunOfWeights | null> => {
  if (isPullable(weights) || isNamed(weights)) return null;
  const directory = resolve(cwd, weights).replace(checkpointInRun, "");
  if ((await stat(join(directory, "run.json")).catch(() => null)) === null) return null;
  const record = await readRunRecord(directory);
  return { directory, record, recipe: recipeOfRecord(record, directory) };
};
