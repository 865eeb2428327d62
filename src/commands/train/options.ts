// What `residual train` is asked for, and what it answers.
import type { DataSet } from "../../data/data-set.ts";
import type { Evaluation } from "../../evaluate/evaluate.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import type { EndEvent } from "../../train/events.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { EngineOptions } from "../choose-engine.ts";
import type { EstimateEvent } from "../events.ts";
import type { TrainedModel } from "../trained-model.ts";
import type { RecipeOverrides } from "./choose-recipe.ts";

export interface TrainOptions extends EngineOptions, RecipeOverrides {
  /** A named data set, a path, or a data set in memory. By default the recipe's. */
  readonly data?: string | DataSet;
  /** A named network, a spec's .json file, or a spec. By default the weights' own, the recipe's or else resnet20. */
  readonly model?: string | ResNetSpec;
  readonly recipe?: string | Recipe;
  /**
   * Weights to start from: a run directory, a weights file or a pulled name. Their network and preprocessing are used, and their head
   * where the classes are the data's; else a fresh one. By default fresh weights by the seed, but for photographs of which
   * neither model nor recipe is named: then pretrained ones, if they can be had.
   */
  readonly weights?: string;
  /**
   * Fresh weights, where a folder of photographs would be trained on from pretrained ones by default (when `model`, `recipe` and
   * `weights` are left out).
   */
  readonly fromScratch?: boolean;
  /** Whether that default may download weights that the cache lacks; it may unless this is false. */
  readonly pull?: boolean;
  /** The run directory, which may not exist; by default runs/<recipe>, runs/<recipe>-2, … */
  readonly out?: string;
  /** Threads that prepare batches. By default 1 for images in memory; for pictures, which are decoded, as many as cores, at most 4. */
  readonly workers?: number;
  /** Stops, with a list, where images can't be used; by default others take their place. */
  readonly strict?: boolean;
  /** Tells the estimate, and trains nothing. */
  readonly dryRun?: boolean;
}

export interface ResumeOptions extends EngineOptions {
  /** The run directory to go on with. Network, recipe, data and engine are its own. */
  readonly resume: string;
  /** Where the data are, if not where they were; they must be the same. */
  readonly data?: string | DataSet;
  /** A later end than the run's. */
  readonly epochs?: number;
  readonly workers?: number;
  /** As of a new run. */
  readonly strict?: boolean;
}

/** How a training command ended. */
export type TrainOutcome =
  | { readonly kind: "estimate"; readonly estimate: EstimateEvent }
  | {
      readonly kind: "interrupted";
      readonly directory: string;
      readonly checkpoint: string;
      readonly step: number;
      readonly epoch: number;
    }
  | {
      readonly kind: "end";
      readonly directory: string;
      readonly end: EndEvent;
      readonly model: TrainedModel;
      readonly evaluation: Evaluation;
      readonly classes: readonly string[];
      /** Paths of the report and its pictures. */
      readonly report: string;
      readonly pictures: readonly string[];
    };
