// A recipe: everything about a training that isn't the network, the data or the machine. Plain JSON data; the files in recipes/
// are made with `recipe`, what comes from outside with `parseRecipe` (parse-recipe.ts).
import type { Precision } from "../base/dtype.ts";
import type { Augmentation } from "../data/augmentation.ts";
import type { BatchNormTraining, Freeze } from "./freezing.ts";
import type { Schedule } from "./schedule.ts";
import type { Span } from "./span.ts";

/** Stochastic gradient descent; formulas in passes/update.ts. */
export interface Optimizer {
  readonly kind: "sgd";
  /** In [0, 1). The papers' 0.9. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** λ, as L2 in the gradient. He et al.: 1e-4. */
  readonly weightDecay: number;
  /** Whether batch norm's scales and shifts decay as well; the paper's do. */
  readonly decayBatchNorm: boolean;
  /** Whether biases (of the dense layer) do. */
  readonly decayBias: boolean;
}

export interface Recipe {
  readonly name: string;
  /** The named network that it was made for; null for any. */
  readonly model: string | null;
  /** The data set that it was made for; null for any. */
  readonly data: string | null;
  /** Of activations. With bf16, parameters, velocities, their gradients, statistics and the loss stay f32. */
  readonly dtype: Precision;
  /** Images of one step. */
  readonly batch: number;
  readonly epochs: number;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** ε in 0 … 1: the right class's target is 1 − ε + ε/K, the others' ε/K. */
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
  /** What stays as it is: for fine-tuning from given weights. */
  readonly freeze: Freeze;
  /** How batch norms that aren't frozen with their layers are trained. */
  readonly batchNorm: BatchNormTraining;
  /** The head's learning rate, as a factor of the schedule's: above 1 where a fresh head sits on a trained body. */
  readonly headRateFactor: number;
  /** Decides initial weights, order of images, augmentation and dropout: an unsigned 32-bit integer. */
  readonly seed: number;
  /** Training images held out for choices (never the test split); 0 trains on all. */
  readonly validationImages: number;
  /** The validation split, where there is one, is evaluated after each so many epochs, and after the last. */
  readonly evaluateEveryEpochs: number;
  /** A checkpoint is written each time so much has passed, and at the end. */
  readonly checkpointEvery: Span;
  /** Norms of gradients, weights and updates are measured each so many steps; 0 never does. */
  readonly measureEverySteps: number;
}
