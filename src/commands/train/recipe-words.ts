// How options of the command line say what a recipe says as data. Words that mean nothing are handed on, for parseRecipe to refuse.
import { UsageError } from "../../base/errors.ts";
import type { Freeze } from "../../train/freezing.ts";
import type { BadStepPolicy, SpikePolicy } from "../../train/recipe.ts";
import type { Span } from "../../train/span.ts";

/** What a training leaves behind on the way, and what becomes of bad steps. Undefined leaves the recipe's. */
export interface SurvivalWords {
  /** Batches of one update. */
  readonly accumulate?: number;
  /** How often a checkpoint is written: epochs, or steps such as "500steps". */
  readonly checkpointEvery?: string;
  /** So many of the newest checkpoints stay, beside the best. */
  readonly keepCheckpoints?: number;
  /** Where a loss isn't finite: "stop", or how many steps in a row are skipped, as a word. */
  readonly onNonFinite?: string;
  /** Where a loss is far above the recent ones: the same, or "none" to look for none. */
  readonly onSpike?: string;
  /** Histograms of weights and gradients after each so many epochs; 0 makes none. */
  readonly histograms?: number;
}

const isNumber = (word: string): boolean => /^\d+$/.test(word);

/** `--freeze 2` is the stem and two stages. */
export const freezeOf = (word: string): Freeze | string => (isNumber(word) ? { stages: Number(word) } : word);

/** `--on-non-finite 3` skips up to three in a row. */
export const badStepOf = (word: string): BadStepPolicy | string => (isNumber(word) ? { skip: Number(word) } : word);

/** `--on-spike none`, or what is done where a spike is; factor and window are the recipe's, where it looks for spikes, or the default. */
export const spikeOf = (word: string, { onSpike }: { readonly onSpike: SpikePolicy | null }) =>
  word === "none" ? null : { ...onSpike, action: badStepOf(word) };

/** `--checkpoint-every 2` or `2 epochs`, `500 steps`. Throws UsageError. */
export const spanOf = (word: string, option: string): Span => {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)\s*(epochs?|steps?)?$/.exec(word.trim()) ?? [];
  if (count === undefined) {
    throw new UsageError(`${option} should be a number of epochs, or of steps such as 500steps, but is "${word}"`);
  }
  return unit.startsWith("step") ? { steps: Number(count) } : { epochs: Number(count) };
};
