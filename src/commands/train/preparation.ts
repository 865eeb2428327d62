// Everything that is settled before a training takes memory or writes a file: data, network, preprocessing, memory. What is wrong
// with any of them is told here.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { type DataSet, holdOutValidation } from "../../data/data-set.ts";
import { tellBrokenOnce, tellBrokenOncePerSource } from "../../data/node/broken-images.ts";
import { loaderDecodingBytes } from "../../data/node/decoding-memory.ts";
import { preprocessingFor, subtracting } from "../../data/node/fit-preprocessing.ts";
import { defaultSlots, defaultWorkers, openEvaluationLoader, openTrainingLoader } from "../../data/node/loader.ts";
import { type ImageSurvey, largestOfFew, surveyImages } from "../../data/node/survey-images.ts";
import type { ReplacedWorker } from "../../data/node/threads.ts";
import { type CoreUse, takesTurns } from "../../data/node/turns.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { pixelShapeOf, sourceBytes } from "../../data/source.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type Estimate, estimate, type RateOf, refuseIfTooLarge, type TrainingPlace } from "../../train/estimate.ts";
import type { Recipe } from "../../train/recipe.ts";
import { sizeStages, smallestStage, testPreprocessing } from "../../train/size-stages.ts";
import type { Training } from "../../train/training.ts";
import { checkWatched } from "../../train/validation-course.ts";
import { specForData } from "../choose-model.ts";
import { classBalance, unbalancedSentence } from "../data/class-balance.ts";
import { sharedImagesSentences } from "../data/shared-images.ts";
import type { CommandEnvironment } from "../environment.ts";
import type { WorkerEvent } from "../events.ts";
import type { DefaultStart } from "./default-start.ts";
import { smallImageWarning } from "./small-image-warning.ts";
import { checkFreezing, startingModel } from "./starting-model.ts";

export interface Preparation {
  readonly spec: ResNetSpec;
  readonly recipe: Recipe;
  readonly data: DataSet;
  /** With `spec`, that of evaluation and prediction; of training where the recipe has no other sizes. */
  readonly preprocessing: Preprocessing;
  /** To start from; null for fresh ones. */
  readonly weights: NamedTensors | null;
  readonly workers: number;
  readonly place: TrainingPlace;
  /** What was chosen where a person left it open; null where there was nothing to choose. */
  readonly byDefault: DefaultStart | null;
}

export interface PreparationOptions {
  readonly data: string | DataSet;
  readonly recipe: Recipe;
  /** Whether the recipe's batch may be made smaller where the training images are fewer: nobody has chosen it. Default false. */
  readonly batchIsOpen?: boolean | undefined;
  /** A named network, a spec's file or a spec. With weights, that of a file that doesn't say; without, one is needed. */
  readonly model?: string | ResNetSpec | undefined;
  /** To start from: their network and preprocessing are taken, and their head where the classes are the same. */
  readonly weights?: string | undefined;
  /** Of a training that is gone on with: its network and preprocessing. */
  readonly resumed?: Pick<Preparation, "spec" | "preprocessing"> | undefined;
  readonly workers?: number | undefined;
  /** Asked, when the data are open, what is trained by default; null: as `recipe`, `model` and `weights` say. */
  readonly chooseDefault?: ((data: DataSet, survey: ImageSurvey) => Promise<DefaultStart | null>) | undefined;
}

const openData = async (data: string | DataSet, recipe: Recipe, environment: CommandEnvironment): Promise<DataSet> => {
  const { validationImages: validation, seed } = recipe;
  if (typeof data !== "string") {
    // A data set in memory may have its own validation split; the recipe's is made only where there is none.
    return data.validation === null ? holdOutValidation(data, validation, seed) : data;
  }
  const { signal, onEvent } = environment;
  return environment.openDataSet(data, { validation, seed, ...(signal && { signal }), onEvent });
};

const defaultModel = "resnet20";

/** Images in memory are trained on as they are: nothing says how they would be brought to another size when they are predicted. */
const checkSizes = ({ name, imageSize }: Recipe, { train, name: data }: DataSet): void => {
  const shape = pixelShapeOf(train);
  if (imageSize === null || shape === null) return;
  const [, height, width] = shape;
  throw new UsageError(
    `${name}: imageSize is for photographs, but the images of ${data} are ${height}×${width} and are taken as they are; leave imageSize out`,
  );
};

/** Batches of the recipe, or, where nobody chose their size, of all images where they are fewer. */
const fittedBatch = (recipe: Recipe, images: number, { onEvent }: CommandEnvironment): Recipe => {
  if (recipe.batch <= images || images === 0) return recipe;
  const message = `the recipe ${recipe.name} has batches of ${recipe.batch}, but there are ${images} training images: batches of ${images} are taken; --batch chooses otherwise`;
  onEvent({ event: "notice", message });
  return { ...recipe, batch: images };
};

/** What training begins with. */
type Start = Pick<Preparation, "spec" | "recipe" | "preprocessing" | "weights" | "byDefault">;

