// Everything that is settled before a training takes memory or writes a file: data, network, preprocessing, memory. What is wrong
// with any of them is told here.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { type DataSet, holdOutValidation } from "../../data/data-set.ts";
import { fitPreprocessing } from "../../data/node/fit-preprocessing.ts";
import { defaultSlots, openEvaluationLoader, openTrainingLoader } from "../../data/node/loader.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { sourceBytes } from "../../data/source.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type Estimate, estimate, refuseIfTooLarge, type TrainingPlace } from "../../train/estimate.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { Training } from "../../train/training.ts";
import { openNamed, specForData } from "../choose-model.ts";
import type { CommandEnvironment } from "../environment.ts";
import { modelOfWeights } from "../weights/model-of-weights.ts";

export interface Preparation {
  readonly spec: ResNetSpec;
  readonly recipe: Recipe;
  readonly data: DataSet;
  readonly preprocessing: Preprocessing;
  /** To start from; null for fresh ones. */
  readonly weights: NamedTensors | null;
  readonly workers: number;
  readonly place: TrainingPlace;
}

export interface PreparationOptions {
  readonly data: string | DataSet;
  readonly model: string | ResNetSpec;
  readonly recipe: Recipe;
  readonly weights?: string | undefined;
  readonly workers?: number | undefined;
}

const defaultWorkers = 1;

const openData = async (data: string | DataSet, recipe: Recipe, environment: CommandEnvironment): Promise<DataSet> => {
  const { validationImages: validation, seed } = recipe;
  if (typeof data !== "string") {
    // A data set in memory may have its own validation split; the recipe's is made only where there is none.
    return data.validation === null ? holdOutValidation(data, validation, seed) : data;
  }
  const { signal, onEvent } = environment;
  return environment.openDataSet(data, { validation, seed, ...(signal && { signal }), onEvent });
};

/** Opens and checks everything. Throws UsageError, FormatError, MissingError. */
export const prepareTraining = async (
  options: PreparationOptions,
  environment: CommandEnvironment,
): Promise<Preparation> => {
  const { recipe, workers = defaultWorkers } = options;
  if (!Number.isInteger(workers) || workers < 0) {
    throw new UsageError(`--workers should be a whole number of at least 0 but is ${workers}`);
  }
  const data = await openData(options.data, recipe, environment);
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
  const spec = await specForData(options.model, data, environment.host.cwd);
  const weights = options.weights === undefined ? null : await startingWeights(options.weights, spec, environment);
  const preprocessing = await fitPreprocessing(data.train);
  const sources = [data.train, data.test, ...(data.validation === null ? [] : [data.validation])];
  const place: TrainingPlace = {
    spec,
    preprocessing,
    slots: defaultSlots(workers),
    sourceBytes: sources.reduce((sum, source) => sum + sourceBytes(source), 0),
    images,
    validates: data.validation !== null,
  };
  // The images are in memory by now: what is available is what is left beside them.
  refuseIfTooLarge(recipe, place, environment.measureMachine().availableMemoryBytes + place.sourceBytes);
  return { spec, recipe, data, preprocessing, weights, workers, place };
};

const startingWeights = async (
  weights: string,
  spec: ResNetSpec,
  { host: { cwd }, cacheFolder }: CommandEnvironment,
): Promise<NamedTensors> => {
  const opened = await openNamed(weights, { cwd, cacheFolder });
  return modelOfWeights(opened, spec).model.tensors;
};

export const estimateOf = ({ recipe, place }: Preparation, imagesPerSecond: number | null): Estimate =>
  estimate(recipe, place, imagesPerSecond);

/** What a training is handed, but for its engine, checkpoints and events. */
export const trainingOf = (
  { spec, recipe, data, preprocessing, weights, workers }: Preparation,
  environment: CommandEnvironment,
): Omit<Training, "engine"> => ({
  spec,
  recipe,
  train: data.train,
  validation: data.validation,
  preprocessing,
  classes: data.classes,
  openTrainingBatches: (options) => openTrainingLoader({ ...options, workers }),
  openEvaluationBatches: (source, batch) =>
    openEvaluationLoader({ source, preprocessing, batch: Math.min(batch, source.labels.length), workers }),
  now: environment.monotonicMs,
  ...(weights !== null && { weights }),
  ...(environment.signal && { signal: environment.signal }),
});
