// The verbs of the library. Each is the command of the same name with values in place of words: the same code runs.

import { UsageError } from "../base/errors.ts";
import { type EngineOptions, engineForInference } from "../commands/choose-engine.ts";
import { arithmeticOf, checkPrecision, precisionOf } from "../commands/choose-precision.ts";
import { inspect as inspectDataSet } from "../commands/data/inspect.ts";
import type { InspectDocument } from "../commands/data/inspect-document.ts";
import { type ProtocolOptions, protocolOf } from "../commands/evaluate/choose-protocol.ts";
import { type EvaluateDocument, evaluateDocument } from "../commands/evaluate/document.ts";
import { evaluateModel } from "../commands/evaluate/evaluate-model.ts";
import type { CommandEvent } from "../commands/events.ts";
import { imagesForModel, type MatchedImages, type NamedClasses } from "../commands/match-classes.ts";
import { type PredictDocument, predictWithModel } from "../commands/predict.ts";
import { trainedModelOf } from "../commands/train/conclusion.ts";
import type { TrainOptions as CommandTrainOptions, ResumeOptions, TrainOutcome } from "../commands/train/options.ts";
import { resumeTraining as resumeInDirectory, train as trainInDirectory, trainInMemory } from "../commands/train.ts";
import { classNames, type TrainedModel } from "../commands/trained-model.ts";
import type { DataSet } from "../data/data-set.ts";
import type { DataSetOptions } from "../data/node/data-set-options.ts";
import type { PixelPicture } from "../data/pixel-picture.ts";
import type { ImageSource } from "../data/source.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import type { TrainingCheckpoint } from "../train/checkpoint.ts";
import { type Model, modelOf } from "./model.ts";
import { nodeEnvironment, useFonts } from "./node-environment.ts";

/** What long work takes beside its own options. */
export interface LongWork {
  /** Once aborted, training finishes its step and returns with `interrupted`; other work rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told of everything as it happens: flat records, told apart by their field `event`. */
  readonly onEvent?: (event: CommandEvent) => void;
}

const environmentOf = ({ signal, onEvent = () => {} }: LongWork, verb: string) =>
  nodeEnvironment({ command: ["residual", verb], onEvent, ...(signal && { signal }) });

/**
 * Opens a data set: by name ("fashion-mnist"), or a directory whose contents are recognised. `{ validation: 5000 }` holds some of
 * train out, by `seed`, each class in proportion. Throws UsageError, FormatError, MissingError (with the ways to get it).
 */
export const openData = (nameOrPath: string, options: Omit<DataSetOptions, "cache"> = {}): Promise<DataSet> =>
  environmentOf({}, "data").openDataSet(nameOrPath, options);

/** Fashion-MNIST: 60,000 + 10,000 grey images of clothes, 28×28, 10 classes; from the installed package, the cache, or its authors. */
export const fashionMnist = (options: Omit<DataSetOptions, "cache"> = {}): Promise<DataSet> =>
  openData("fashion-mnist", options);

export interface InspectOptions extends LongWork {
  /** The PNG file of a contact sheet; by default none is drawn. */
  readonly sheet?: string;
  /** False looks at headers and ends of pictures alone: much faster, and blind to damage in their middle; default true. */
  readonly decode?: boolean;
}

/**
 * What is in a data set (a name or path), before anything is trained on it: images by class and split, sizes in pixels, formats, what is
 * broken, duplicates within and between splits. What is found is no error; throws UsageError for what is no data set.
 */
export const inspect = (
  nameOrPath: string,
  { sheet, decode = true, ...work }: InspectOptions = {},
): Promise<InspectDocument> => {
  if (sheet !== undefined) useFonts();
  return inspectDataSet({ data: nameOrPath, sheet: sheet ?? false, decode }, environmentOf(work, "inspect"));
};

/** As the command's; `data` and `model` are needed here unless the recipe names them. */
export interface TrainOptions extends Omit<CommandTrainOptions, "dryRun">, LongWork {}