/** Network, recipe, preprocessing and weights to begin with. */
const startOf = async (options: PreparationOptions, data: DataSet, environment: CommandEnvironment): Promise<Start> => {
  const survey = await surveyImages(data.train, (images, ofImages) =>
    environment.onEvent({ event: "statistics", images, ofImages }),
  );
  const byDefault = (await options.chooseDefault?.(data, survey)) ?? null;
  const { recipe: chosen } = byDefault ?? options;
  const recipe = options.batchIsOpen === true ? fittedBatch(chosen, data.train.labels.length, environment) : chosen;
  const { imageSize } = recipe;
  checkSizes(recipe, data);
  const { model, weights = byDefault?.weights } = options;
  const fitted = (input: ResNetSpec["input"]): Preprocessing =>
    subtracting(recipe.subtractedMean, preprocessingFor(survey, data.train.kind, input), data.train);
  const start = (of: ResNetSpec, own: Preprocessing | null, tensors: NamedTensors | null): Start => {
    const preprocessing = testPreprocessing(own ?? fitted(of.input), imageSize);
    const spec = { ...of, input: [preprocessing.channels, ...preprocessing.size] as const };
    return { spec, recipe, preprocessing, weights: tensors, byDefault };
  };
  if (weights === undefined) {
    checkFreezing(recipe);
    const spec = await specForData(model ?? recipe.model ?? defaultModel, data, environment.host.cwd, survey.shape);
    return start(spec, null, null);
  }
  const given = await startingModel(weights, model, data, recipe.seed, environment);
  environment.onEvent({ event: "notice", message: given.notice });
  return start(given.spec, given.preprocessing, given.tensors);
};

/** A run's data may have been exchanged since. */
const checkClasses = (spec: ResNetSpec, { name, classes }: DataSet): void => {
  if (spec.classes === classes.length) return;
  throw new UsageError(`${spec.name} tells ${spec.classes} classes apart but ${name} has ${classes.length}`);
};

/** What makes a training worse than it need be, or its figures better than they are. */
const warningsOf = (smallest: ResNetSpec, data: DataSet): readonly string[] =>
  [
    smallImageWarning(smallest),
    unbalancedSentence(classBalance(data.train.labels, data.classes)),
    ...sharedImagesSentences(data),
  ].filter((message) => message !== null);

/** Opens and checks everything. Throws UsageError, FormatError, MissingError. */
export const prepareTraining = async (
  options: PreparationOptions,
  environment: CommandEnvironment,
): Promise<Preparation> => {
  if (options.workers !== undefined && !(Number.isInteger(options.workers) && options.workers >= 0)) {
    throw new UsageError(`--workers should be a whole number of at least 0 but is ${options.workers}`);
  }
  const data = await openData(options.data, options.recipe, environment);
  const { workers = defaultWorkers(data.train) } = options;
  const images = data.train.labels.length;
  const validationImages = data.validation?.labels.length ?? 0;
  environment.onEvent({
    event: "data",
    name: data.name,
    origin: data.origin,
    trainImages: images,
    validationImages,
    testImages: data.test.labels.length,
  });
  const { spec, recipe, preprocessing, weights, byDefault } = options.resumed
    ? { ...options.resumed, recipe: options.recipe, weights: null, byDefault: null }
    : await startOf(options, data, environment);
  checkClasses(spec, data);
  checkWatched(recipe, data.validation !== null);
  const { spec: smallest } = smallestStage(sizeStages(recipe, spec, preprocessing));
  for (const message of options.resumed ? [] : warningsOf(smallest, data))
    environment.onEvent({ event: "warning", message });
  const sources = [data.train, data.test, ...(data.validation === null ? [] : [data.validation])];
  const slots = defaultSlots(workers);
  const largest = data.largestPicture ?? (await largestOfFew(data.train));
  const place: TrainingPlace = {
    spec,
    preprocessing,
    slots,
    decodingBytes: largest === null ? 0 : loaderDecodingBytes(largest, workers, slots),
    sourceBytes: sources.reduce((sum, source) => sum + sourceBytes(source), 0),
    images,
    validates: data.validation !== null,
  };
  // The images are in memory by now: what is available is what is left beside them.
  refuseIfTooLarge(recipe, place, environment.measureMachine().availableMemoryBytes + place.sourceBytes);
  return { spec, recipe, data, preprocessing, weights, workers, place, byDefault };
};

export const estimateOf = ({ recipe, place }: Preparation, rateOf: RateOf): Estimate => estimate(recipe, place, rateOf);

const tellReplaced =
  (use: WorkerEvent["use"], { onEvent }: Pick<CommandEnvironment, "onEvent">) =>
  ({ worker, message }: ReplacedWorker): void =>
    onEvent({ event: "worker replaced", use, worker, message });

/** Evaluation's loaders: opened anew each epoch, they tell of a broken image once. */
const evaluationBatches = (
  { preprocessing, workers }: Pick<Preparation, "preprocessing" | "workers">,
  environment: CommandEnvironment,
  use: CoreUse,
): Training["openEvaluationBatches"] => {
  const onBrokenOf = tellBrokenOncePerSource("evaluation", environment.onEvent);
  return (source, batch) =>
    openEvaluationLoader({
      source,
      preprocessing,
      batch: Math.min(batch, source.labels.length),
      workers,
      takesTurns: takesTurns(use),
      onBroken: onBrokenOf(source),
      onReplaced: tellReplaced("evaluation", environment),
    });
};

/** What a training by an engine of so many threads is handed, but for that engine, checkpoints and events. */
export const trainingOf = (
  { spec, recipe, data, preprocessing, weights, workers }: Preparation,
  environment: CommandEnvironment,
  engineThreads: number,
): Omit<Training, "engine"> => {
  const use: CoreUse = { engineThreads, cores: environment.measureMachine().cores };
  const onBroken = tellBrokenOnce("training", environment.onEvent);
  return {
    spec,
    recipe,
    train: data.train,
    validation: data.validation,
    preprocessing,
    classes: data.classes,
    openTrainingBatches: (options) =>
      openTrainingLoader({
        ...options,
        workers,
        takesTurns: takesTurns(use),
        onBroken,
        onReplaced: tellReplaced("training", environment),
      }),
    openEvaluationBatches: evaluationBatches({ preprocessing, workers }, environment, use),
    now: environment.monotonicMs,
    ...(weights !== null && { weights }),
    ...(environment.signal && { signal: environment.signal }),
  };
};
