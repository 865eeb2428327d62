// What a training is handed, and what it returns.
import type { NamedTensors } from "../base/tensor.ts";
import type { TrainingLoader, TrainingLoaderOptions } from "../data/node/loader.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import type { ImageSource } from "../data/source.ts";
import type { Engine } from "../engine/contract.ts";
import type { Evaluation, EvaluationBatches } from "../evaluate/evaluate.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { TrainingCheckpoint } from "./checkpoint.ts";
import type { TrainingEvent } from "./events.ts";
import type { LayerValues } from "./layer-values.ts";
import type { Recipe } from "./recipe.ts";
import type { BadBatch } from "./update-batches.ts";

/** Everything that a training needs, nothing of it global. */
export interface Training {
  readonly engine: Engine;
  readonly spec: ResNetSpec;
  readonly recipe: Recipe;
  readonly train: ImageSource;
  /** Evaluated after epochs, for choices; null where none is held out. The test split has no place here. */
  readonly validation: ImageSource | null;
  readonly preprocessing: Preprocessing;
  /** Class names by label; kept with the weights. */
  readonly classes: readonly string[];
  /** Opens batches of the training split, as openTrainingLoader does. */
  readonly openTrainingBatches: (options: TrainingLoaderOptions) => TrainingLoader;
  /** Opens batches of a split to evaluate. */
  readonly openEvaluationBatches: (source: ImageSource, batch: number) => EvaluationBatches;
  /** Weights to start from; by default fresh ones by the recipe's seed. */
  readonly weights?: NamedTensors;
  /** A training to go on with: the result is bit-equal to that of the training without the break. */
  readonly resume?: TrainingCheckpoint;
  readonly onEvent?: (event: TrainingEvent) => void;
  /**
   * Keeps a checkpoint; the next step waits for it. `validationAccuracy` is that of these very weights, where it was measured.
   * The first comes before the first step, so that there is always one to go on from. Tensors are copies.
   */
  readonly onCheckpoint?: (checkpoint: TrainingCheckpoint, validationAccuracy: number | null) => Promise<void>;
  /** Shown each batch whose loss is bad, whether its step is skipped or training stops; the next step waits for it. */
  readonly onBadBatch?: (batch: BadBatch) => Promise<void>;
  /** Told after the epochs in which the recipe asks for histograms; the next step waits for it. */
  readonly onLayerValues?: (values: LayerValues) => Promise<void>;
  /** Once aborted, the step under way is finished, a checkpoint is written, and `train` returns with `interrupted`. */
  readonly signal?: AbortSignal;
  /** Milliseconds that only grow, from any beginning. */
  readonly now: () => number;
}

export interface TrainingResult {
  /** The last: parameters and running statistics are the trained network. */
  readonly checkpoint: TrainingCheckpoint;
  readonly interrupted: boolean;
  /** Of these very weights; null where they were not evaluated. */
  readonly validation: Evaluation | null;
  /** Without evaluation and checkpoints. */
  readonly imagesPerSecond: number;
  /** Of this process, evaluation and checkpoints included. */
  readonly seconds: number;
}
