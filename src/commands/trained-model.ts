// A network with its weights and all that it takes to use it, as plain data: nothing to dispose. A safetensors file holds it whole,
// the spec, class names and preprocessing as JSON texts in the metadata.
import { resolve } from "node:path";
import { z } from "zod";
import { FormatError, UsageError } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { checkPreprocessing, type Preprocessing } from "../data/preprocessing.ts";
import { matchTensors } from "../model/match-tensors.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { ResNetSpec } from "../spec/spec.ts";

export interface TrainedModel {
  readonly spec: ResNetSpec;
  /** Parameters and running statistics, f32, under torchvision's names. */
  readonly tensors: NamedTensors;
  /** What was done to the images that it was trained on; null where that isn't known (fresh weights, files of others). */
  readonly preprocessing: Preprocessing | null;
  /** Names by class; null where they aren't known. */
  readonly classes: readonly string[] | null;
}

const classesSchema = z.array(z.string());
const preprocessingSchema = z.strictObject({
  size: z.tuple([z.number(), z.number()]),
  channels: z.number(),
  mean: z.array(z.number()),
  deviation: z.array(z.number()),
});

const jsonOf = (text: string, key: string, file: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(file, `its metadata's ${key} is not valid JSON`);
  }
};

const checked = <T>(schema: z.ZodType<T>, text: string, key: string, file: string): T => {
  const parsed = schema.safeParse(jsonOf(text, key, file));
  if (parsed.success) return parsed.data;
  throw new FormatError(file, `its metadata's ${key} is not what it should be: ${parsed.error.issues[0]?.message}`);
};

/** What a weights file holds; `metadata` values are JSON texts. */
export interface WeightsFile {
  readonly file: string;
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The model in a weights file. `given` is the spec that the person named, for files without one of their own, and wins over it.
 * Throws FormatError when the tensors are another network's (the first that differ are named) or the metadata make no sense,
 * UsageError when nobody says which network it is.
 */
export const modelFromFile = ({ file, tensors, metadata }: WeightsFile, given: ResNetSpec | null): TrainedModel => {
  const { spec: specText, classes: classesText, preprocessing: preprocessingText } = metadata;
  const kept = specText === undefined ? null : parseSpec(jsonOf(specText, "spec", file), `${file}: spec`);
  const spec = given ?? kept;
  if (spec === null) {
    throw new UsageError(`${file} doesn't say which network it holds the weights of; name it with --model`);
  }
  const preprocessing =
    preprocessingText === undefined ? null : checked(preprocessingSchema, preprocessingText, "preprocessing", file);
  if (preprocessing !== null) checkPreprocessing(preprocessing);
  const classes = classesText === undefined ? null : checked(classesSchema, classesText, "classes", file);
  if (classes !== null && classes.length !== spec.classes) {
    throw new FormatError(file, `names ${classes.length} classes but its network tells ${spec.classes} apart`);
  }
  return { spec, tensors: matchTensors(spec, tensors, file), preprocessing, classes };
};

/** The metadata of a model's file: what of it is known. */
export const modelMetadata = ({ spec, classes, preprocessing }: TrainedModel): Readonly<Record<string, string>> => ({
  spec: JSON.stringify(spec),
  ...(classes !== null && { classes: JSON.stringify(classes) }),
  ...(preprocessing !== null && { preprocessing: JSON.stringify(preprocessing) }),
});

/** Writes a model as one safetensors file, whole or not at all; an existing one is replaced. Errors as writeTensorsFile's. */
export const saveModel = (model: TrainedModel, path: string, cwd: string): Promise<void> =>
  writeTensorsFile(resolve(cwd, path), { tensors: model.tensors, metadata: modelMetadata(model) });

/** Class names for output: the model's own or, where they aren't known, the numbers. */
export const classNames = ({ classes, spec }: TrainedModel): readonly string[] =>
  classes ?? Array.from({ length: spec.classes }, (_, index) => String(index));
