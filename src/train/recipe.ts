// A recipe: everything about a training that isn't the network, the data or the machine. Plain JSON data; the files in recipes/
// are made with `recipe`, what comes from outside with `parseRecipe` (parse-recipe.ts).
import type { Precision } from "../base/dtype.ts";
import type { Augmentation } from "../data/augmentation.ts";
import type { Interpolation } from "../data/preprocessing.ts";
import type { Clipping } from "../passes/clip-gradients.ts";
import type { OptimizerKind, OptimizerRule } from "../passes/optimizers.ts";
import type { BatchNormTraining, Freeze } from "./freezing.ts";
import type { Schedule } from "./schedule.ts";
import type { Span } from "./span.ts";

/** What of the parameters decays. */
export interface Decay {
  /** λ: L2 in the gradient with SGD and LARS, apart from it with AdamW and LAMB. He et al.: 1e-4. */
  readonly weightDecay: number;
  /** Whether batch norm's scales and shifts decay as well; the paper's do. */
  readonly decayBatchNorm: boolean;
  /** Whether biases (of the dense layer) do. */
  readonly decayBias: boolean;
}

/** Formulas in passes/optimizers.ts. LARS and LAMB adapt the rates of filters and matrices, not of batch norm and biases. */
export type Optimizer<K extends OptimizerKind = OptimizerKind> = OptimizerRule<K> & Decay;

/** A moving average of the weights (Polyak and Juditsky 1992; Tan and Le 2019 for networks such as these), averaged in f32. */
export interface WeightAveraging {
  /** d in [0, 1): average ← d · average + (1 − d) · weights, of batch norm's statistics as well. */
  readonly decay: number;
  /** The average is the weights themselves until so much has passed; null averages from the first update. */
  readonly warmup: Span | null;
  /** Averaged after each so many updates. */
  readonly everySteps: number;
}

/**
 * cross-entropy: of the softmax. binary-cross-entropy: each class a yes or no of its own, summed over the classes or averaged; targets
 * above `targetThreshold`, where there is one, count as 1 and others as 0 (Wightman et al. 2021: 0.2, with mixed images).
 */
export type Loss =
  | { readonly kind: "cross-entropy" }
  | {
      readonly kind: "binary-cross-entropy";
      readonly over: "sum" | "mean";
      readonly targetThreshold: number | null;
    };

/**
 * A bad batch stops the training, or its step is skipped: weights, averages and velocities stay as they are, the step and its batches
 * count. More than `skip` in a row stop it.
 */
export type BadStepPolicy = "stop" | { readonly skip: number };

/** A spike is a batch's loss above `factor` times the median of the last `window` good batches' losses. */
export interface SpikePolicy {
  readonly factor: number;
  readonly window: number;
  readonly action: BadStepPolicy;
}

/** α of the beta distributions that shares are drawn from; 0 leaves one out. A batch is mixed by one of them. */
export interface Mixing {
  readonly mixup: number;
  readonly cutmix: number;
  /** How likely it is cutmix, where there are both. */
  readonly switchProbability: number;
}

/** From an epoch on, counted from 0, training images are squares of so many pixels a side. */
export interface SizeFrom {
  readonly fromEpoch: number;
  readonly size: number;
}

/** Images in evaluation and prediction; kept with the weights as their preprocessing. */
export interface TestSize {
  readonly size: number;
  /** The shorter side of the picture that the middle is cut from; null leaves the part that is cut as it is: 8/7 of the size, or as given weights have it. */
  readonly shorterSide: number | null;
  /** null leaves it: bilinear, or as given weights have it. */
  readonly interpolation: Interpolation | null;
}

/**
 * Sizes of images, where they aren't the network's own: training images that grow (Howard's "progressive resizing", 2018), tests at
 * another size than training (Touvron et al. 2019, "Fixing the train-test resolution discrepancy"). For photographs, which are cut to any
 * size by the augmentation's crop or, without one, as the preprocessing fits them.
 */
export interface ImageSize {
  /** Epochs rise from 0. Weights, velocities and averages stay when the size changes: global average pooling takes maps of any size. */
  readonly train: readonly SizeFrom[];
  /** null: the last size of training. */
  readonly test: TestSize | null;
}

export interface Recipe {
  readonly name: string;
  /** The named network that it was made for; null for any. */
  readonly model: string | null;
  /** The data set that it was made for; null for any. */
  readonly data: string | null;
  /** Of activations. With bf16, parameters, velocities, their gradients, statistics and the loss stay f32. */
  readonly dtype: Precision;
  /** Images that go through the network at once. */
  readonly batch: number;
  readonly epochs: number;
  readonly optimizer: Optimizer;
  /** Of the gradients' common norm, or of each element; null for none. */
  readonly clipGradients: Clipping | null;
  /**
   * Batches of one update: gradients are their mean, so that an update sees batch × accumulate images, while memory is that of one
   * batch. Batch norm takes the statistics of each batch on its own. A step is an update.
   */
  readonly accumulate: number;
  /** The average is what is evaluated and kept as the model; training goes on from the weights themselves. null for none. */
  readonly ema: WeightAveraging | null;
  readonly schedule: Schedule;
  readonly loss: Loss;
  /** ε in 0 … 1: the right class's target is 1 − ε + ε/K, the others' ε/K. */
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
  /** null: training, evaluation and prediction at the network's input size. */
  readonly imageSize: ImageSize | null;
  /**
   * What is subtracted from images of one shape: the mean of each channel, or of each pixel (He et al. 2015, §4.2) of the training
   * split. Photographs have ImageNet's means of channels, and given weights their own.
   */
  readonly subtractedMean: "channel" | "pixel";
  /** Of the images of a batch with one another, after each is augmented; null for none. */
  readonly mixing: Mixing | null;
  /** How likely the last residual branch is dropped for an image, earlier ones less by the linear rule (Huang et al. 2016); 0 never. */
  readonly stochasticDepth: number;
  /** Whether fresh networks begin with blocks that are their shortcuts: the last batch norm's scale of each branch is 0 (Goyal et al. 2017, §5.1). */
  readonly zeroLastGamma: boolean;
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
  /** Ends the training when so many epochs' validations in a row have not been better than the best; null never does. */
  readonly earlyStopping: { readonly patienceEpochs: number } | null;
  /** Where a batch's loss is NaN or infinite. */
  readonly onNonFinite: BadStepPolicy;
  /** Where a batch's loss is far above the recent ones; null looks for none. */
  readonly onSpike: SpikePolicy | null;
  /** A checkpoint is written each time so much has passed, and at the end. */
  readonly checkpointEvery: Span;
  /** So many of the newest checkpoints stay, beside the one with the best validation. */
  readonly keepCheckpoints: number;
  /** Weights and their gradients are told of (for histograms) after each so many epochs; 0 never does, and costs nothing. */
  readonly histogramEveryEpochs: number;
  /** Norms of gradients, weights and updates are measured each so many steps; 0 never does. */
  readonly measureEverySteps: number;
}
