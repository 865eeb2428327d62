// From what a person writes to a network: `--model` is a name or a spec file; `<weights>` a run directory, a weights file, or a
// name: of something pulled, or of a network with a seed.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FormatError, UsageError } from "../base/errors.ts";
import { explainFileError } from "../base/file-error.ts";
import { nearest } from "../base/nearest.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import type { DataSet } from "../data/data-set.ts";
import type { DataSetNotice } from "../data/node/data-set-options.ts";
import { pixelShapeOf } from "../data/source.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { namedNetworks, namedSpec, type SpecOptions } from "../spec/named-networks.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { MapShape, ResNetSpec } from "../spec/spec.ts";
import { type WeightsPlace, weightsPath } from "./pull/weights-path.ts";
import { isPullable } from "./pull.ts";
import { type OpenedWeights, openWeights } from "./run-directory/open-weights.ts";
import type { TrainedModel } from "./trained-model.ts";
import { modelOfWeights, specNamed } from "./weights/model-of-weights.ts";

/** A whole JSON file. Throws UsageError (no such file …), FormatError (not JSON). */
export const readJson = async (path: string, cwd: string): Promise<unknown> => {
  const absolute = resolve(cwd, path);
  let text: string;
  try {
    text = await readFile(absolute, "utf8");
  } catch (error) {
    throw explainFileError(error, absolute, `read ${absolute}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(absolute, "is not valid JSON");
  }
};

const isSpecFile = (model: string): boolean => model.endsWith(".json");

/** A named network, or the spec in a .json file, with some fields set otherwise. Errors as namedSpec's and parseSpec's. */
export const readSpec = async (model: string, cwd: string, options: SpecOptions = {}): Promise<ResNetSpec> => {
  if (!isSpecFile(model)) return namedSpec(model, options);
  const spec = parseSpec(await readJson(model, cwd), model);
  return Object.keys(options).length === 0 ? spec : parseSpec({ ...spec, ...options }, model);
};

/**
 * The network for a data set: a named one takes its images and classes; a spec of one's own must be made for them. Photographs of
 * several sizes are brought to the network's: of a named one, the size that it was made for (224×224, of CIFAR's networks 32×32).
 * `shape` is what a survey of them found: small pictures of one size are taken as they are.
 */
export const specForData = async (
  model: string | ResNetSpec,
  data: DataSet,
  cwd: string,
  shape: MapShape | null = pixelShapeOf(data.train),
): Promise<ResNetSpec> => {
  const input = pixelShapeOf(data.train);
  const classes = data.classes.length;
  if (typeof model === "string" && !isSpecFile(model))
    return namedSpec(model, { ...(shape && { input: shape }), classes });
  const spec = typeof model === "string" ? await readSpec(model, cwd) : model;
  if ((input !== null && !sameShape(spec.input, input)) || spec.classes !== classes) {
    throw new UsageError(
      `${spec.name} is made for images ${formatShape(spec.input)} of ${spec.classes} classes but ${data.name} holds ` +
        `${input === null ? "images" : formatShape(input)} of ${classes}; set input and classes of the spec`,
    );
  }
  return spec;
};

export interface WeightsOptions {
  /** For fresh weights of a named network or spec file. */
  readonly seed?: number;
  /** Which network a weights file is of, where the file doesn't say. */
  readonly model?: string;
}

/** Whether it is a network's name, with any of its spellings. */
export const isNamed = (name: string): boolean => {
  try {
    namedSpec(name);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
};

/** Whether a .json file is a spec, and not the model.json of a Keras model. Errors as readJson's. */
export const isSpecPath = async (path: string, cwd: string): Promise<boolean> => {
  if (!isSpecFile(path)) return false;
  const json = await readJson(path, cwd);
  return !(typeof json === "object" && json !== null && "weightsManifest" in json);
};

/** Whether `<weights>` name a network, by its name or a spec file: then they are fresh ones, by a seed. A pulled name wins. */
export const areFresh = async (weights: string, cwd: string): Promise<boolean> =>
  !isPullable(weights) && (isNamed(weights) || (await isSpecPath(weights, cwd)));

/** Where weights are looked for, and who is told what they turned out to be. */
export interface ModelPlace extends WeightsPlace {
  readonly onEvent?: ((event: DataSetNotice) => void) | undefined;
}

/** What lies on the disk under a path or a pulled name. Errors as weightsPath's and openWeights'. */
export const openNamed = async (weights: string, place: WeightsPlace): Promise<OpenedWeights> =>
  openWeights(await weightsPath(weights, place), place.cwd);

/** The model that opened weights are: of the network `model`, if that is given. What was recognised is told as a notice. */
export const modelOf = async (
  opened: OpenedWeights,
  { model }: Pick<WeightsOptions, "model">,
  { cwd, onEvent }: ModelPlace,
  size?: MapShape,
): Promise<TrainedModel> => {
  const given =
    model === undefined ? null : isSpecFile(model) ? await readSpec(model, cwd) : specNamed(model, opened, size);
  const { notice, model: found } = modelOfWeights(opened, given);
  if (notice !== null) onEvent?.(notice);
  return found;
};

/**
 * The model that `<weights>` stands for. A model's name (which wins over a path of that name) or spec file takes a seed;
 * `forNames` are fields of a named network to set, such as the classes of the data set. Throws UsageError, FormatError.
 */
export const chooseModel = async (
  weights: string,
  options: WeightsOptions,
  place: ModelPlace,
  forNames: SpecOptions = {},
): Promise<TrainedModel> => {
  const { cwd } = place;
  if (await areFresh(weights, cwd)) {
    const { seed } = options;
    if (seed === undefined) {
      throw new UsageError(
        `${weights} is a network without weights; give a run or a weights file, or --seed for fresh weights`,
      );
    }
    checkSeed(seed);
    if (options.model !== undefined) {
      throw new UsageError(
        `--model ${options.model} says which network a weights file holds, but ${weights} is a network itself; leave one out`,
      );
    }
    const spec = await readSpec(weights, cwd, isSpecFile(weights) ? {} : forNames);
    return { spec, tensors: initialTensors(spec, seed), preprocessing: null, classes: null };
  }
  const looksLikePath = /[/\\.]/.test(weights) || (await stat(resolve(cwd, weights)).catch(() => null)) !== null;
  if (!looksLikePath && !isPullable(weights)) {
    const names = namedNetworks.map(({ name }) => name);
    const near = nearest(weights, names);
    throw new UsageError(
      `"${weights}" is neither a run directory, nor a weights file, nor a model${near === null ? "" : `; did you mean "${near}"?`}`,
    );
  }
  return modelOf(await openNamed(weights, place), options, place, forNames.input);
};

/** Throws UsageError unless it is an unsigned 32-bit integer. */
export const checkSeed = (seed: number): void => {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new UsageError(`--seed should be a whole number from 0 to ${2 ** 32 - 1} but is ${seed}`);
};
