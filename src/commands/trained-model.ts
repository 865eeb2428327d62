// A network with its weights and all that it takes to use it, as plain data: nothing to dispose. A safetensors file holds it whole,
// the spec, class names and preprocessing as JSON texts in the metadata.
import { resolve } from "node:path";
import { z } from "zod";
import { FormatError } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { checkPreprocessing, interpolations, type Preprocessing } from "../data/preprocessing.ts";
import type { Quantization } from "../passes/quantize/quantization.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { storedTensors } from "./weights/quantized-tensors.ts";

export interface TrainedModel {
  readonly spec: ResNetSpec;
  /** Parameters and running statistics, f32, under torchvision's names. Of a quantised model those of train/calibrate.ts. */
  readonly tensors: NamedTensors;
  /** What was done to the images that it was trained on; null where that isn't known (fresh weights, files of others). */
  readonly preprocessing: Preprocessing | null;
  /** Names by class; null where they aren't known. */
  readonly classes: readonly string[] | null;
  /** Of a model whose convolutions are over bytes: what they are worth. */
  readonly quantization?: Quantization;
}

const rangesSchema = z.strictObject({ ranges: z.record(z.string(), z.number().positive()) });
const classesSchema = z.array(z.string());
const interpolation = z.enum(interpolations);
const fitSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stretch"), interpolation }),
  z.strictObject({ kind: z.literal("crop"), shorterSide: z.number(), interpolation }),
]);
const preprocessingSchema = z.strictObject({
  size: z.tuple([z.number(), z.number()]),
  channels: z.number(),
  mean: z.array(z.number()),
  deviation: z.array(z.number()),
  pixelMean: z.array(z.number()).exactOptional(),
  channelOrder: z.enum(["RGB", "BGR"]).exactOptional(),
  fit: fitSchema.exactOptional(),
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

/** What of a model its file's metadata tell; null for what they don't. */
export interface KeptMetadata {
  readonly spec: ResNetSpec | null;
  readonly classes: readonly string[] | null;
  readonly preprocessing: Preprocessing | null;
  /** Of a quantised model, by the name of a value. */
  readonly ranges: Quantization["ranges"] | null;
}

/** Reads the metadata of a weights file, whose values are JSON texts. Throws FormatError and UsageError where they make no sense. */
export const readModelMetadata = (metadata: Readonly<Record<string, string>>, file: string): KeptMetadata => {
  const { spec: specText, classes: classesText, preprocessing: preprocessingText } = metadata;
  const spec = specText === undefined ? null : parseSpec(jsonOf(specText, "spec", file), `${file}: spec`);
  const preprocessing =
    preprocessingText === undefined ? null : checked(preprocessingSchema, preprocessingText, "preprocessing", file);
  if (preprocessing !== null) checkPreprocessing(preprocessing);
  const classes = classesText === undefined ? null : checked(classesSchema, classesText, "classes", file);
  const { quantization: text } = metadata;
  const ranges = text === undefined ? null : checked(rangesSchema, text, "quantization", file).ranges;
  return { spec, classes, preprocessing, ranges };
};

/** The metadata of a model's file: what of it is known. */
export const modelMetadata = ({
  spec,
  classes,
  preprocessing,
  quantization,
}: TrainedModel): Readonly<Record<string, string>> => ({
  spec: JSON.stringify(spec),
  ...(classes !== null && { classes: JSON.stringify(classes) }),
  ...(preprocessing !== null && { preprocessing: JSON.stringify(preprocessing) }),
  ...(quantization !== undefined && { quantization: JSON.stringify({ ranges: quantization.ranges }) }),
});

/** Writes a model as one safetensors file, whole or not at all; an existing one is replaced. Errors as writeTensorsFile's. */
export const saveModel = (model: TrainedModel, path: string, cwd: string): Promise<void> =>
  writeTensorsFile(resolve(cwd, path), { tensors: storedTensors(model), metadata: modelMetadata(model) });

/** Class names for output: the model's own or, where they aren't known, the numbers. */
export const classNames = ({ classes, spec }: TrainedModel): readonly string[] =>
  classes ?? Array.from({ length: spec.classes }, (_, index) => String(index));
