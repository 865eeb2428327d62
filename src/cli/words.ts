// What commander hands to each command: the options that a person gave, under the names that commander makes of them.

import type { SurvivalWords } from "../commands/train/recipe-words.ts";
import type { SizeWords } from "../commands/train/size-words.ts";
import type { MapShape } from "../spec/spec.ts";

export interface Common {
  readonly json?: true;
}
export interface Shapes {
  readonly input?: MapShape;
  readonly classes?: number;
}
export interface Engines {
  readonly engine?: string;
  readonly threads?: number;
  readonly convolution?: string;
  readonly choices?: string;
}
export interface Weights {
  readonly seed?: number;
  readonly model?: string;
}
export interface Train extends Engines, Weights, SizeWords, SurvivalWords {
  readonly recipe?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly dtype?: string;
  readonly validation?: number;
  readonly patience?: number;
  readonly workers?: number;
  readonly weights?: string;
  readonly fromScratch?: true;
  /** Commander gives true where --no-pull is left out. */
  readonly pull: boolean;
  readonly freeze?: string;
  readonly batchNorm?: string;
  readonly out?: string;
  readonly strict?: true;
  readonly resume?: string;
  readonly dryRun?: true;
}
export interface Evaluate extends Engines, Weights {
  readonly strict?: true;
  readonly split?: string;
  readonly dtype?: string;
  readonly batch?: number;
  readonly validation?: number;
}
export interface Reestimation {
  readonly reestimateStatistics?: true;
  readonly statisticsBatch?: number;
  readonly save?: string;
}
export interface Bench extends Engines {
  readonly model: string;
  readonly batch: number;
  readonly dtype?: string;
  readonly image?: number;
  readonly seconds?: number;
  readonly profile?: true;
  readonly picture?: string;
}
export interface Predict extends Engines, Weights {
  readonly top?: number;
  readonly dtype?: string;
}
export interface Quantize extends Engines, Weights {
  readonly calibrate: string;
  readonly images?: number;
  readonly split?: string;
  readonly validation?: number;
  readonly batch?: number;
}
