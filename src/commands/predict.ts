// `residual predict`: names what a network sees in pictures.
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { tensor } from "../base/tensor.ts";
import { readImageFile } from "../data/node/image-file.ts";
import { type PixelPicture, pictureOfPixels } from "../data/pixel-picture.ts";
import { prepareImage } from "../data/prepare-image.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import type { Engine } from "../engine/contract.ts";
import { type Prediction, predictions } from "../evaluate/predict.ts";
import { type Arithmetic, evaluationPrograms } from "../train/evaluation-program.ts";
import { type EngineOptions, engineForInference } from "./choose-engine.ts";
import { areFresh, chooseModel, type WeightsOptions } from "./choose-model.ts";
import { arithmeticOf, checkPrecision } from "./choose-precision.ts";
import type { CommandEnvironment } from "./environment.ts";
import { classNames, type TrainedModel } from "./trained-model.ts";

/** One picture, with its likeliest classes, likeliest first. */
export interface PredictDocument {
  /** Pixels in memory are called by their place: "picture 1", "picture 2", … */
  readonly file: string;
  readonly predictions: readonly Prediction[];
}

export interface PredictOptions extends EngineOptions, WeightsOptions {
  readonly weights: string;
  /** Files, or pixels in memory. */
  readonly images: readonly (string | PixelPicture)[];
  /** Classes told for each picture; 5 by default. */
  readonly top?: number;
  /** Of activations: "f32" (default) or "bf16"; of quantised weights none. */
  readonly dtype?: string;
}

/** Pictures that go through the network together. */
const largestBatch = 32;

const defaultTop = 5;

/** What pictures are fed as where nobody knows what the network was trained on: bytes / 255. */
const neutral = ({ input: [channels, height, width] }: TrainedModel["spec"]): Preprocessing => ({
  size: [height, width],
  channels,
  mean: Array.from({ length: channels }, () => 0),
  deviation: Array.from({ length: channels }, () => 1),
});

const nameOf = (image: string | PixelPicture, place: number): string =>
  typeof image === "string" ? image : `picture ${place + 1}`;

/** Reads pictures as the model's preprocessing says. A bad one is refused before anything is computed. */
const readPictures = async (
  model: TrainedModel,
  images: readonly (string | PixelPicture)[],
  environment: Pick<CommandEnvironment, "host" | "onEvent">,
): Promise<readonly Float32Array[]> => {
  const preprocessing = model.preprocessing ?? neutral(model.spec);
  if (model.preprocessing === null) {
    const message = "the weights don't say how pictures are to be normalised: each byte is divided by 255, and no more";
    environment.onEvent({ event: "warning", message });
  }
  const pictures: Float32Array[] = [];
  for (const [i, image] of images.entries()) {
    const picture =
      typeof image === "string"
        ? await readImageFile(image, preprocessing.channels, environment.host.cwd)
        : pictureOfPixels(image, nameOf(image, i));
    pictures.push(prepareImage(picture, preprocessing));
  }
  return pictures;
};

/** Runs a model over pictures on an engine; shared with the library. Logits of every picture, batch by batch. */
const predictPictures = async (
  model: TrainedModel,
  pictures: readonly Float32Array[],
  top: number,
  engine: Engine,
  arithmetic: Arithmetic,
  signal: AbortSignal | undefined,
): Promise<readonly (readonly Prediction[])[]> => {
  const { preprocessing, spec } = model;
  const shape = preprocessing === null ? spec.input : ([preprocessing.channels, ...preprocessing.size] as const);
  const batch = Math.min(largestBatch, pictures.length);
  const state = await engine.createState(model.tensors);
  const programs = evaluationPrograms(engine, spec, state, arithmetic);
  try {
    const logitsOf = await programs.logitsFor([batch, ...shape]);
    const elements = elementCount(shape);
    const answers: (readonly Prediction[])[] = [];
    for (let first = 0; first < pictures.length; first += batch) {
      signal?.throwIfAborted();
      const images = new Float32Array(batch * elements); // the last batch may have empty images behind the pictures
      const part = pictures.slice(first, first + batch);
      for (const [i, picture] of part.entries()) images.set(picture, i * elements);
      const logits = await logitsOf(tensor("f32", [batch, ...shape], images));
      answers.push(...predictions(logits, classNames(model), top).slice(0, part.length));
    }
    return answers;
  } finally {
    await programs.dispose();
    await state.dispose();
  }
};

/** Names what is in picture files, with a model in memory; shared with the library. Errors as predict's. */
export const predictWithModel = async (
  model: TrainedModel,
  options: EngineOptions & Pick<PredictOptions, "images" | "top" | "dtype">,
  environment: CommandEnvironment,
): Promise<readonly PredictDocument[]> => {
  const { images, top = defaultTop } = options;
  if (!Number.isInteger(top) || top < 1) {
    throw new UsageError(`--top should be a whole number of at least 1 but is ${top}`);
  }
  const arithmetic = arithmeticOf(model, options.dtype);
  if (images.length === 0) return [];
  const pictures = await readPictures(model, images, environment);
  const { engine } = await engineForInference(options, model.spec, images.length, environment);
  try {
    checkPrecision(arithmetic, engine, environment);
    const answers = await predictPictures(model, pictures, top, engine, arithmetic, environment.signal);
    return images.map((image, i) => ({ file: nameOf(image, i), predictions: answers[i] ?? [] }));
  } finally {
    await engine.dispose();
  }
};

/** Throws UsageError, FormatError for weights or pictures that aren't any; MissingError where a demanded engine is not there. */
export const predict = async (
  options: PredictOptions,
  environment: CommandEnvironment,
): Promise<readonly PredictDocument[]> => {
  const { host, cacheFolder, onEvent } = environment;
  const { weights, seed } = options;
  if (seed !== undefined && !(await areFresh(weights, host.cwd))) {
    throw new UsageError(`--seed ${seed} is for fresh weights of a network, and ${weights} has its own; leave it out`);
  }
  const model = await chooseModel(weights, options, { cwd: host.cwd, cacheFolder, onEvent });
  return predictWithModel(model, options, environment);
};