export interface Run {
  /** The trained network: plain, nothing to dispose. */
  readonly model: Model;
  /** Whether `signal` stopped it before its end. */
  readonly interrupted: boolean;
  /** Epochs and steps done. */
  readonly epochs: number;
  readonly steps: number;
  /** Of these very weights, where a validation split was evaluated. */
  readonly validation: Evaluation | null;
  /** Of training alone. */
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

const runOf = (
  model: TrainedModel,
  { epoch, step }: Pick<TrainingCheckpoint, "epoch" | "step">,
  rest: Omit<Run, "model" | "epochs" | "steps">,
): Run => ({ model: modelOf(model), epochs: epoch, steps: step, ...rest });

/**
 * Trains a network on the training split of a data set.
 *
 * `model` is a spec (`resnet(20, …)`), a named network or a spec's file; `data` a data set, a name or a path. `recipe` is a value,
 * a recipe's name or file; `epochs`, `batch`, `learningRate`, `seed`, `validation` change it. Without one: SGD with momentum 0.9,
 * weight decay 5e-4, one cycle up to the rate 0.2 and down, 10 epochs of batches of 128, no augmentation. Photographs with neither
 * model, weights nor recipe are fine-tuned from pretrained weights: of the cache, or fetched (at most 100 MB, told in a notice event
 * before) unless `pull` is false; `fromScratch` leaves them out. Threads default to the cores that this process may use. Nothing is written. The test split is not looked at.
 *
 * Throws UsageError and FormatError for what the caller can mend, MissingError without oneDNN (`engine: "reference"` needs none,
 * and is hundreds of times slower), NonFiniteError when the loss is no longer a number.
 */
export const train = async (options: Omit<TrainOptions, "out">): Promise<Run> => {
  const { preparation, result } = await trainInMemory(options, environmentOf(options, "train"));
  const { checkpoint, interrupted, validation, imagesPerSecond, seconds } = result;
  return runOf(trainedModelOf(preparation, result), checkpoint, { interrupted, validation, imagesPerSecond, seconds });
};

/**
 * Trains as the command does: into a run directory (`out`, or runs/<name>) with checkpoints, metrics, an evaluation of the test
 * split at the end, and a report. Gives how it ended: `kind` is "end" or "interrupted".
 */
export const trainToDirectory = (options: TrainOptions): Promise<TrainOutcome> => {
  useFonts();
  return trainInDirectory(options, environmentOf(options, "train"));
};

/**
 * Goes on with a run directory that was interrupted or killed: bit-equal to the run without the break. Network, recipe, data and
 * engine are the run's own; `epochs` may set a later end. Gives how it ended, as trainToDirectory does.
 */
export const resumeTraining = (options: ResumeOptions & LongWork): Promise<TrainOutcome> => {
  useFonts();
  return resumeInDirectory(options, environmentOf(options, "train"));
};

export interface EvaluateOptions extends EngineOptions, ProtocolOptions, LongWork {
  /** Images at once; 128 by default. */
  readonly batch?: number;
  /**
   * The data set that the images are of: where the model names its classes, those of files, shards and Parquet are matched with them by
   * name, as the command does. Left out, the images' labels are the model's numbers.
   */
  readonly data?: NamedClasses;
  /** What the result calls the images; "test" by default. */
  readonly split?: string;
  /** Of activations: "f32" (default) or "bf16"; of a quantised model none. */
  readonly dtype?: string;
}

/** Fractions and nats, calibration, accuracy by class, with the whole evaluation beside them: confusion matrix, logits. */
export interface Evaluated extends EvaluateDocument {
  readonly evaluation: Evaluation;
}

/**
 * Evaluates a model on images, each exactly once: `evaluate(run.model, data.test)`. Of a data set whose classes may be numbered
 * otherwise than the model's, say so: `evaluate(model, data.test, { data })` matches them by name. `protocol` ("one-crop", "ten-crop",
 * "multi-scale"), `tta` ("mirror", "shifts", "mirror,shifts") and `scales` look at each image several times and average the
 * probabilities; by default once, as the model's preprocessing says. Without oneDNN the reference engine computes,
 * and a warning event says how slow it is. Throws UsageError when the model has no preprocessing, images are of
 * another size, a class of `data` is not the model's, or a dtype is asked of a quantised model.
 */
export const evaluate = async (
  model: TrainedModel,
  given: ImageSource,
  options: EvaluateOptions = {},
): Promise<Evaluated> => {
  const { preprocessing } = model;
  if (preprocessing === null) {
    throw new UsageError(
      "the model doesn't say how images are normalised; give it a preprocessing: { ...model, preprocessing }",
    );
  }
  const { batch = 128, split = "test", dtype } = options;
  const [arithmetic, precision, protocol] = [arithmeticOf(model, dtype), precisionOf(dtype), protocolOf(options)];
  const environment = environmentOf(options, "evaluate");
  const { data } = options;
  const {
    source: images,
    classes,
    notice,
  }: MatchedImages = data === undefined
    ? { source: given, classes: classNames(model) }
    : imagesForModel(model, given, data);
  if (notice !== undefined) environment.onEvent({ event: "notice", message: notice });
  const { engine } = await engineForInference(options, model.spec, images.labels.length, environment);
  try {
    checkPrecision(arithmetic, engine, environment);
    const how = { split, batch, precision, protocol };
    const evaluation = await evaluateModel({ ...model, preprocessing }, images, how, engine, environment);
    return { ...evaluateDocument(evaluation, classes), evaluation };
  } finally {
    await engine.dispose();
  }
};

export interface PredictOptions extends EngineOptions, LongWork {
  /** Classes told for each picture; 5 by default. */
  readonly top?: number;
}

/**
 * Names what is in pictures (files: PNG, JPEG, WebP, AVIF, GIF; or pixels in memory, with channels last or first): for each its likeliest
 * classes, with probabilities. A picture is brought to the
 * network's channels and size as the model's preprocessing says (stretched as a whole, where it doesn't), its colours in the
 * network's order, and normalised as the training images were. Throws FormatError for a file that is none.
 */
export const predict = (
  model: TrainedModel,
  images: readonly (string | PixelPicture)[],
  options: PredictOptions = {},
): Promise<readonly PredictDocument[]> =>
  predictWithModel(model, { ...options, images }, environmentOf(options, "predict"));
